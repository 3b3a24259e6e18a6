//! What is asked of one server at one time: one script, and its output taken apart again.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::frame::{self, Told};
use super::sections::Section;
use super::{Unread, units};
use crate::fleet::{Fact, FailureKind, Layout, Role, Topic};

/// What the whole script may take beyond its sections: the way there, a busy server.
const MARGIN: Duration = Duration::from_secs(20);

/// What a section may take beyond its limit until it is ended by force.
const OVERTIME: Duration = Duration::from_secs(4);

/// Exit codes of `timeout`: ended, and ended by force.
const OVERDUE: [u8; 2] = [124, 137];

/// A line that a server printed, cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printed<'a> {
    /// When it arrived, by our clock.
    pub at: Timestamp,
    /// It was printed on standard error.
    pub error: bool,
    /// The text.
    pub text: &'a str,
}

/// What one section printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body<'a> {
    /// Lines of standard output.
    pub lines: Vec<&'a str>,
    /// Lines of standard error.
    pub errors: Vec<&'a str>,
    /// When the first line arrived, by our clock.
    pub at: Option<Timestamp>,
    /// The exit code; 124 when its time was over.
    pub code: u8,
}

/// What is asked of one server at one time.
#[derive(Clone, Debug)]
pub struct Request {
    nonce: String,
    role: Role,
    topics: Vec<Topic>,
    layout: Arc<Layout>,
}

impl Request {
    /// These topics, of a server of this role; `nonce` is a word that nobody can guess, of letters and digits.
    #[must_use]
    pub fn new(role: Role, topics: Vec<Topic>, layout: Arc<Layout>, nonce: &str) -> Self {
        let nonce = nonce.chars().filter(char::is_ascii_alphanumeric).collect();
        Self { nonce, role, topics, layout }
    }

    /// The role, which says what is expected there.
    #[must_use]
    pub const fn role(&self) -> &Role {
        &self.role
    }

    /// The topics.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Where things are on the server.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The word that frames the sections.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// How long it may take in all.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.sections().map(|section| section.limit + OVERTIME).sum::<Duration>() + MARGIN
    }

    fn sections(&self) -> impl Iterator<Item = &'static Section> {
        self.topics.iter().filter_map(|topic| Section::of(*topic))
    }

    /// The script, POSIX shell, which reads [`Request::nonce`] from its standard input. It holds no secret.
    #[must_use]
    pub fn script(&self) -> String {
        let mut script = spoken(include_str!("prelude.sh"));
        for (name, value) in self.variables() {
            let _ = writeln!(script, "export {name}={}", quoted(&value));
        }
        for section in self.sections() {
            let (word, limit) = (section.topic.word(), section.limit.as_secs());
            let _ = writeln!(script, "section {word} {limit} {}", quoted(&spoken(section.script)));
        }
        script
    }

    /// What the sections' scripts are told, by the names that they use.
    fn variables(&self) -> [(&'static str, String); 15] {
        let layout = &self.layout;
        let (wanted, welcome) = units::of(&self.role);
        [
            ("wanted", wanted),
            ("welcome", welcome),
            ("deploy_user", layout.deploy_user.clone()),
            ("webserver_user", layout.webserver_user.clone()),
            ("settings_module", layout.settings_module.clone()),
            ("code_root", layout.code_root.clone()),
            ("virtualenv", layout.virtualenv.clone()),
            ("services", layout.services.clone()),
            ("database", layout.database.clone()),
            ("vhost", layout.vhost.clone()),
            ("celery_app", layout.celery_app.clone()),
            ("pgbouncer_port", layout.pgbouncer_port.to_string()),
            ("gunicorn_port", layout.gunicorn_port.to_string()),
            ("site", layout.site.clone()),
            ("health_path", layout.health_path.clone()),
        ]
    }

    /// What the server printed, by topic. A topic without a word is a failure, too: every topic asked for has an
    /// answer here.
    #[must_use]
    pub fn read(&self, printed: &[Printed<'_>]) -> BTreeMap<Topic, Result<Fact, Unread>> {
        let told = frame::take_apart(&self.nonce, printed);
        let facts = self.topics.iter().map(|topic| {
            let fact = match Section::of(*topic) {
                Some(section) => self.read_section(section, told.get(topic)),
                None => Err(Unread::new(FailureKind::Other, format!("nothing measures {}", topic.word()))),
            };
            (*topic, fact)
        });
        facts.collect()
    }

    fn read_section(&self, section: &Section, told: Option<&Told<'_>>) -> Result<Fact, Unread> {
        let word = section.topic.word();
        match told {
            Some(Told::Whole(body)) if OVERDUE.contains(&body.code) => {
                let limit = section.limit.as_secs();
                let message = format!("{} did not answer within {limit} s", section.what);
                Err(Unread::new(FailureKind::Unreachable, message))
            }
            Some(Told::Whole(body)) => (section.read)(body, &self.layout),
            Some(Told::Cut) => {
                let message = format!("the server's answer broke off while it told about {word}");
                Err(Unread::new(FailureKind::Other, message))
            }
            None => {
                let message = format!("the server told nothing about {word}");
                Err(Unread::new(FailureKind::Other, message))
            }
        }
    }
}

/// A script without its comments: people read them here, not on the way.
fn spoken(script: &str) -> String {
    let lines = script.lines().filter(|line| !line.starts_with('#'));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
