//! What answers and facts make of each other: an answer that was not given is what would be suggested.

use std::collections::BTreeMap;

use super::facts::{Facts, Known};
use super::question::{Asked, Each, Question, key};
use super::secret;
use super::table::QUESTIONS;
use crate::fleet::RegionOffers;

/// Answers by name.
pub type Answers = BTreeMap<String, String>;

/// Roles, in the order in which they are asked about.
const ROLES: [&str; 5] = ["db-primary", "db-replica", "cache", "worker", "web"];

/// Facts and answers together.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// What is known.
    pub facts: &'a Facts,
    /// What was answered.
    pub answers: &'a Answers,
}

/// Words between commas and blanks, each once.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
        if words.iter().all(|known| known != word) {
            words.push(word.to_owned());
        }
    }
    words
}

impl Ground<'_> {
    /// The answer of a question that is asked once.
    #[must_use]
    pub fn get(&self, id: &str) -> String {
        self.of(id, "")
    }

    /// The answer about something.
    #[must_use]
    pub fn of(&self, id: &str, item: &str) -> String {
        let Some(question) = QUESTIONS.iter().find(|question| question.id == id) else {
            return String::new();
        };
        self.answers
            .get(&key(id, item))
            .cloned()
            .or_else(|| self.suggested(question, item))
            .unwrap_or_default()
    }

    /// The words of an answer.
    #[must_use]
    pub fn list(&self, id: &str, item: &str) -> Vec<String> {
        words(&self.of(id, item))
    }

    /// Whether the answer is yes.
    #[must_use]
    pub fn yes(&self, id: &str) -> bool {
        self.get(id) == "yes"
    }

    /// What would be answered: as the config has it, else the default.
    #[must_use]
    pub fn suggested(&self, question: &Question, item: &str) -> Option<String> {
        self.current(question, item)
            .or_else(|| (question.default)(self, item))
            .filter(|text| !text.is_empty())
    }

    /// As the config has it.
    #[must_use]
    pub fn current(&self, question: &Question, item: &str) -> Option<String> {
        let (_, project) = self.facts.config.as_ref()?;
        (question.current)(project, item).filter(|text| !text.is_empty())
    }

    /// Every question that is asked with these answers, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        let mut all = Vec::new();
        for question in QUESTIONS {
            let items = match question.each {
                Each::Once => vec![String::new()],
                Each::Environment => self.production_first(),
                Each::Role => self.roles(),
                Each::Zone => self.list("zones", ""),
                Each::Secret => self.secrets(),
            };
            let items = items.into_iter().filter(|item| (question.when)(self, item));
            all.extend(items.map(|item| Asked { question, item }));
        }
        all
    }

    /// The environments.
    #[must_use]
    pub fn environments(&self) -> Vec<String> {
        self.list("environments", "")
    }

    /// The environments in the order in which they are asked about: what production is like tells how the others are.
    fn production_first(&self) -> Vec<String> {
        let mut all = self.environments();
        all.sort_by_key(|name| !self.is_production(name));
        all
    }

    /// Whether an environment is production.
    #[must_use]
    pub fn is_production(&self, environment: &str) -> bool {
        self.list("production_environments", "").iter().any(|name| name == environment)
    }

    /// The roles that servers have.
    #[must_use]
    pub fn roles(&self) -> Vec<String> {
        let replica = self.yes("replica");
        ROLES.into_iter().filter(|role| replica || *role != "db-replica").map(str::to_owned).collect()
    }

    /// Every secret of every environment: `staging/secret_key`.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let names = self.secret_names();
        let pair = |environment: &String| -> Vec<String> {
            names.iter().map(|name| format!("{environment}/{name}")).collect()
        };
        self.production_first().iter().flat_map(pair).collect()
    }

    /// Names of secrets: those that nothing works without, then those that were named.
    #[must_use]
    pub fn secret_names(&self) -> Vec<String> {
        let mut names: Vec<String> = secret::ALWAYS.map(str::to_owned).to_vec();
        names.extend(self.list("secret_names", ""));
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }

    /// Whether a secret has its value in a file already.
    #[must_use]
    pub fn has_secret(&self, item: &str) -> bool {
        let Some((environment, name)) = item.split_once('/') else { return false };
        self.facts.secrets.get(environment).is_some_and(|names| names.contains(name))
    }

    /// What the region has, as far as it is known.
    #[must_use]
    pub fn offered(&self) -> Option<&RegionOffers> {
        self.facts.offers.get(&self.get("region")).and_then(Known::get)
    }

    /// Why it is not known what the region has; nothing while it is known or being asked for.
    #[must_use]
    pub fn no_offers(&self) -> Option<&str> {
        match self.facts.offers.get(&self.get("region")) {
            Some(Known::No(why)) => Some(why),
            _ => None,
        }
    }

    /// A zone in full.
    #[must_use]
    pub fn zone(&self, zone: &str) -> String {
        if zone.chars().count() == 1 { format!("{}{zone}", self.get("region")) } else { zone.to_owned() }
    }

    /// The Ubuntu release of the image, where it is one that is known.
    #[must_use]
    pub fn release(&self) -> Option<&str> {
        let image = self.get("image");
        let known = self.offered().and_then(|offers| offers.images.iter().find(|one| one.id == image));
        known.map(|one| one.release.as_str())
    }

    /// The user for the web server and Celery.
    #[must_use]
    pub fn webserver_user(&self) -> String {
        format!("{}-web", self.get("deploy_user"))
    }

    /// The name of something in AWS: `shop-staging-lb`.
    #[must_use]
    pub fn aws_name(&self, middle: &str, end: &str) -> String {
        format!("{}{middle}-{end}", self.get("prefix"))
    }

    /// Gunicorn's port in an environment: each has its own, as `FabulAWS` has it.
    #[must_use]
    pub fn port(&self, environment: &str) -> usize {
        8000 + self.environments().iter().position(|name| name == environment).unwrap_or(0)
    }
}
