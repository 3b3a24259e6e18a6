//! The state machine: asks one question at a time, takes answers, goes back, and ends with files.

use std::collections::BTreeMap;

use super::event::{Effect, Event, Found, Gathered, Mark, Place, Probe, Row};
use super::facts::{Facts, Known};
use super::files::{self, Plan};
use super::ground::{Answers, Ground, words};
use super::kept::Kept;
use super::question::{Asked, Kind, Offer, Verdict};
use crate::config::secrets::Secret;

/// The setup.
#[derive(Debug)]
pub struct Wizard {
    facts: Facts,
    answers: Answers,
    secrets: BTreeMap<String, Secret>,
    marks: BTreeMap<String, Mark>,
    place: Place,
    /// Secret answers are typed here, too.
    typed: Secret,
    /// The check of what was given.
    verdict: Option<Verdict>,
    /// Whether an answer waits for its probe, or for the region.
    waiting: Option<u64>,
    waits_for_region: bool,
    /// What is taken when it is given once more.
    doubted: Option<Secret>,
    ticket: u64,
    plan: Option<Plan>,
    failed: Option<String>,
}

impl Wizard {
    /// Begins, or takes up again where the answers end.
    #[must_use]
    pub fn new(facts: Facts, kept: Option<Kept>) -> (Self, Vec<Effect>) {
        let answers = kept.map(|kept| kept.answers).unwrap_or_default();
        let mut wizard = Self {
            facts,
            answers,
            secrets: BTreeMap::new(),
            marks: BTreeMap::new(),
            place: Place::Left,
            typed: Secret::new(String::new()),
            verdict: None,
            waiting: None,
            waits_for_region: false,
            doubted: None,
            ticket: 0,
            plan: None,
            failed: None,
        };
        let first = wizard.ground().asked().into_iter().find(|asked| !wizard.is_answered(asked));
        let mut effects = match first {
            Some(asked) => {
                wizard.go(asked.key());
                Vec::new()
            }
            None => wizard.gather(),
        };
        effects.extend(wizard.want_offers());
        // What a repository has is not kept: it is asked again.
        if let Some(repo) = wizard.answers.get("repo").cloned() {
            wizard.ticket += 1;
            effects.push(Effect::Look(wizard.ticket, Probe::Repository(repo)));
        }
        (wizard, effects)
    }

