//! What somebody types for a run: asked for before it begins, told to the jobs that want it, and kept nowhere.

use std::collections::BTreeMap;
use std::fmt;

use super::{Action, Plan, Step, TextOf};

/// The passphrase of locked data volumes, as FabulAWS calls it.
pub const PASSPHRASE: &str = "luks_passphrase";

/// Something that has to be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it is called.
    pub name: String,
    /// Whether it is chosen by that: then it is typed twice.
    pub anew: bool,
}

/// Values that were typed, by name. Prints the names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Typed(BTreeMap<String, String>);

impl Typed {
    /// This was typed.
    pub fn put(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// All of it, for whoever keeps it.
    pub fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What was typed for a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What has to be typed before these steps can be done, each once, in their order.
#[must_use]
pub fn wanted<'s>(steps: impl IntoIterator<Item = &'s Step>) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    let jobs = steps.into_iter().filter_map(|step| match &step.action {
        Action::Job(job) => Some(job),
        _ => None,
    });
    for file in jobs.flat_map(|job| &job.files) {
        let TextOf::Typed { name, anew } = &file.of else { continue };
        match all.iter_mut().find(|known| known.name == *name) {
            Some(known) => known.anew |= anew,
            None => all.push(Wanted { name: name.clone(), anew: *anew }),
        }
    }
    all
}

impl Plan {
    /// What has to be typed before it begins.
    #[must_use]
    pub fn wants_typed(&self) -> Vec<Wanted> {
        wanted(&self.steps)
    }
}

/// Why a job does not begin that wants what nobody has typed.
#[must_use]
pub fn untyped(name: &str) -> String {
    format!("{name} was not typed, and is kept nowhere: resume the run, and it is asked for again")
}

/// What is wrong with a value that was typed; none where it can be used.
#[must_use]
pub fn wrong(value: &str, anew: bool) -> Option<&'static str> {
    if value.is_empty() {
        return Some("is empty");
    }
    if value.chars().any(char::is_control) {
        return Some("has a control character in it");
    }
    (anew && value.chars().count() < SHORTEST).then_some("has fewer than 12 letters: take a longer one")
}

/// The fewest letters of one that is chosen.
const SHORTEST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_printed_by_its_name_only() {
        let mut typed = Typed::default();
        typed.put(PASSPHRASE, "correct horse");
        assert_eq!(format!("{typed:?}"), "{\"luks_passphrase\"}");
        assert_eq!(typed.get(PASSPHRASE), Some("correct horse"));
    }

    #[test]
    fn one_that_opens_a_disk_may_be_short_and_one_that_is_chosen_may_not() {
        assert_eq!(wrong("old", false), None);
        assert!(wrong("old", true).is_some() && wrong("", false).is_some() && wrong("a\tb", false).is_some());
        assert_eq!(wrong("a dozen letters", true), None);
    }
}
