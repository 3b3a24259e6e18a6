//! The checkout.

use super::{Scene, Steps, failed, out};
use crate::sandbox::hosts::truth;

pub(super) fn git(scene: &Scene<'_>, arguments: &[String]) -> Steps {
    let mut words = arguments.iter().map(String::as_str).peekable();
    while words.next_if(|word| *word == "-C").is_some() {
        words.next();
    }
    let Some(changeset) = truth::changeset(&scene.view, scene.host) else {
        return failed(
            "fatal: not a git repository (or any of the parent directories): .git\n".to_owned(),
            128,
        );
    };
    let rest: Vec<&str> = words.collect();
    match rest[..] {
        ["rev-parse", "HEAD"] => out(format!("{changeset}\n")),
        ["rev-parse", "--short", "HEAD"] => out(format!("{}\n", &changeset[..7])),
        ["status", ..] => out("HEAD detached\nnothing to commit, working tree clean\n".to_owned()),
        ["log", ..] => out(format!(
            "commit {changeset}\nAuthor: Ana Example <ana@example.com>\n\n    Fix export of {}\n",
            scene.host.environment
        )),
        _ => failed("git: the simulated server knows only rev-parse HEAD, log -1 and status\n".to_owned(), 1),
    }
}
