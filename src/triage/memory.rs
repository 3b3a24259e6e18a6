//! What is remembered from one look to the next: since when something is so, what was told, and what people said of it.
//! It is kept on disk, so that a console started at 3 a.m. knows since when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::finding::{Finding, Key};
use crate::fleet::{Severity, Since};

/// Looks further apart than this say nothing of the time between: what is new may have begun any time in it.
const WATCHED: SignedDuration = SignedDuration::from_mins(5);

/// What is no longer so is forgotten after this, with what was said of it.
const KEEPS: SignedDuration = SignedDuration::from_hours(24);

/// The most that is remembered of one environment.
const MOST: usize = 500;

/// Somebody has seen a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when it is quiet; none is until it is over or gets worse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How bad it was then. What gets worse is told again.
    pub severity: Level,
}

/// How bad, as it is kept on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Passing.
    Changing,
    /// Not known.
    Unknown,
    /// Wants a look.
    Warn,
    /// Does not work.
    Down,
}

impl From<Severity> for Level {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Down => Self::Down,
            Severity::Warn => Self::Warn,
            Severity::Unknown => Self::Unknown,
            Severity::Changing | Severity::Ok | Severity::Idle => Self::Changing,
        }
    }
}

/// What is remembered of one finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which.
    pub key: Key,
    /// When it was first seen.
    pub first: Timestamp,
    /// Whether it was seen to begin: it was looked for shortly before, and was not there.
    pub turned: bool,
    /// When it was last seen.
    pub last: Timestamp,
    /// Whether it was told.
    pub told: bool,
    /// Somebody has seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
    /// What somebody has noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted: Option<Noted>,
    /// When somebody first had it on the screen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
}

/// What somebody has to say about a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What; empty when it was taken back.
    pub words: String,
}

/// What is remembered of an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub struct Memory {
    /// When it was last looked at.
    pub looked_at: Option<Timestamp>,
    entries: BTreeMap<Key, Entry>,
    /// What was told last, to be told a little longer once it is over.
    shown: BTreeMap<Key, Finding>,
}

/// As it lies on disk.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    looked_at: Option<Timestamp>,
    findings: Vec<Entry>,
}

impl From<Kept> for Memory {
    fn from(kept: Kept) -> Self {
        let entries = kept.findings.into_iter().take(MOST).map(|entry| (entry.key.clone(), entry)).collect();
        Self { looked_at: kept.looked_at, entries, shown: BTreeMap::new() }
    }
}

impl From<Memory> for Kept {
    fn from(memory: Memory) -> Self {
        Self { looked_at: memory.looked_at, findings: memory.entries.into_values().collect() }
    }
}

