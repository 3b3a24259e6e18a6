//! Which secrets are meant, and where their new values come from.

use std::collections::BTreeSet;

use super::super::refused::some;
use super::super::{Facts, Options, Refused};
use crate::fleet::Role;
pub(super) use crate::template::{LENGTH, NEXT};

/// The secret of `PostgreSQL`'s roles.
const DATABASE: &str = "database_password";
/// The secret of RabbitMQ's user.
const BROKER: &str = "broker_password";
/// The secret that Django signs with.
const SIGNS: &str = "secret_key";

/// Secrets that are nobody's but ours, so that any value will do once settings have it.
const OURS: [&str; 4] = [DATABASE, BROKER, SIGNS, "basic_auth_password"];

/// Secrets that are not changed by writing settings, and what changes them.
const OTHERS: [(&str, &str); 2] = [
    ("luks_passphrase", "it opens disks: change it on each with cryptsetup luksChangeKey"),
    (
        "repository_key",
        "it is a key of the code's host: make another one there, and write it into the file of secrets",
    ),
];

/// The secrets that are meant.
pub(super) struct Which {
    /// In the order of their names.
    pub(super) names: Vec<String>,
    /// Those of which somebody has chosen the new value.
    pub(super) chosen: Vec<String>,
    /// Those that are made.
    pub(super) made: Vec<String>,
    /// Whether the database's is among them.
    pub(super) database: bool,
    /// Whether the queue's is.
    pub(super) broker: bool,
    /// Whether that is which signs what users have.
    pub(super) signs: bool,
}

impl Which {
    pub(super) fn of(facts: &Facts<'_>, options: &Options) -> Result<Self, Refused> {
        let Some(site) = facts.site else {
            return Err(Refused::State(
                "a project's secrets change in its directory: start there, with fabulaws-config.yml in it"
                    .into(),
            ));
        };
        let ground = &site.ground;
        let names: BTreeSet<String> = options.secret.iter().cloned().collect();
        let known = ground.secrets.iter().map(String::as_str).filter(|name| !name.ends_with(NEXT));
        if names.is_empty() {
            let known: Vec<&str> = known.collect();
            return Err(Refused::Usage(format!("say which, with --secret: {}", known.join(", "))));
        }
        for name in &names {
            if let Some((_, how)) = OTHERS.iter().find(|(other, _)| other == name) {
                return Err(Refused::State(format!("{name} is not rotated here: {how}")));
            }
            if !ground.secrets.contains(name) || name.ends_with(NEXT) {
                return Err(Refused::unknown("secret", name, known));
            }
            if let Some(program) = ground.commanded.get(name) {
                return Err(Refused::State(format!(
                    "{name} comes from {program}, which is not written to here. To rotate it, write what it is now into {} \
                     first; afterwards {program} can be given the new value, and the line taken away",
                    site.secrets_file
                )));
            }
        }
        let next = |name: &String| format!("{name}{NEXT}");
        let (chosen, made): (Vec<String>, Vec<String>) =
            names.iter().cloned().partition(|name| ground.secrets.contains(&next(name)));
        fit(facts, &chosen)?;
        if let Some(name) = made.iter().find(|name| !OURS.contains(&name.as_str())) {
            return Err(Refused::State(format!(
                "the new value of {name} comes from whoever gave you the old one: write it into {} as {}, and plan again",
                site.secrets_file,
                next(name)
            )));
        }
        let has = |name: &str| names.contains(name);
        Ok(Self {
            database: has(DATABASE),
            broker: has(BROKER),
            signs: has(SIGNS),
            names: names.iter().cloned().collect(),
            chosen,
            made,
        })
    }

    /// Whether services have them already: none gets a new value.
    pub(super) const fn are_there(&self) -> bool {
        self.chosen.is_empty() && self.made.is_empty()
    }

    /// All of them as they are: settings hold them together.
    pub(super) fn all(facts: &Facts<'_>) -> Result<Self, Refused> {
        let Some(site) = facts.site else {
            return Err(Refused::State(
                "a project's secrets are in its directory: start there, with fabulaws-config.yml in it"
                    .into(),
            ));
        };
        let names = site.ground.secrets.iter().filter(|name| !name.ends_with(NEXT));
        let names: Vec<String> = names.cloned().collect();
        if names.is_empty() {
            return Err(Refused::State(format!(
                "there are no secrets here that could be brought anywhere: {} has none",
                site.secrets_file
            )));
        }
        let has = |name: &str| names.iter().any(|one| one == name);
        Ok(Self {
            database: has(DATABASE),
            // Where nothing keeps a queue's password, nobody is asked for it.
            broker: has(BROKER) && !facts.servers(&[Role::Cache])?.is_empty(),
            signs: has(SIGNS),
            names,
            chosen: Vec::new(),
            made: Vec::new(),
        })
    }
}

/// Refuses a chosen value that some place could not hold.
fn fit(facts: &Facts<'_>, chosen: &[String]) -> Result<(), Refused> {
    let Some(site) = facts.site else { return Ok(()) };
    let ground = &site.ground;
    let bad: Vec<String> = chosen
        .iter()
        .filter_map(|name| {
            let next = format!("{name}{NEXT}");
            let unfit = ground.unfit.iter().find(|(other, _)| *other == next).map(|(_, why)| *why);
            let strict = [DATABASE, BROKER].contains(&name.as_str()) && !ground.plain.contains(&next);
            let odd = strict.then_some(
                "has characters that not every address and file takes: letters, digits and - _ . ~ + are safe",
            );
            Some(format!("{next} {}", unfit.or(odd)?))
        })
        .collect();
    if bad.is_empty() {
        return Ok(());
    }
    Err(Refused::State(format!(
        "a value cannot be used: {}. Choose another one in {}",
        some(bad),
        site.secrets_file
    )))
}
