//! What is due for which server when. Pure: time is what the caller says, as the time since the loop began.

use std::collections::BTreeMap;
use std::time::Duration;

use super::wanted::Wanted;
use crate::fleet::{InstanceId, Role, Topic};
use crate::probe::{self, Section};
use crate::refresh::Pace;
use crate::refresh::backoff::chance;

/// Servers that are asked at the same time.
const AT_ONCE: usize = 16;

/// Of these, so many at most for what takes long and is rarely due, and as many for servers that did not answer.
const HALF: usize = AT_ONCE / 2;

/// So many servers keep their pace; it is also how many connections are kept.
const MOST: usize = 80;

/// The others are asked one after the other, this far apart on average.
const APART: Duration = Duration::from_secs(1);

/// What is asked more often than this is asked together, and first.
const QUICK: Duration = Duration::from_secs(60);

/// Looking by hand repeats what is asked more often than this.
const BY_HAND: Duration = Duration::from_secs(60 * 60);

/// A look by hand does not repeat what was asked so shortly before.
const MANUAL_GAP: Duration = Duration::from_secs(1);

/// Without a key for so long, it is idle.
const IDLE_AFTER: Duration = Duration::from_secs(5 * 60);

/// The first pause after a server did not answer; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// One question to one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) instance: InstanceId,
    pub(crate) topics: Vec<Topic>,
}

/// When a topic was asked, and after which part of its period it is due again.
#[derive(Clone, Copy, Debug)]
struct Asked {
    at: Duration,
    part: f64,
}

/// What is known of one server.
#[derive(Clone, Debug)]
struct Host {
    role: Role,
    /// Its place among those wanted; none while nobody wants it.
    rank: Option<usize>,
    looked_at: bool,
    busy: bool,
    /// What it is asked just now.
    asking: Vec<Topic>,
    /// It is to be asked again when the visit under way has ended, however that ends.
    again: bool,
    failures: u32,
    not_before: Duration,
    asked: BTreeMap<Topic, Asked>,
    /// How many times on end a topic could not be had, and would not be by asking again soon.
    barred: BTreeMap<Topic, u32>,
}

/// What kind of visit is due; the first are served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Quick,
    Slow,
    Again,
}

/// Decides which server is asked what.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pace: Pace,
    seed: u64,
    /// Everything is asked once.
    once: bool,
    awake_at: Duration,
    under_way: BTreeMap<InstanceId, Kind>,
    hosts: BTreeMap<InstanceId, Host>,
    /// How many are wanted beyond those that keep their pace.
    tail: usize,
}

impl Schedule {
    /// Nobody is wanted yet.
    pub(crate) fn new(pace: Pace, seed: u64) -> Self {
        Self {
            pace,
            seed,
            once: false,
            awake_at: Duration::ZERO,
            under_way: BTreeMap::new(),
            hosts: BTreeMap::new(),
            tail: 0,
        }
    }

    /// Asks everything once, and then nothing.
    pub(crate) fn single(seed: u64) -> Self {
        Self { once: true, ..Self::new(Pace::default(), seed) }
    }

    /// Takes in who is wanted now, most wanted first. One that is looked at newly is tried at once, also when it
    /// did not answer before.
    pub(crate) fn plan(&mut self, wanted: Vec<Wanted>, now: Duration) {
        self.tail = wanted.len().saturating_sub(MOST);
        for host in self.hosts.values_mut() {
            host.rank = None;
        }
        for (rank, Wanted { instance, role, looked_at }) in wanted.into_iter().enumerate() {
            let host = self.hosts.entry(instance).or_insert_with(|| Host {
                role: role.clone(),
                rank: None,
                looked_at: false,
                busy: false,
                asking: Vec::new(),
                again: false,
                failures: 0,
                not_before: now,
                asked: BTreeMap::new(),
                barred: BTreeMap::new(),
            });
            if looked_at && !host.looked_at {
                host.not_before = now;
            }
            if host.role != role {
                host.role = role;
                host.asked.clear();
                host.barred.clear();
            }
            (host.rank, host.looked_at) = (Some(rank), looked_at);
        }
        for host in self.hosts.values_mut().filter(|host| host.rank.is_none()) {
            host.looked_at = false;
        }
    }