    /// Facts and answers.
    #[must_use]
    pub const fn ground(&self) -> Ground<'_> {
        Ground { facts: &self.facts, answers: &self.answers }
    }

    /// Where it is.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The question that is asked.
    #[must_use]
    pub fn asked(&self) -> Option<Asked> {
        let Place::Ask(key) = &self.place else { return None };
        self.ground().asked().into_iter().find(|asked| asked.key() == *key)
    }

    /// What a check says of the answer as it reads now.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        if self.verdict.is_some() {
            return self.verdict.clone();
        }
        let asked = self.asked()?;
        let answer = self.typed.expose().trim().to_owned();
        if answer.is_empty() && asked.question.kind != Kind::Secret {
            return None;
        }
        Some((asked.question.check)(&self.ground(), &asked.item, &answer))
    }

    /// Whether it waits for a check.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some() || self.waits_for_region
    }

    /// What an empty answer means.
    #[must_use]
    pub fn suggestion(&self) -> Option<String> {
        let asked = self.asked()?;
        if asked.question.kind == Kind::Secret {
            return None;
        }
        let given = self.answers.get(&asked.key()).cloned().filter(|answer| !answer.is_empty());
        given.or_else(|| self.ground().suggested(asked.question, &asked.item))
    }

    /// What can be taken.
    #[must_use]
    pub fn offers(&self) -> Vec<Offer> {
        self.asked().map(|asked| (asked.question.offers)(&self.ground(), &asked.item)).unwrap_or_default()
    }

    /// Why the region's facts are not known, where this question would need them.
    #[must_use]
    pub fn without_offers(&self) -> Option<String> {
        self.asked().filter(|asked| asked.question.wants_offers)?;
        self.ground().no_offers().map(str::to_owned)
    }

    /// Every question with its answer.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let row = |asked: Asked| {
            let key = asked.key();
            let answer = self.answers.get(&key).cloned();
            let hidden = asked.question.kind == Kind::Secret && self.secrets.contains_key(&key);
            Row {
                title: asked.title(),
                answer: if hidden { Some("given, not shown".into()) } else { answer },
                mark: self.marks.get(&key).cloned(),
                now: self.place == Place::Ask(key.clone()),
                key,
            }
        };
        self.ground().asked().into_iter().map(row).collect()
    }

    /// What the check of the answer before said, unless there was nothing to say.
    #[must_use]
    pub fn last_mark(&self) -> Option<(String, Mark)> {
        let rows = self.rows();
        let now = rows.iter().position(|row| row.now)?;
        let before = rows.get(now.checked_sub(1)?)?;
        let mark = before.mark.clone().filter(|mark| !mark.text.is_empty())?;
        Some((before.title.clone(), mark))
    }

    /// The files, once they are made.
    #[must_use]
    pub const fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// Why they could not be written.
    #[must_use]
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Takes what happened, and says what is to be done.
    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Typed(text) => {
                if self.typed.expose() != text {
                    (self.verdict, self.doubted, self.waiting, self.waits_for_region) =
                        (None, None, None, false);
                    self.typed = Secret::new(text);
                }
                Vec::new()
            }
            Event::Accept => self.accept(),
            Event::Back => self.back(),
            Event::Found(ticket, found) => self.found(ticket, &found),
            Event::Offers(region, offers) => {
                let known = offers.map_or_else(Known::No, Known::Yes);
                self.facts.offers.insert(region, known);
                if self.waits_for_region {
                    self.waits_for_region = false;
                    return self.accept();
                }
                Vec::new()
            }
            Event::Gathered(gathered) if self.place == Place::Gathering => {
                let secrets = self.secrets.iter().filter_map(|(key, value)| {
                    Some((key.strip_prefix("secret:")?.to_owned(), value.clone()))
                });
                let Gathered { files, secrets: made, problems } = gathered;
                let secrets = made.into_iter().chain(secrets).collect();
                self.plan = Some(files::plan(&self.ground(), &files, &secrets, problems));
                self.place = Place::Review;
                Vec::new()
            }
            Event::Wrote(Ok(())) => {
                self.place = Place::Written;
                Vec::new()
            }
            Event::Wrote(Err(why)) => {
                // What is there may have changed: it is looked at once more.
                let effects = self.gather();
                self.failed = Some(why);
                effects
            }
            Event::Leave => {
                if self.place != Place::Written {
                    self.place = Place::Left;
                }
                vec![Effect::End]
            }
            Event::Gathered(_) => Vec::new(),
        }
    }

    fn is_answered(&self, asked: &Asked) -> bool {
        let key = asked.key();
        self.answers.contains_key(&key) || self.secrets.contains_key(&key)
    }

    fn go(&mut self, key: String) {
        self.place = Place::Ask(key);
        (self.verdict, self.doubted, self.waiting, self.waits_for_region) = (None, None, None, false);
        self.typed = Secret::new(String::new());
    }

    fn back(&mut self) -> Vec<Effect> {
        let all = self.ground().asked();
        let to = match &self.place {
            Place::Ask(key) => {
                let at = all.iter().position(|asked| asked.key() == *key).unwrap_or(0);
                at.checked_sub(1).and_then(|before| all.get(before))
            }
            Place::Review | Place::Gathering => all.last(),
            _ => None,
        };
        if let Some(asked) = to {
            let key = asked.key();
            self.go(key);
        }
        Vec::new()
    }

    fn accept(&mut self) -> Vec<Effect> {
        match &self.place {
            Place::Ask(_) => {}
            Place::Review => {
                let files = self.plan.as_ref().map(Plan::to_write).unwrap_or_default();
                self.failed = None;
                self.place = Place::Writing;
                return vec![Effect::Write(files)];
            }
            Place::Written => return vec![Effect::End],
            _ => return Vec::new(),
        }
        let Some(asked) = self.asked() else { return Vec::new() };
        if self.waiting.is_some() {
            return Vec::new();
        }
        let region = self.ground().get("region");
        if asked.question.wants_offers && self.facts.offers.get(&region) == Some(&Known::Asked) {
            self.waits_for_region = true;
            return Vec::new();
        }
        let typed = self.typed.expose().trim().to_owned();
        let suggested = if typed.is_empty() { self.suggestion() } else { None };
        let answer = suggested.unwrap_or(typed);
        let nothing = match asked.question.kind {
            Kind::Words => words(&answer).is_empty(),
            _ => answer.is_empty(),
        };
        if nothing && !asked.question.optional {
            self.verdict = Some(Verdict::Bad("an answer is wanted here".into()));
            return Vec::new();
        }
        let offered = self.offers();
        if asked.question.kind == Kind::Choice && offered.iter().all(|offer| offer.value != answer) {
            let all: Vec<&str> = offered.iter().map(|offer| offer.value.as_str()).collect();
            self.verdict = Some(super::judge::among(&answer, &all));
            return Vec::new();
        }
        let verdict = (asked.question.check)(&self.ground(), &asked.item, &answer);
        let sure = self.doubted.as_ref().is_some_and(|doubted| doubted.expose() == answer);
        let stops = matches!(verdict, Verdict::Bad(_)) || matches!(verdict, Verdict::Doubt(_)) && !sure;
        if stops {
            self.stop(verdict, answer);
            return Vec::new();
        }
        match (asked.question.probe)(&self.ground(), &asked.item, &answer) {
            Some(probe) if !sure => {
                self.ticket += 1;
                self.waiting = Some(self.ticket);
                self.typed = Secret::new(answer);
                vec![Effect::Look(self.ticket, probe)]
            }
            _ => {
                // What was doubted stays doubted.
                let verdict = self.verdict.take().filter(|_| sure).unwrap_or(verdict);
                self.take(&asked, answer, &verdict)
            }
        }
    }

    fn stop(&mut self, verdict: Verdict, answer: String) {
        self.doubted = matches!(verdict, Verdict::Doubt(_)).then(|| Secret::new(answer));
        self.verdict = Some(verdict);
    }

    fn found(&mut self, ticket: u64, found: &Found) -> Vec<Effect> {
        let asked = self.asked();
        let mine = self.waiting == Some(ticket);
        if let Found::Repository(Ok(branches)) = found {
            let at = asked.as_ref().filter(|asked| mine && asked.question.id == "repo");
            let repo = at.map_or_else(|| self.ground().get("repo"), |_| self.typed.expose().to_owned());
            self.facts.branches.insert(repo, branches.clone());
        }
        let (true, Some(asked)) = (mine, asked) else { return Vec::new() };
        self.waiting = None;
        let answer = self.typed.expose().to_owned();
        // The judge sees the answer as if it were given.
        let mut answers = self.answers.clone();
        answers.insert(asked.key(), answer.clone());
        let ground = Ground { facts: &self.facts, answers: &answers };
        let verdict = (asked.question.judge)(&ground, &asked.item, found);
        match verdict {
            Verdict::Good(_) | Verdict::Unsure(_) => self.take(&asked, answer, &verdict),
            stops => {
                self.stop(stops, answer);
                Vec::new()
            }
        }
    }

    fn take(&mut self, asked: &Asked, answer: String, verdict: &Verdict) -> Vec<Effect> {
        let key = asked.key();
        let severity = verdict.severity();
        let text = verdict.text().replace(" enter once more keeps it", "");
        self.marks.insert(key.clone(), Mark { severity, text });
        if asked.question.kind == Kind::Secret && !answer.is_empty() {
            self.answers.remove(&key);
            self.secrets.insert(key.clone(), Secret::new(answer));
        } else {
            self.secrets.remove(&key);
            self.answers.insert(key.clone(), answer);
        }
        let mut effects = vec![Effect::Keep(Kept::new(self.answers.clone()))];
        let all = self.ground().asked();
        let at = all.iter().position(|asked| asked.key() == key).map_or(0, |at| at + 1);
        match all.get(at) {
            Some(next) => {
                let next = next.key();
                self.go(next);
            }
            None => effects.extend(self.gather()),
        }
        effects.extend(self.want_offers());
        effects
    }

    /// Asks what the region has, as soon as it is answered, and once.
    fn want_offers(&mut self) -> Option<Effect> {
        let region = self.answers.get("region")?.clone();
        if self.facts.offers.contains_key(&region) {
            return None;
        }
        self.facts.offers.insert(region.clone(), Known::Asked);
        Some(Effect::Offers(region))
    }

    fn gather(&mut self) -> Vec<Effect> {
        self.place = Place::Gathering;
        let ground = self.ground();
        let command = ground.get("secrets_how") == "command";
        let wanted = |item: &String| {
            let name = item.split_once('/').map_or(item.as_str(), |(_, name)| name);
            let mine = super::secret::is_ours(name) || command;
            mine && !ground.has_secret(item) && !self.secrets.contains_key(&format!("secret:{item}"))
        };
        let secrets = ground.secrets().into_iter().filter(wanted).collect();
        let effect = Effect::Gather {
            files: files::paths(&ground),
            secrets,
            command: command.then(|| ground.get("secrets_command")),
            project: ground.get("project"),
        };
        vec![effect]
    }
}
