//! What is written down of each look, given what was written before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::line::{Alike, Line, Told, VERSION};
use super::look::{Look, Scope, Seen, activities, points};
use super::number::{EVERY, Number, SERVERS_EVERY};
use super::recording::Recording;
use super::thing::{Kind, State, Thing};
use super::{WATCHED, scaled};
use crate::fleet::InstanceId;

/// Activities that ended longer ago are none of ours.
const ACTIVITIES: SignedDuration = SignedDuration::from_hours(24);
/// CloudWatch's numbers of so long ago are written no more.
const POINTS: SignedDuration = SignedDuration::from_hours(3);
/// The most activities of a look that are written.
const MOST_ACTIVITIES: usize = 200;

/// What was written of one environment last.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    states: BTreeMap<Thing, State>,
    looked_at: Option<Timestamp>,
    numbers_at: Option<Timestamp>,
    servers_at: Option<Timestamp>,
    ids: Vec<InstanceId>,
    places: BTreeMap<InstanceId, u32>,
    points: BTreeMap<Timestamp, BTreeMap<Number, f64>>,
    activities: BTreeMap<String, Told>,
    /// Since when findings that are still told are no longer so.
    fading: BTreeMap<Thing, Timestamp>,
}

impl Recorder {
    /// Goes on from what is on disk: what turned since then has turned while nobody looked.
    #[must_use]
    pub fn resume(recording: &Recording) -> Self {
        let looked_at = recording.last_look();
        Self {
            states: recording.latest(),
            looked_at,
            numbers_at: looked_at,
            servers_at: recording.servers_at(),
            points: recording.points(),
            activities: recording.activities().map(|told| (told.id.clone(), told.clone())).collect(),
            ..Self::default()
        }
    }

    /// When somebody looked last.
    #[must_use]
    pub fn looked_at(&self) -> Option<Timestamp> {
        self.looked_at
    }

    /// How a segment begins: with everything as it was at the last look, so that it can be read without those before.
    fn head(&mut self, at: Timestamp, pace: f64) -> Vec<Line> {
        let at = self.looked_at.unwrap_or(at);
        let mut lines = vec![Line::Head { version: VERSION, at, pace }];
        self.ids.clear();
        self.places.clear();
        let states = std::mem::take(&mut self.states);
        lines.extend(self.name(states.keys()));
        lines.push(Line::Is { at, whole: true, of: self.alike(states.iter()) });
        self.states = states;
        lines
    }

    /// What is to be written of a look, at the beginning of a segment or going on in one; nothing before anything was read.
    pub fn look(&mut self, look: &Look<'_>, begins: bool) -> Vec<Line> {
        let Some(at) = look.at() else { return Vec::new() };
        if self.looked_at.is_some_and(|before| at < before) {
            return Vec::new();
        }
        let pace = look.yardstick.speed;
        let mut lines = if begins { self.head(at, pace) } else { Vec::new() };
        self.turned(look, at, &mut lines);
        let due = |last: Option<Timestamp>, every: SignedDuration| {
            last.is_none_or(|last| at.duration_since(last) >= every)
        };
        if due(self.numbers_at, EVERY) {
            lines.push(Line::Looked { at, values: look.numbers() });
            self.numbers_at = Some(at);
            self.points(look, at, &mut lines);
        }
        let any = look.servers.iter().any(|server| look.snapshot.measured(&server.id).is_some());
        if any && due(self.servers_at, SERVERS_EVERY) {
            let things = look.servers.iter().map(|server| Thing::on(Kind::Server, &server.id, ""));
            lines.extend(self.name(things.collect::<Vec<_>>().iter()));
            lines.push(Line::Servers { at, values: look.server_numbers(&self.ids) });
            self.servers_at = Some(at);
        }
        self.looked_at = Some(at);
        lines
    }

