use super::*;
use crate::probe::testing::{body, failure, layout};

const HASH: &str = "2e182c8969e65a9b26b3a2c149b996ad6bcde2be";

fn code(lines: &str) -> Code {
    match read(&body(lines, "", 0), &layout()) {
        Ok(Fact::Code(code)) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn git_tells_its_changeset_and_a_branch_where_there_is_one() {
    let on_branch = code(include_str!("fixtures/git.txt"));
    assert_eq!((on_branch.changeset.as_str(), on_branch.branch.as_deref()), (HASH, Some("main")));
    assert_eq!(code(&format!("changeset={HASH}")).branch, None);
}

#[test]
fn mercurial_tells_it_in_both_forms_of_its_dirstate() {
    let old = code(&format!("dirstate={HASH}{}\nbranch=default", "0".repeat(24)));
    assert_eq!((old.changeset.as_str(), old.branch.as_deref()), (HASH, Some("default")));
    assert_eq!(code(&format!("dirstate={DIRSTATE_V2}{HASH}")).changeset, HASH);
}

#[test]
fn what_is_no_changeset_is_not_shown_as_one() {
    for lines in ["changeset=root:$6$secret", "changeset=abc", "changeset="] {
        let (_, message) = failure(read(&body(lines, "", 0), &layout()));
        assert!(!message.is_empty(), "{lines}");
    }
    let empty = failure(read(&body(&format!("dirstate={}", "0".repeat(64)), "", 0), &layout()));
    assert_eq!(empty.0, FailureKind::Absent);
    let missing = failure(read(&body("", "there is no directory /home/x", 2), &layout()));
    assert_eq!(missing.0, FailureKind::Absent);
    assert!(missing.1.contains("/home/myproject/www/staging/code_root"), "{}", missing.1);
}
