use std::time::Duration;

use jiff::Timestamp;

use super::text::{Prefix, groups};
use super::*;
use crate::engine::{End, Tally};
use crate::fleet::Role;
use crate::remote::{Ending, Outcome, Stream, Target};

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn one_word_is_a_line_for_the_shell_and_several_arrive_as_they_are() {
    assert_eq!(command_text(&words(&["cd /tmp && ls *.log"])), "cd /tmp && ls *.log");
    assert_eq!(command_text(&words(&["ls", "-l", "my file", "*.log"])), "ls -l 'my file' '*.log'");
    assert_eq!(command_text(&words(&["echo", ""])), "echo ''");
}

#[test]
fn the_command_to_confirm_with_can_be_pasted() {
    let line = ["exec", "production", "--role", "web", "--", "echo", "it's --"];
    assert_eq!(
        again(words(&line).into_iter(), "production"),
        r"quarterdeck exec production --role web --confirm production -- echo 'it'\''s --'"
    );
}

fn request(hosts: usize) -> ExecRequest {
    let host = |n| crate::engine::Host {
        target: Target::new(format!("i-{n}").as_str().into(), "10.0.0.1").unwrap(),
        name: format!("web i-{n}"),
        role: Role::Web,
        environment: "staging".into(),
    };
    ExecRequest {
        environment: "staging".into(),
        hosts: (0..hosts).map(host).collect(),
        command: "echo a\necho \u{1b}[2J".into(),
        sudo: true,
        at_once: None,
        stop_on_failure: true,
        deadline: Duration::from_secs(90),
        who: "jane".into(),
    }
}

#[test]
fn what_will_run_is_shown_before_and_cannot_play_with_the_terminal() {
    let shown = text::announcement(&request(3));
    assert_eq!(
        shown,
        [
            "staging: 3 servers, all at once, until one fails, at most 1m30s each: web i-0, web i-1, web i-2",
            "$ echo a⏎echo ·[2J  (with sudo)"
        ]
    );
    let one = ExecRequest { stop_on_failure: false, sudo: false, at_once: Some(1), ..request(1) };
    assert_eq!(text::announcement(&one)[0], "staging: 1 server, at most 1m30s each: web i-0");
    let serial = ExecRequest { at_once: Some(1), ..request(2) };
    assert!(text::announcement(&serial)[0].contains("one after another"));
    assert!(text::announcement(&ExecRequest { at_once: Some(2), ..request(3) })[0].contains("2 at a time"));
}

#[test]
fn names_stand_under_each_other_and_errors_are_marked_without_colours_too() {
    let names = || words(&["web i-1", "db-primary i-22"]);
    let mut bytes = Vec::new();
    let plain = Prefix::new(names(), false);
    plain.line(0, Stream::Out, "one", &mut bytes);
    plain.line(1, Stream::Err, "two", &mut bytes);
    assert_eq!(String::from_utf8(bytes).unwrap(), "web i-1         | one\ndb-primary i-22 ! two\n");
    let mut bytes = Vec::new();
    Prefix::new(names(), true).line(0, Stream::Err, "x", &mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("\u{1b}[36mweb i-1") && text.contains("\u{1b}[31m!\u{1b}[0m x"), "{text:?}");
}

#[test]
fn equal_output_and_equal_end_make_a_group() {
    let end = |digest, code| End::Ended {
        ending: Ending {
            outcome: Outcome::Done { code },
            started: None,
            at: Timestamp::UNIX_EPOCH,
            before: Vec::new(),
        },
        tally: Tally { digest, ..Tally::default() },
    };
    let ends =
        vec![end(1, 0), end(2, 0), end(1, 0), End::Skipped("x".into()), end(1, 3), end(2, 0), end(1, 0)];
    let at = Timestamp::UNIX_EPOCH;
    let summary = Summary { began: at, finished: at, ends, cancelled: false };
    assert_eq!(groups(&summary), [vec![0, 2, 6], vec![1, 5], vec![4]]);
}