    /// Forgets servers that have gone. One that is being asked just now is forgotten later.
    pub(crate) fn forget(&mut self, is_kept: impl Fn(&InstanceId) -> bool) {
        self.hosts.retain(|instance, host| host.busy || host.rank.is_some() || is_kept(instance));
    }

    /// Somebody is there.
    pub(crate) fn awake(&mut self, now: Duration) {
        self.awake_at = now;
    }

    /// Somebody wants to know now: everything but what is asked once a day, also of servers that did not answer.
    pub(crate) fn force(&mut self, now: Duration) {
        self.awake_at = now;
        for host in self.hosts.values_mut() {
            host.not_before = host.not_before.min(now);
            host.barred.clear();
            host.asked.retain(|topic, asked| {
                let every = Section::of(*topic).map_or(BY_HAND, |section| section.every);
                every >= BY_HAND || now.saturating_sub(asked.at) < MANUAL_GAP
            });
        }
    }

    /// A server is to be asked again at once.
    pub(crate) fn again(&mut self, instance: &InstanceId, now: Duration) {
        self.awake_at = now;
        if let Some(host) = self.hosts.get_mut(instance) {
            host.not_before = now;
            host.failures = 0;
            host.again = host.busy;
            host.asked.clear();
            host.barred.clear();
        }
    }

    /// How far periods of what moves are stretched.
    fn stretch(&self, now: Duration) -> f64 {
        let usual = self.pace.hosts.as_secs_f64() / Pace::default().hosts.as_secs_f64();
        let idle = now.saturating_sub(self.awake_at) >= IDLE_AFTER;
        if idle {
            usual * self.pace.idle.as_secs_f64() / self.pace.normal.as_secs_f64().max(1.0)
        } else {
            usual
        }
    }

    /// How often a section is asked on a server of this rank.
    fn period(&self, section: &Section, rank: usize, now: Duration) -> Duration {
        if section.every > QUICK {
            return section.every;
        }
        let period = section.every.mul_f64(self.stretch(now).max(0.1));
        let tail = u32::try_from(self.tail).unwrap_or(u32::MAX);
        if rank < MOST { period } else { period.max(QUICK).max(APART.saturating_mul(tail)) }
    }

    fn topic_due(&self, host: &Host, rank: usize, section: &Section, now: Duration) -> Option<Duration> {
        match host.asked.get(&section.topic) {
            Some(_) if self.once => None,
            Some(asked) => {
                let barred = host.barred.get(&section.topic).map_or(Duration::ZERO, |times| pause(*times));
                Some(asked.at + self.period(section, rank, now).max(barred).mul_f64(asked.part))
            }
            None => Some(Duration::ZERO),
        }
    }

    /// When a server is next to be asked, and for what kind of visit; none while it is being asked, and when
    /// nothing is left to ask.
    fn next_visit(&self, host: &Host, now: Duration) -> Option<(Duration, Kind)> {
        let rank = host.rank.filter(|_| !host.busy)?;
        if host.failures > 0 {
            return (!self.once).then_some((host.not_before, Kind::Again));
        }
        let due = |quick: bool| {
            let sections = probe::due(&host.role).filter(|section| (section.every <= QUICK) == quick);
            let times = sections.filter_map(|section| self.topic_due(host, rank, section, now));
            times.min().map(|at| at.max(host.not_before))
        };
        match (due(true), due(false)) {
            (Some(quick), Some(slow)) if slow < quick && quick > now => Some((slow, Kind::Slow)),
            (Some(quick), _) => Some((quick, Kind::Quick)),
            (None, Some(slow)) => Some((slow, Kind::Slow)),
            (None, None) => None,
        }
    }

    fn has_room(&self, kind: Kind) -> bool {
        let alike = || self.under_way.values().filter(|other| **other == kind).count();
        self.under_way.len() < AT_ONCE && (kind == Kind::Quick || alike() < HALF)
    }

    /// When a server is next due; never before `now`. None while nothing is, or while there is no room: then the
    /// end of a visit makes some.
    pub(crate) fn next_at(&self, now: Duration) -> Option<Duration> {
        let visits = self.hosts.values().filter_map(|host| self.next_visit(host, now));
        visits.filter(|(_, kind)| self.has_room(*kind)).map(|(at, _)| at.max(now)).min()
    }

