//! The record of a lock, as it stands in the cloud: where it is, how it is written, and what it tells everybody.
//!
//! Below `/quarterdeck/<deployment>/<environment>/` each lock is a note `lock/<N>`, and what its run has to put back lies
//! in notes `lock-restore/<N>/<part>`. Anybody may have written there: what makes no sense is told as such.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Setting, Value};
use crate::fleet::lock::{Grip, Holder, Lock};
use crate::fleet::text::one_line;
use crate::fleet::{DeploymentName, EnvironmentName, LockKind};

/// The operation that puts back what lies beside a lock.
pub const PUT_BACK: &str = "put-back";

/// The kinds there are.
const KINDS: [LockKind; 2] = [LockKind::Environment, LockKind::Release];

/// What a lock's note says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockNote {
    /// Who: `jane@laptop`.
    pub who: String,
    /// As whom towards AWS.
    #[serde(default)]
    pub identity: String,
    /// Names this run over all machines.
    pub token: String,
    /// The run's id on that machine.
    pub run: String,
    /// The operation.
    pub operation: String,
    /// The step it is at, in words.
    pub step: String,
    /// Since when.
    pub since: Timestamp,
    /// When the holder was last seen alive.
    pub seen: Timestamp,
    /// From whom it was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_from: Option<u64>,
    /// When it was given back, and how the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Timestamp>,
    /// How the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

impl LockNote {
    /// What a note says; none if it makes no sense.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As it is written: within the bound, whatever the words are.
    #[must_use]
    pub fn text(&self) -> String {
        let short = |text: &str| one_line(text).chars().take(200).collect::<String>();
        let bounded = Self {
            who: short(&self.who),
            identity: short(&self.identity),
            step: short(&self.step),
            ended: self.ended.as_deref().map(short),
            ..self.clone()
        };
        serde_json::to_string(&bounded).unwrap_or_default()
    }

    fn holder(&self) -> Holder {
        Holder {
            who: one_line(&self.who),
            identity: one_line(&self.identity),
            run: one_line(&self.run),
            operation: one_line(&self.operation),
            step: one_line(&self.step),
            since: self.since,
            ended: self.ended.as_deref().map(one_line),
        }
    }
}

/// A setting that is to be put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outstanding {
    /// Which.
    pub setting: Setting,
    /// The value found before.
    pub value: Value,
    /// Every value that the run may have given it: any other is somebody else's.
    pub ours: Vec<Value>,
}

/// Where all locks of a deployment are.
#[must_use]
pub fn root(deployment: &DeploymentName) -> String {
    format!("/quarterdeck/{deployment}/")
}

/// Where an environment's locks of this kind are: the notes, and what lies beside them.
#[must_use]
pub fn paths(deployment: &DeploymentName, environment: &EnvironmentName, kind: LockKind) -> (String, String) {
    let base = format!("{}{environment}/{}", root(deployment), kind.word());
    (format!("{base}/"), format!("{base}-restore/"))
}

/// A note in the cloud.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it says.
    pub text: &'a str,
    /// When it was last written, by the cloud's clock.
    pub at: Option<Timestamp>,
}

/// All that stands under one number.
#[derive(Default)]
struct Found {
    note: Option<(Option<LockNote>, Option<Timestamp>)>,
    values: Vec<String>,
    unreadable: bool,
}

/// What the notes of a deployment tell, by environment: locks that are held, and those whose runs have left something,
/// latest first. An environment where there is neither is not there.
#[must_use]
pub fn locks<'a>(
    deployment: &DeploymentName,
    notes: impl IntoIterator<Item = Written<'a>>,
) -> BTreeMap<EnvironmentName, Vec<Lock>> {
    let root = root(deployment);
    let mut all: BTreeMap<(EnvironmentName, LockKind), BTreeMap<u64, Found>> = BTreeMap::new();
    for written in notes {
        let Some((environment, kind, number, beside)) = place(&root, written.name) else { continue };
        let found = all.entry((environment, kind)).or_default().entry(number).or_default();
        if !beside {
            found.note = Some((LockNote::read(written.text), written.at));
            continue;
        }
        match serde_json::from_str::<Vec<Outstanding>>(written.text) {
            Ok(values) => {
                let words = |one: Outstanding| one_line(&format!("{} to {}", one.setting, one.value));
                found.values.extend(values.into_iter().map(words));
            }
            Err(_) => found.unreadable = true,
        }
    }
    let mut locks: BTreeMap<EnvironmentName, Vec<Lock>> = BTreeMap::new();
    for ((environment, kind), numbers) in all {
        let told = told(kind, numbers);
        if !told.is_empty() {
            locks.entry(environment).or_default().extend(told);
        }
    }
    locks
}