    /// Compares how it stands with how it stood.
    fn turned(&mut self, look: &Look<'_>, at: Timestamp, lines: &mut Vec<Line>) {
        let mut seen = look.seen();
        let known: BTreeSet<Scope> = self.states.keys().map(Scope::of).collect();
        // There need be no lock and no finding: with the servers these were known, too.
        let was_known = |thing: &Thing| {
            let scope = Scope::of(thing);
            known.contains(&scope)
                || matches!(scope, Scope::Locks | Scope::Findings) && known.contains(&Scope::Servers)
        };
        let before = self.looked_at.filter(|_| !self.states.is_empty());
        let watched = scaled(WATCHED, look.yardstick.speed);
        let unwatched = before.filter(|before| at.duration_since(*before) > watched);
        let mut first: Vec<(&Thing, &State)> = Vec::new();
        let mut turned: Vec<Line> = Vec::new();
        for (thing, to) in &seen.states {
            let from = self.states.get(thing);
            if from.is_some_and(|from| from.is_same(to)) {
                continue;
            }
            if before.is_none() || from.is_none() && !was_known(thing) {
                first.push((thing, to));
                continue;
            }
            let (when, after) = moment(thing, &seen, at, before, unwatched);
            let evidence = seen.evidence.get(thing).cloned().unwrap_or_default();
            let (thing, from, to) = (thing.clone(), from.cloned(), Some(to.clone()));
            turned.push(Line::Turned { at: when, after, thing, from, to, evidence });
        }
        for (thing, from) in &self.states {
            if !seen.states.contains_key(thing) && seen.read.contains(&Scope::of(thing)) {
                let (thing, from) = (thing.clone(), Some(from.clone()));
                let over = self.fading.get(&thing).copied().unwrap_or(at);
                let after = unwatched.filter(|_| over == at);
                turned.push(Line::Turned { at: over, after, thing, from, to: None, evidence: Vec::new() });
            }
        }
        if !first.is_empty() {
            let names: Vec<Thing> = first.iter().map(|(thing, _)| (*thing).clone()).collect();
            lines.extend(self.name(names.iter()));
            lines.push(Line::Is { at, whole: false, of: self.alike(first.into_iter()) });
        }
        // What is told of a state may differ without a change; a new segment begins with the newest words.
        lines.append(&mut turned);
        let old = std::mem::take(&mut self.states);
        for (thing, state) in old {
            let gone =
                thing.kind.is_of_server() && thing.server.as_ref().is_some_and(|id| !is_there(&seen, id));
            if !seen.states.contains_key(&thing) && !seen.read.contains(&Scope::of(&thing)) && !gone {
                seen.states.insert(thing, state);
            }
        }
        self.fading.retain(|thing, _| seen.fading.contains(thing));
        for thing in seen.fading {
            self.fading.entry(thing).or_insert(at);
        }
        self.states = seen.states;
        self.activities(look, at, lines);
    }

    /// Numbers of CloudWatch that are new, or other ones: some come minutes late, and the newest minute still grows.
    fn points(&mut self, look: &Look<'_>, at: Timestamp, lines: &mut Vec<Line>) {
        let from = at.checked_sub(POINTS).unwrap_or(Timestamp::MIN);
        self.points.retain(|minute, _| *minute >= from);
        for (minute, values) in points(look.snapshot, look.place, Some(from)) {
            let known = self.points.entry(minute).or_default();
            let is_new = |number: &Number, value: &f64| known.get(number) != Some(value);
            let new: BTreeMap<Number, f64> = values.into_iter().filter(|(n, v)| is_new(n, v)).collect();
            if !new.is_empty() {
                known.extend(new.iter().map(|(number, value)| (*number, *value)));
                lines.push(Line::Points { at: minute, values: new });
            }
        }
    }

    fn activities(&mut self, look: &Look<'_>, at: Timestamp, lines: &mut Vec<Line>) {
        let all = activities(look.snapshot, look.place);
        let recent = all.filter(|told| at.duration_since(told.ended.unwrap_or(at)) <= ACTIVITIES);
        for told in recent.take(MOST_ACTIVITIES) {
            if self.activities.get(&told.id) != Some(&told) {
                lines.push(Line::Activity(Box::new(told.clone())));
                self.activities.insert(told.id.clone(), told);
            }
        }
        self.activities
            .retain(|_, told| at.duration_since(told.ended.unwrap_or(told.began)) <= ACTIVITIES * 2);
    }

    /// Gives servers that have none yet a place; the line that tells all places, where any is new.
    fn name<'a>(&mut self, things: impl Iterator<Item = &'a Thing>) -> Option<Line> {
        let before = self.ids.len();
        for id in things.filter_map(|thing| thing.server.as_ref()) {
            if !self.places.contains_key(id) {
                self.places.insert(id.clone(), u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
                self.ids.push(id.clone());
            }
        }
        (self.ids.len() > before).then(|| Line::Ids { ids: self.ids.clone() })
    }

    /// Things in one state, together.
    fn alike<'a>(&self, states: impl Iterator<Item = (&'a Thing, &'a State)>) -> Vec<Alike> {
        let mut all: BTreeMap<(Thing, &State), Vec<u32>> = BTreeMap::new();
        for (thing, state) in states {
            let general = Thing { server: None, ..thing.clone() };
            let place = thing.server.as_ref().and_then(|id| self.places.get(id)).copied();
            all.entry((general, state)).or_default().extend(place);
        }
        let alike = |((thing, state), servers): ((Thing, &State), Vec<u32>)| Alike {
            thing,
            state: state.clone(),
            servers,
        };
        all.into_iter().map(alike).collect()
    }
}

fn is_there(seen: &Seen, id: &InstanceId) -> bool {
    seen.states.contains_key(&Thing::on(Kind::Server, id, ""))
}

/// When a thing turned, and since when it may have, where nobody looked.
fn moment(
    thing: &Thing,
    seen: &Seen,
    at: Timestamp,
    before: Option<Timestamp>,
    unwatched: Option<Timestamp>,
) -> (Timestamp, Option<Timestamp>) {
    let told = seen.since.get(thing).filter(|since| since.turned && since.at <= at);
    let earliest = match thing.kind {
        // Those are told only once they have lasted, or of another machine's clock.
        Kind::Finding | Kind::Lock => Some(Timestamp::MIN),
        _ => before,
    };
    match told {
        Some(since) if earliest.is_none_or(|earliest| since.at >= earliest) => (since.at, None),
        _ => (at, unwatched),
    }
}
