//! What all readers need: text kept short, and what a tool's complaint means.

use super::Unread;
use super::request::Body;
use crate::fleet::FailureKind;
use crate::fleet::text::one_line;

/// The most things of one kind that are kept from one server: queues, pools, programs, mounts, …
pub(super) const MOST: usize = 200;

/// The most characters of a complaint that are shown.
const EXCERPT: usize = 160;

/// A name from a server. Text inside JSON was escaped when it was cleaned, so it is made safe here.
pub(super) fn name(text: &str) -> String {
    one_line(text.trim())
}

/// What a tool said, in one short line: its error, or else what it printed.
pub(super) fn excerpt(body: &Body<'_>) -> String {
    let said = |lines: &[&str]| {
        let noise = |line: &&str| line.trim().is_empty() || line.contains("setlocale");
        lines.iter().copied().find(|line| !noise(line)).map(str::trim).map(short)
    };
    said(&body.errors).or_else(|| said(&body.lines)).unwrap_or_else(|| "it said nothing".to_owned())
}

/// Text cut to the length of an excerpt.
pub(super) fn short(text: &str) -> String {
    let line = one_line(text.trim());
    if line.chars().count() <= EXCERPT {
        return line;
    }
    line.chars().take(EXCERPT - 1).chain(['…']).collect()
}

/// One way in which tools complain.
struct Complaint {
    /// Any of these in what was said, in lower case.
    words: &'static [&'static str],
    kind: FailureKind,
    /// `{tool}` is the program, `{what}` the service, `{said}` its own words.
    message: &'static str,
}

/// Looked at in order: the first that fits is it.
const COMPLAINTS: &[Complaint] = &[
    // psql puts "connection to server on socket … failed:" before what a server says that does answer.
    Complaint {
        words: &["too many clients", "remaining connection slots", "too many connections"],
        kind: FailureKind::Other,
        message: "{what} runs, and all its connections are taken: {said}",
    },
    Complaint {
        words: &[
            "authentication failed",
            "no password supplied",
            "no pg_hba.conf entry",
            "pg_hba.conf rejects",
            "is not permitted to log in",
        ],
        kind: FailureKind::Denied,
        message: "{what} does not let {tool} in: {said}",
    },
    Complaint {
        words: &[
            "the database system is starting up",
            "the database system is shutting down",
            "the database system is in recovery mode",
            "the database system is not yet accepting connections",
            "the database system is not accepting connections",
        ],
        kind: FailureKind::Unreachable,
        message: "{what} does not answer yet, or no more: {said}",
    },
    Complaint {
        words: &["failed: fatal:", "psql: fatal:", "psql: error: fatal:"],
        kind: FailureKind::Other,
        message: "{what} refuses {tool}: {said}",
    },
    Complaint {
        words: &["password is required", "terminal is required", "no tty present", "askpass"],
        kind: FailureKind::Denied,
        message: "sudo wants a password to run {tool}: allow it without one (NOPASSWD) for whoever logs in",
    },
    Complaint {
        words: &[
            "sudoers",
            "may not run sudo",
            "not allowed to",
            "unable to change to",
            "may not be used by",
        ],
        kind: FailureKind::Denied,
        message: "sudo does not let whoever logs in run {tool}: {said}",
    },
    Complaint {
        words: &["sudo: not found", "sudo: command not found"],
        kind: FailureKind::Denied,
        message: "{tool} needs root, and there is no sudo: install it, or log in as root",
    },
    Complaint {
        words: &[
            "unknown user",
            "user postgres does not exist",
            "failed to run command",
            "command not found",
        ],
        kind: FailureKind::Absent,
        message: "{tool} is not there: {what} is not installed, or not in the usual place ({said})",
    },
    Complaint {
        words: &["permission denied", "access denied", "not permitted", "operation not permitted"],
        kind: FailureKind::Denied,
        message: "{tool} may not do this as whoever logs in: {said}",
    },
    Complaint {
        words: &[
            "connection refused",
            "could not connect",
            "failed to connect",
            "connection to server",
            "refused connection",
            "starting up",
            "shutting down",
            "timed out",
            "unable to perform an operation on node",
            "app to be running",
        ],
        kind: FailureKind::Unreachable,
        message: "{what} does not answer: is it running? ({said})",
    },
];

/// Why a section told nothing: from its exit code and from what `tool` said about `what`.
pub(super) fn complaint(body: &Body<'_>, tool: &str, what: &str) -> Unread {
    let said: String = body.errors.iter().chain(&body.lines).take(40).fold(String::new(), |said, line| {
        said + &line.chars().take(400).collect::<String>().to_lowercase() + "\n"
    });
    let found = COMPLAINTS.iter().find(|complaint| complaint.words.iter().any(|word| said.contains(word)));
    let fill = |message: &str| {
        let with_names = message.replace("{tool}", tool).replace("{what}", what);
        with_names.replace("{said}", &excerpt(body))
    };
    match found {
        Some(complaint) => Unread::new(complaint.kind, fill(complaint.message)),
        None if body.code == 127 => {
            Unread::new(FailureKind::Absent, format!("{tool} is not there: {what} is not installed"))
        }
        None if body.code == 0 => {
            Unread::new(FailureKind::Other, fill("{tool} printed what cannot be read: {said}"))
        }
        None => Unread::new(
            FailureKind::Other,
            fill(&format!("{{tool}} failed with code {}: {{said}}", body.code)),
        ),
    }
}

/// Keeps the first [`MOST`].
pub(super) fn bounded<T>(mut things: Vec<T>) -> Vec<T> {
    things.truncate(MOST);
    things
}

/// The value of a `key=value` line.
pub(super) fn value<'a>(body: &Body<'a>, key: &str) -> Option<&'a str> {
    body.lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::trim)
}