    /// Whether nothing is left to ask, with [`Schedule::single`].
    pub(crate) fn is_done(&self, now: Duration) -> bool {
        self.under_way.is_empty() && self.next_at(now).is_none()
    }

    /// The visits that begin now. Marks them.
    pub(crate) fn start(&mut self, now: Duration) -> Vec<Visit> {
        let mut due: Vec<(Kind, usize, InstanceId)> = Vec::new();
        for (instance, host) in &self.hosts {
            if let Some((at, kind)) = self.next_visit(host, now)
                && at <= now
            {
                due.push((kind, host.rank.unwrap_or(usize::MAX), instance.clone()));
            }
        }
        due.sort();
        let mut visits = Vec::new();
        for (kind, rank, instance) in due {
            if !self.has_room(kind) {
                continue;
            }
            let topics = self.topics(&instance, rank, kind, now);
            if let Some(host) = self.hosts.get_mut(&instance) {
                host.busy = true;
                for topic in &topics {
                    // The second time comes sooner, by chance: then servers are not asked all at the same moment.
                    let first = !host.asked.contains_key(topic);
                    let part = if first { 0.4 + 0.6 * chance(spread(&instance, self.seed)) } else { 1.0 };
                    host.asked.insert(*topic, Asked { at: now, part });
                }
                host.asking.clone_from(&topics);
                self.under_way.insert(instance.clone(), kind);
                visits.push(Visit { instance, topics });
            }
        }
        visits
    }

    /// What is asked in a visit: of what moves everything that is due or nearly due, else what is due.
    fn topics(&self, instance: &InstanceId, rank: usize, kind: Kind, now: Duration) -> Vec<Topic> {
        let Some(host) = self.hosts.get(instance) else { return Vec::new() };
        let sections =
            probe::due(&host.role).filter(|section| (section.every <= QUICK) == (kind != Kind::Slow));
        let due = sections.filter(|section| {
            let nearly =
                if kind == Kind::Quick { self.period(section, rank, now) / 3 } else { Duration::ZERO };
            kind == Kind::Again
                || self.topic_due(host, rank, section, now).is_some_and(|at| at <= now + nearly)
        });
        due.map(|section| section.topic).collect()
    }

    /// What came of a server's topics: false for what cannot be had there and will hardly be in a moment, because
    /// it is forbidden or not installed. It is asked less and less often, until somebody wants to know.
    pub(crate) fn told(&mut self, instance: &InstanceId, topics: impl Iterator<Item = (Topic, bool)>) {
        let Some(host) = self.hosts.get_mut(instance) else { return };
        for (topic, avails) in topics {
            if avails {
                host.barred.remove(&topic);
            } else {
                let times = host.barred.entry(topic).or_default();
                *times = times.saturating_add(1);
            }
        }
    }

    /// A visit has ended; `reached` says whether the server answered.
    pub(crate) fn ended(&mut self, instance: &InstanceId, reached: bool, now: Duration) {
        self.under_way.remove(instance);
        let Some(host) = self.hosts.get_mut(instance) else { return };
        host.busy = false;
        let asking = std::mem::take(&mut host.asking);
        if reached {
            host.failures = 0;
        } else {
            // Nothing was told: it is still to be asked, whatever its period.
            host.asked.retain(|topic, _| !asking.contains(topic));
        }
        if std::mem::take(&mut host.again) {
            host.asked.clear();
            return;
        }
        if reached {
            return;
        }
        host.failures = host.failures.saturating_add(1);
        let chance = chance(spread(instance, self.seed.wrapping_add(u64::from(host.failures))));
        host.not_before = now + pause(host.failures).mul_f64(0.9 + 0.2 * chance);
    }

    /// Servers that were wanted and never asked to the end.
    pub(crate) fn unasked(&self) -> impl Iterator<Item = &InstanceId> {
        let open =
            |host: &Host| host.rank.is_some() && (host.busy || host.asked.is_empty() && host.failures == 0);
        self.hosts.iter().filter(move |(_, host)| open(host)).map(|(instance, _)| instance)
    }
}

/// How long to wait after so many failures on end.
fn pause(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2_u32.pow(failures.saturating_sub(1).min(10)));
    doubled.min(LONGEST_PAUSE)
}

/// A number of its own for every server.
fn spread(instance: &InstanceId, seed: u64) -> u64 {
    instance
        .as_str()
        .bytes()
        .fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23))
}
