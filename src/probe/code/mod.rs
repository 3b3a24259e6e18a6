//! The changeset checked out.

use super::Unread;
use super::reading::{complaint, name, value};
use super::request::Body;
use crate::fleet::measured::Code;
use crate::fleet::{Fact, FailureKind, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// How Mercurial's newer dirstate begins, in hexadecimal.
const DIRSTATE_V2: &str = "64697273746174652d76320a";

/// Digits of a Mercurial changeset.
const DIGITS: usize = 40;

/// Reads what it printed.
pub(super) fn read(body: &Body<'_>, layout: &Layout) -> Result<Fact, Unread> {
    let dirstate = value(body, "dirstate").map(|hex| hex.strip_prefix(DIRSTATE_V2).unwrap_or(hex));
    let mercurial = dirstate.and_then(|hex| hex.get(..DIGITS));
    let changeset = value(body, "changeset").or(mercurial).filter(|text| is_changeset(text));
    match changeset {
        Some(changeset) => Ok(Fact::Code(Code {
            changeset: changeset.to_owned(),
            branch: value(body, "branch").map(name).filter(|branch| !branch.is_empty()),
        })),
        None if body.errors.iter().any(|line| line.starts_with("there is no ")) || dirstate.is_some() => {
            let message =
                format!("nothing is checked out in {}: this server was not deployed to", layout.code_root);
            Err(Unread::new(FailureKind::Absent, message))
        }
        None => Err(complaint(body, "git", "the code")),
    }
}

/// SHA-1 or SHA-256, and not the null changeset.
fn is_changeset(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte != b'0')
}