/// The environment, kind and number that a note's name stands for, and whether it lies beside the lock.
fn place(root: &str, name: &str) -> Option<(EnvironmentName, LockKind, u64, bool)> {
    let mut parts = name.strip_prefix(root)?.split('/');
    let (environment, word, number) = (parts.next()?, parts.next()?, parts.next()?.parse().ok()?);
    let (word, beside) = word.strip_suffix("-restore").map_or((word, false), |word| (word, true));
    let kind = KINDS.into_iter().find(|kind| kind.word() == word)?;
    (parts.next().is_some() == beside).then(|| (EnvironmentName::new(environment), kind, number, beside))
}

fn told(kind: LockKind, numbers: BTreeMap<u64, Found>) -> Vec<Lock> {
    let newest = numbers.iter().rev().find_map(|(number, found)| Some((*number, found.note.as_ref()?)));
    let held = newest.filter(|(_, (note, _))| note.as_ref().is_none_or(|note| note.released.is_none()));
    let held_number = held.map(|(number, _)| number);
    // Whoever puts values back holds the lock while they still lie there.
    let at_work = held.and_then(|(_, (note, _))| {
        let note = note.as_ref().filter(|note| note.operation == PUT_BACK)?;
        note.taken_from
    });
    let mut locks = Vec::new();
    for (number, found) in numbers.into_iter().rev() {
        let has_left = found.unreadable || !found.values.is_empty();
        let is_held = held_number == Some(number);
        if !is_held && (!has_left || at_work == Some(number)) {
            continue;
        }
        let (note, written) = found.note.unwrap_or_default();
        let released = note.as_ref().is_some_and(|note| note.released.is_some());
        locks.push(Lock {
            kind,
            number,
            grip: match (is_held, released) {
                (true, _) => Grip::Held,
                (false, true) => Grip::Released,
                (false, false) => Grip::TakenOver,
            },
            holder: note.as_ref().map(LockNote::holder),
            // The cloud's clock, rather than that of whoever wrote.
            seen: written.or_else(|| note.as_ref().map(|note| note.seen)),
            to_put_back: found.values,
            unreadable: found.unreadable,
        });
    }
    locks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Process;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    fn note(who: &str) -> LockNote {
        LockNote {
            who: who.into(),
            identity: "ops/jane".into(),
            token: "a1".into(),
            run: "2026-11-22-0001".into(),
            operation: "deploy-serial".into(),
            step: "step 4/13 migrate".into(),
            since: at(0),
            seen: at(14),
            taken_from: None,
            released: None,
            ended: None,
        }
    }

    fn values() -> String {
        let group = || "ag".into();
        let setting = Setting::Process { group: group(), process: Process::Launch };
        serde_json::to_string(&[Outstanding { setting, value: Value::Active, ours: vec![Value::Suspended] }])
            .unwrap()
    }

    fn read(notes: &[(&str, String)]) -> BTreeMap<EnvironmentName, Vec<Lock>> {
        let names: Vec<String> =
            notes.iter().map(|(name, _)| format!("/quarterdeck/myproject/{name}")).collect();
        let written = notes.iter().zip(&names);
        locks(&"myproject".into(), written.map(|((_, text), name)| Written { name, text, at: Some(at(15)) }))
    }

    fn grips(found: &[Lock]) -> Vec<(u64, Grip, usize)> {
        found.iter().map(|lock| (lock.number, lock.grip, lock.to_put_back.len())).collect()
    }

    #[test]
    fn the_highest_number_holds_unless_it_was_given_back() {
        let released = LockNote { released: Some(at(5)), ..note("joe@desk") };
        let found = read(&[
            ("staging/lock/00000001", released.text()),
            ("staging/lock/00000002", note("jane@laptop").text()),
            ("production/lock/00000009", released.text()),
            ("production/release/00000001", note("ann@tower").text()),
        ]);
        let staging = &found[&EnvironmentName::new("staging")];
        assert_eq!(grips(staging), [(2, Grip::Held, 0)]);
        assert_eq!(staging[0].holder.as_ref().unwrap().who, "jane@laptop");
        assert_eq!(staging[0].seen, Some(at(15)), "by the cloud's clock");
        let production = &found[&EnvironmentName::new("production")];
        assert_eq!((production.len(), production[0].kind), (1, LockKind::Release));
    }

    #[test]
    fn r24_values_beside_a_lock_that_was_given_back_or_taken_over_are_told() {
        let released = LockNote { released: Some(at(5)), ..note("joe@desk") };
        let found = read(&[
            ("staging/lock-restore/00000001/0000", values()),
            ("staging/lock/00000002", note("joe@desk").text()),
            ("staging/lock-restore/00000002/0000", values()),
            ("staging/lock/00000003", released.text()),
            ("staging/lock-restore/00000003/0000", values()),
            ("staging/lock-restore/00000003/0001", values()),
            ("staging/lock/00000004", note("jane@laptop").text()),
        ]);
        let staging = &found[&EnvironmentName::new("staging")];
        let expected =
            [(4, Grip::Held, 0), (3, Grip::Released, 2), (2, Grip::TakenOver, 1), (1, Grip::TakenOver, 1)];
        assert_eq!(grips(staging), expected);
        assert_eq!(staging[1].to_put_back[0], "Launch of ag to active");
        assert_eq!(staging[3].holder, None, "its note was removed long ago");
    }

    #[test]
    fn what_is_being_put_back_is_not_told_as_left() {
        let taker = LockNote { operation: PUT_BACK.into(), taken_from: Some(1), ..note("ann@tower") };
        let notes = |taker: LockNote| {
            read(&[
                ("staging/lock/00000001", note("joe@desk").text()),
                ("staging/lock-restore/00000001/0000", values()),
                ("staging/lock/00000002", taker.text()),
            ])
        };
        let staging = EnvironmentName::new("staging");
        assert_eq!(grips(&notes(taker.clone())[&staging]), [(2, Grip::Held, 0)]);
        let failed = LockNote { released: Some(at(9)), ..taker };
        assert_eq!(grips(&notes(failed)[&staging]), [(1, Grip::TakenOver, 1)]);
    }

    #[test]
    fn nonsense_is_held_by_nobody_who_is_known_and_foreign_notes_are_nothing() {
        let found = read(&[
            ("staging/lock/00000007", "{nonsense \u{1b}[31m".into()),
            ("staging/lock-restore/00000007/0000", "[1,".into()),
            ("staging/lock/seven", "x".into()),
            ("staging/locksmith/00000001", "x".into()),
            ("staging/lock/00000001/deeper", "x".into()),
            ("staging", "x".into()),
            ("testing/lock/99999999999999999999999", "x".into()),
        ]);
        assert_eq!(found.len(), 1);
        let lock = &found[&EnvironmentName::new("staging")][0];
        assert_eq!((lock.number, lock.grip, &lock.holder), (7, Grip::Held, &None));
        assert!(lock.unreadable && lock.has_left());
        let foreign =
            locks(&"other".into(), [Written { name: "/quarterdeck/myproject/x/lock/1", text: "", at: None }]);
        assert!(foreign.is_empty());
    }

    #[test]
    fn what_a_note_says_is_one_printable_line() {
        let hostile = LockNote { who: "jane\u{1b}[31m\n\u{202e}x".into(), ..note("") };
        let found = read(&[("staging/lock/1", serde_json::to_string(&hostile).unwrap())]);
        let lock = &found[&EnvironmentName::new("staging")][0];
        assert_eq!(lock.holder.as_ref().unwrap().who, "jane·[31m··x");
    }
}
