//! The real program, on a file in a directory.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;
use crate::fleet::Gap;

fn pattern(texts: &[&str], gaps: &[Gap]) -> Pattern {
    Pattern { texts: texts.iter().map(|text| (*text).to_owned()).collect(), gaps: gaps.to_vec() }
}

fn asked(dir: &std::path::Path, key: Option<[u8; 32]>) -> HeldQuestion {
    HeldQuestion {
        user: String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout)
            .unwrap()
            .trim()
            .into(),
        files: vec![
            HeldFile {
                path: dir.join("local_settings.py").display().to_string(),
                patterns: vec![
                    pattern(&["A = '", "'"], &[Gap::Plain]),
                    pattern(&["B = 'amqp://shop:", "@", ":5672/'"], &[Gap::Percent, Gap::Any]),
                    pattern(&["C = '", ":", "'"], &[Gap::Plain, Gap::Plain]),
                ],
                known: vec!["A = 'of the template'".into()],
            },
            HeldFile {
                path: dir.join("pgbouncer.ini").display().to_string(),
                patterns: vec![
                    pattern(&["x = password='", "'"], &[Gap::Doubled]),
                    pattern(&["x = password=", ""], &[Gap::Bare]),
                ],
                known: Vec::new(),
            },
        ],
        home: dir.display().to_string(),
        kept: vec!["smtp_password".into(), "none".into()],
        key,
    }
}

fn ran(question: &HeldQuestion) -> Result<Held<Vec<u8>>, String> {
    let mut child = Command::new("sh")
        .args(["-c", &question.script()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&question.input()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!format!("{}{said}", question.script()).contains("it's"), "{said}");
    read_held(out.lines()).map_err(|error| format!("{error}: {said}"))
}

const SETTINGS: &str =
    "A = 'of the template'\nA = 'it's ä'\nB = 'amqp://shop:p%40ss@10.0.0.9:5672/'\nC = 'a:b:c'\nD = 'x'\n";

#[test]
fn the_program_reads_what_stands_in_the_gaps_and_by_a_key_tells_digests_only() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("local_settings.py"), SETTINGS).unwrap();
    std::fs::write(dir.path().join("smtp_password"), "mail\n").unwrap();
    let held = ran(&asked(dir.path(), None)).unwrap();
    let hit = |line, pattern, values: Option<&str>| Hit {
        line,
        pattern,
        values: values.map(|value| vec![value.as_bytes().to_vec()]),
    };
    assert_eq!(held.hits, [hit(1, 0, Some("it's ä")), hit(2, 1, Some("p@ss")), hit(3, 2, None)]);
    assert_eq!(held.kept, [("smtp_password".to_owned(), b"mail".to_vec())]);
    let digests = ran(&asked(dir.path(), Some([7; 32]))).unwrap();
    for (hit, plain) in digests.hits.iter().zip(&held.hits) {
        let values = hit.values.iter().flatten();
        assert!(
            values.clone().all(|value| value.len() == 32) && hit.values != plain.values
                || hit.values.is_none()
        );
    }
    let other = ran(&asked(dir.path(), Some([8; 32]))).unwrap();
    assert_ne!(other.hits, digests.hits, "a digest says nothing without its key");
}

#[test]
fn the_program_reads_lines_as_the_pattern_does() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("local_settings.py"), SETTINGS).unwrap();
    let question = asked(dir.path(), None);
    let held = ran(&question).unwrap();
    for (number, line) in SETTINGS.lines().enumerate().skip(1) {
        for (place, pattern) in question.files[0].patterns.iter().enumerate() {
            let told = held.hits.iter().find(|hit| hit.line == number && hit.pattern == place);
            let found = pattern.read(line);
            assert_eq!(told.is_some(), found.is_some(), "{line}");
            assert_eq!(told.map(|hit| hit.values.is_some()), found.map(|values| values.is_some()), "{line}");
        }
    }
}

#[test]
fn settings_that_are_not_there_or_cannot_be_read_are_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("pgbouncer.ini"), "x = password='it''s'\nx = password=bare\n").unwrap();
    let held = ran(&asked(dir.path(), None)).unwrap();
    assert!(!held.is_there);
    let told: Vec<_> = held.hits.into_iter().map(|hit| (hit.pattern, hit.values.unwrap())).collect();
    assert_eq!(
        told,
        [(3, vec![b"it's".to_vec()]), (4, vec![b"bare".to_vec()])],
        "another file is read all the same"
    );
    std::fs::write(dir.path().join("local_settings.py"), [0xff, 0xfe]).unwrap();
    let error = ran(&asked(dir.path(), None)).unwrap_err();
    assert!(error.contains("broke off") && error.contains("cannot be read"), "{error}");
    assert!(
        read_held(["hit x y z"].into_iter()).is_err()
            && read_held(["hit 1 0 zz", "end"].into_iter()).is_err()
    );
}
