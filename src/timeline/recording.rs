//! What was recorded, read back: how it stood at any moment, what turned, and numbers.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::line::{Alike, Line, Told};
use super::look::{activities, points};
use super::number::{Number, ServerNumbers};
use super::thing::{Kind, State, Thing};
use super::{WATCHED, scaled};
use crate::fleet::{EnvironmentPlace, InstanceId, Snapshot};

/// Something that turned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// It may have turned any time since then: nobody looked.
    pub after: Option<Timestamp>,
    /// What.
    pub thing: Thing,
    /// The state before; none when it was not there.
    pub from: Option<State>,
    /// The state now; none when it is gone.
    pub to: Option<State>,
    /// What speaks for it.
    pub evidence: Vec<String>,
}

/// What changes how it stands.
#[derive(Clone, Debug, PartialEq)]
enum Event {
    Is(bool, Vec<(Thing, State)>),
    Turned(Box<Change>),
}

/// A change as a state: what is gone takes along what was on it.
fn turn(states: &mut BTreeMap<Thing, State>, change: &Change) {
    if let Some(state) = &change.to {
        states.insert(change.thing.clone(), state.clone());
        return;
    }
    states.remove(&change.thing);
    if change.thing.kind == Kind::Server {
        states.retain(|thing, _| !(thing.kind.is_of_server() && thing.server == change.thing.server));
    }
}

/// All that was recorded of an environment. Lines are taken in in the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    events: Vec<(Timestamp, Event)>,
    looks: BTreeMap<Timestamp, f64>,
    numbers: BTreeMap<Number, BTreeMap<Timestamp, f64>>,
    servers: BTreeMap<Timestamp, BTreeMap<InstanceId, ServerNumbers>>,
    activities: BTreeMap<String, Told>,
    ids: Vec<InstanceId>,
    pace: f64,
}

impl Recording {
    /// Takes in the next line. What makes no sense changes nothing.
    pub fn take_in(&mut self, line: Line) {
        match line {
            Line::Head { at, pace, .. } => {
                self.ids.clear();
                self.pace = pace;
                self.looks.insert(at, pace);
            }
            Line::Ids { ids } => self.ids = ids,
            Line::Is { at, whole, of } => {
                let of = of.into_iter().flat_map(|alike| self.each(alike)).collect();
                self.events.push((at, Event::Is(whole, of)));
            }
            Line::Turned { at, after, thing, from, to, evidence } => {
                let change = Change { at, after, thing, from, to, evidence };
                self.events.push((at, Event::Turned(Box::new(change))));
            }
            Line::Looked { at, values } => {
                self.looks.insert(at, self.pace);
                self.put(at, values);
            }
            Line::Points { at, values } => self.put(at, values),
            Line::Servers { at, values } => {
                let numbers = values.split(',').map(ServerNumbers::read);
                let of =
                    self.ids.iter().cloned().zip(numbers).filter(|(_, one)| *one != ServerNumbers::default());
                self.servers.insert(at, of.collect());
            }
            Line::Activity(told) => drop(self.activities.insert(told.id.clone(), *told)),
            Line::Other => {}
        }
    }

    /// Adds what AWS tells of the time before by itself: numbers of CloudWatch, and scaling activities.
    pub fn read(&mut self, snapshot: &Snapshot, place: &EnvironmentPlace) {
        for (at, values) in points(snapshot, place, None) {
            self.put(at, values);
        }
        let told = activities(snapshot, place).map(|told| (told.id.clone(), told));
        self.activities.extend(told);
    }

    fn put(&mut self, at: Timestamp, values: BTreeMap<Number, f64>) {
        for (number, value) in values {
            self.numbers.entry(number).or_default().insert(at, value);
        }
    }

    fn each(&self, alike: Alike) -> Vec<(Thing, State)> {
        if alike.servers.is_empty() {
            return vec![(alike.thing, alike.state)];
        }
        let ids = alike.servers.iter().filter_map(|place| self.ids.get(usize::try_from(*place).ok()?));
        let on = |id: &InstanceId| Thing { server: Some(id.clone()), ..alike.thing.clone() };
        ids.map(|id| (on(id), alike.state.clone())).collect()
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.looks.is_empty()
    }

    /// When somebody looked last.
    #[must_use]
    pub fn last_look(&self) -> Option<Timestamp> {
        self.looks.keys().next_back().copied()
    }