impl Memory {
    /// What is remembered of a finding.
    #[must_use]
    pub fn entry(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Everything that is remembered.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Somebody has it on the screen.
    pub fn read(&mut self, key: &Key, now: Timestamp) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.read_at.get_or_insert(now);
        }
    }

    /// Whether it was told when it was last looked at.
    #[must_use]
    pub fn was_told(&self, key: &Key) -> bool {
        self.entries.get(key).is_some_and(|entry| entry.told)
    }

    /// Keys of everything that was told.
    pub(super) fn told(&self) -> impl Iterator<Item = &Key> {
        self.entries.values().filter(|entry| entry.told).map(|entry| &entry.key)
    }

    /// It is so now. Says since when, as far as was watched.
    pub(super) fn see(&mut self, key: &Key, now: Timestamp, pace: f64) -> Since {
        let watched = scaled(WATCHED, pace);
        let turned = self.looked_at.is_some_and(|at| now.duration_since(at) <= watched);
        let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry {
            key: key.clone(),
            first: now,
            turned,
            last: now,
            told: false,
            acknowledged: None,
            noted: None,
            read_at: None,
        });
        // It was away for longer than it may be: this is another time.
        if now.duration_since(entry.last) > watched.max(key.kind.falls_after()) && turned {
            (entry.first, entry.turned, entry.told, entry.acknowledged) = (now, true, false, None);
        }
        entry.last = now;
        Since { at: entry.first, turned: entry.turned }
    }

    /// It was told.
    pub(super) fn tell(&mut self, finding: &Finding) {
        if let Some(entry) = self.entries.get_mut(&finding.key) {
            entry.told = true;
        }
        self.shown.insert(finding.key.clone(), finding.clone());
    }

    /// What was told and is no longer so. It is told a little longer; then it is over.
    pub(super) fn fading(&mut self, seen: &[Key], now: Timestamp) -> Vec<Finding> {
        let mut fading = Vec::new();
        let over: Vec<Key> = self.told().filter(|key| !seen.contains(key)).cloned().collect();
        for key in over {
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            let away = now.duration_since(entry.last);
            match self.shown.get(&key) {
                Some(finding) if away < key.kind.falls_after() => {
                    fading.push(Finding { clearing: true, ..finding.clone() });
                }
                _ => {
                    entry.told = false;
                    self.shown.remove(&key);
                }
            }
        }
        self.entries.retain(|_, entry| now.duration_since(entry.last) <= KEEPS);
        while self.entries.len() > MOST {
            let oldest = self.entries.values().min_by_key(|entry| (entry.told, entry.last));
            let Some(key) = oldest.map(|entry| entry.key.clone()) else { break };
            self.entries.remove(&key);
            self.shown.remove(&key);
        }
        self.looked_at = Some(now);
        fading
    }

    /// Somebody has seen it: it is quiet until it is over, gets worse, or that time has come.
    pub fn acknowledge(&mut self, finding: &Finding, by: &str, now: Timestamp, until: Option<Timestamp>) {
        let acknowledged =
            Acknowledged { by: by.to_owned(), at: now, until, severity: finding.severity.into() };
        if let Some(entry) = self.entries.get_mut(&finding.key) {
            entry.acknowledged = Some(acknowledged);
        }
    }

    /// It is to be told like any other again.
    pub fn forget(&mut self, key: &Key) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.acknowledged = None;
        }
    }

    /// What somebody has to say about it; nothing takes the note away.
    pub fn note(&mut self, key: &Key, words: &str, by: &str, now: Timestamp) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.noted = Some(Noted { by: by.to_owned(), at: now, words: words.trim().to_owned() });
        }
    }

    /// The note on a finding.
    #[must_use]
    pub fn noted(&self, key: &Key) -> Option<&Noted> {
        self.entries.get(key)?.noted.as_ref().filter(|noted| !noted.words.is_empty())
    }

    /// The same, with what people have said in another one where that is newer: two consoles look at one fleet.
    #[must_use]
    pub fn with_words_of(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        for (key, theirs) in &other.entries {
            let Some(ours) = merged.entries.get_mut(key) else { continue };
            let seen = |entry: &Entry| entry.acknowledged.as_ref().map(|seen| seen.at);
            if seen(theirs) > seen(ours) {
                ours.acknowledged.clone_from(&theirs.acknowledged);
            }
            let noted = |entry: &Entry| entry.noted.as_ref().map(|noted| noted.at);
            if noted(theirs) > noted(ours) {
                ours.noted.clone_from(&theirs.noted);
            }
        }
        merged
    }

    /// Whether somebody has seen it, and it has neither become worse since nor was it to be quiet for a time only.
    pub(super) fn acknowledged(&self, key: &Key, severity: Severity, now: Timestamp) -> Option<Acknowledged> {
        let acknowledged = self.entries.get(key)?.acknowledged.clone()?;
        let holds = Level::from(severity) <= acknowledged.severity
            && acknowledged.until.is_none_or(|until| now < until);
        holds.then_some(acknowledged)
    }
}

/// A length of our time on a clock that runs so much faster.
fn scaled(length: SignedDuration, pace: f64) -> SignedDuration {
    let seconds = length.as_secs_f64() * pace.clamp(1.0, 1e6);
    SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX)
}
