use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

const NONCE: &str = "abc123";

fn line(error: bool, text: &str) -> Printed<'_> {
    Printed { at: Timestamp::UNIX_EPOCH, error, text }
}

fn out(texts: &[&'static str]) -> Vec<Printed<'static>> {
    texts.iter().map(|text| line(false, text)).collect()
}

fn whole<'a>(told: &'a BTreeMap<Topic, Told<'_>>, topic: Topic) -> &'a Body<'a> {
    match told.get(&topic) {
        Some(Told::Whole(body)) => body,
        other => panic!("{topic:?}: {other:?}"),
    }
}

#[test]
fn sections_are_found_in_what_a_server_printed() {
    let printed = out(&[
        "Welcome!",
        "@abc123 begin disks",
        "one",
        "",
        "two",
        "",
        "@abc123 end disks 0",
        "between",
        "@abc123 begin units",
        "",
        "@abc123 end units 127",
    ]);
    let told = take_apart(NONCE, &printed);
    let disks = whole(&told, Topic::Disks);
    assert_eq!((disks.lines.as_slice(), disks.code), (["one", "", "two"].as_slice(), 0));
    let units = whole(&told, Topic::Units);
    assert_eq!((units.lines.len(), units.code), (0, 127));
    assert_eq!(told.len(), 2);
}

#[test]
fn marks_with_another_word_are_what_the_section_printed() {
    let printed = out(&[
        "@abc123 begin disks",
        "@ end disks 0",
        "@abc12 end disks 0",
        " @abc123 end disks 0",
        "@abc1234 begin units",
        "@ABC123 end disks 0",
        "",
        "@abc123 end disks 3",
    ]);
    let told = take_apart(NONCE, &printed);
    assert_eq!(whole(&told, Topic::Disks).lines.len(), 5);
    assert_eq!(whole(&told, Topic::Disks).code, 3);
    assert!(!told.contains_key(&Topic::Units));
}

#[test]
fn the_two_streams_may_arrive_in_any_order() {
    let printed = [
        line(true, "@abc123 begin disks"),
        line(true, "df: oh"),
        line(false, "@abc123 begin disks"),
        line(true, "@abc123 end disks 1"),
        line(true, "@abc123 begin units"),
        line(true, "late"),
        line(false, "mount"),
        line(false, "@abc123 end disks 1"),
        line(false, "@abc123 begin units"),
        line(false, "@abc123 end units 0"),
        line(true, "@abc123 end units 0"),
    ];
    let told = take_apart(NONCE, &printed);
    let disks = whole(&told, Topic::Disks);
    assert_eq!(
        (disks.lines.as_slice(), disks.errors.as_slice()),
        (["mount"].as_slice(), ["df: oh"].as_slice())
    );
    assert_eq!(whole(&told, Topic::Units).errors, ["late"]);
}

#[test]
fn a_section_without_an_end_costs_only_itself() {
    let printed = out(&[
        "@abc123 begin machine",
        "@abc123 end machine 0",
        "@abc123 begin disks",
        "half",
        "@abc123 begin units",
        "whole",
        "@abc123 end units 0",
        "@abc123 end disks 0",
        "@abc123 begin postgres",
        "killed",
    ]);
    let told = take_apart(NONCE, &printed);
    assert_eq!(told.get(&Topic::Disks), Some(&Told::Cut));
    assert_eq!(told.get(&Topic::Postgres), Some(&Told::Cut));
    assert_eq!(whole(&told, Topic::Units).lines, ["whole"]);
    whole(&told, Topic::Machine);
}

#[test]
fn without_a_word_nothing_is_a_mark() {
    let printed = out(&["@ begin disks", "@ end disks 0"]);
    assert!(take_apart("", &printed).is_empty());
}

proptest! {
    #[test]
    fn any_output_is_taken_apart(lines in proptest::collection::vec(
        (any::<bool>(), prop_oneof![
            "\\PC{0,20}",
            "@abc123 (begin|end) (disks|units|postgres|nothing)( [0-9]{1,4})?",
        ]), 0..60))
    {
        let printed: Vec<_> = lines.iter().map(|(error, text)| line(*error, text)).collect();
        let most = lines.len();
        for told in take_apart(NONCE, &printed).values() {
            if let Told::Whole(body) = told {
                prop_assert!(body.lines.len() + body.errors.len() <= most);
                prop_assert!(body.lines.iter().all(|line| !line.starts_with("@abc123 ")));
            }
        }
    }
}