    /// When somebody looked first, as far as that is kept.
    #[must_use]
    pub fn first_look(&self) -> Option<Timestamp> {
        self.looks.keys().next().copied()
    }

    /// When somebody looked last before a moment, or at it.
    #[must_use]
    pub fn look_before(&self, moment: Timestamp) -> Option<Timestamp> {
        self.looks.range(..=moment).next_back().map(|(at, _)| *at)
    }

    /// What turned, in the order in which it was written.
    #[must_use]
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.events.iter().filter_map(|(_, event)| match event {
            Event::Turned(change) => Some(&**change),
            Event::Is(..) => None,
        })
    }

    /// How it stands after everything that was recorded.
    #[must_use]
    pub fn latest(&self) -> BTreeMap<Thing, State> {
        self.at(Timestamp::MAX)
    }

    /// How it stood at a moment, as far as it was known then.
    #[must_use]
    pub fn at(&self, moment: Timestamp) -> BTreeMap<Thing, State> {
        let is_whole =
            |(at, event): &(Timestamp, Event)| *at <= moment && matches!(event, Event::Is(true, _));
        let whole = self.events.iter().rposition(is_whole).unwrap_or(0);
        let mut states = BTreeMap::new();
        // In the order of writing: what is told of something may reach back before the segment that tells it.
        for (_, event) in self.events[whole..].iter().filter(|(at, _)| *at <= moment) {
            match event {
                Event::Is(whole, of) => {
                    if *whole {
                        states.clear();
                    }
                    states.extend(of.iter().cloned());
                }
                Event::Turned(change) => turn(&mut states, change),
            }
        }
        states
    }

    /// Stretches in which nobody looked, between first and last look.
    #[must_use]
    pub fn gaps(&self) -> Vec<(Timestamp, Timestamp)> {
        let looks: Vec<(&Timestamp, &f64)> = self.looks.iter().collect();
        let far = |pair: &&[(&Timestamp, &f64)]| {
            pair[1].0.duration_since(*pair[0].0) > scaled(WATCHED, pair[0].1.max(*pair[1].1))
        };
        looks.windows(2).filter(far).map(|pair| (*pair[0].0, *pair[1].0)).collect()
    }

    /// Whether somebody looked shortly before a moment, and shortly after.
    #[must_use]
    pub fn watched(&self, moment: Timestamp) -> bool {
        let before = self.looks.range(..=moment).next_back();
        let Some((at, pace)) = before else { return false };
        moment.duration_since(*at) <= scaled(WATCHED, *pace)
    }

    /// A number over time.
    #[must_use]
    pub fn number(&self, number: Number) -> Option<&BTreeMap<Timestamp, f64>> {
        self.numbers.get(&number)
    }

    /// A number at a moment: the last one that is not older than the time of a few.
    #[must_use]
    pub fn number_at(&self, number: Number, moment: Timestamp) -> Option<f64> {
        let (at, value) = self.numbers.get(&number)?.range(..=moment).next_back()?;
        let pace = self.looks.range(..=moment).next_back().map_or(1.0, |(_, pace)| *pace);
        let allowed = scaled(WATCHED, pace) + SignedDuration::from_mins(1);
        (moment.duration_since(*at) <= allowed).then_some(*value)
    }

    /// Servers' numbers, each time they were written.
    pub fn server_numbers(&self) -> impl Iterator<Item = (&Timestamp, &BTreeMap<InstanceId, ServerNumbers>)> {
        self.servers.iter()
    }

    pub(super) fn servers_at(&self) -> Option<Timestamp> {
        self.servers.keys().next_back().copied()
    }

    /// What was written of CloudWatch's numbers, minute by minute.
    pub(super) fn points(&self) -> BTreeMap<Timestamp, BTreeMap<Number, f64>> {
        let ours = [Number::Requests, Number::Latency, Number::Errors, Number::Surge, Number::Cpu];
        let mut all: BTreeMap<Timestamp, BTreeMap<Number, f64>> = BTreeMap::new();
        for number in ours {
            for (at, value) in self.numbers.get(&number).into_iter().flatten() {
                all.entry(*at).or_default().insert(number, *value);
            }
        }
        all
    }

    pub(super) fn activities(&self) -> impl Iterator<Item = &Told> {
        self.activities.values()
    }
}
