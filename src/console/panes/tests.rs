//! Panes keep their bounds, stay where they are, and look only at what is seen.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::remote::Stream;
use crate::remote::clean_text::CleanText;

const ROOM: Room = Room { cells: 10, rows: 4, wrap: true };

fn line(stream: Stream, text: &str) -> Entry {
    Entry { at: Timestamp::UNIX_EPOCH, stream, origin: 0, level: None, text: CleanText::one_line(text) }
}

fn out(text: &str) -> (Entry, bool) {
    (line(Stream::Out, text), false)
}

fn pane(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Pane {
    let mut pane = Pane::new(Bounds { lines: 1_000, bytes: 1 << 20 });
    pane.extend(texts.into_iter().map(|text| out(text.as_ref())));
    pane
}

fn seen(pane: &Pane, room: Room) -> Vec<String> {
    pane.shown(room).iter().map(|row| row.entry.text.as_str()[row.part.clone()].to_owned()).collect()
}

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| n.to_string()).collect()
}

#[test]
fn the_newest_lines_are_followed_and_a_scrolled_view_stands_still() {
    let mut pane = pane(numbers(0, 20));
    assert_eq!(seen(&pane, ROOM), ["16", "17", "18", "19"]);
    pane.scroll(Step::Rows(-3), ROOM);
    assert_eq!(seen(&pane, ROOM), ["13", "14", "15", "16"]);
    pane.extend(numbers(20, 500).iter().map(|text| out(text)));
    assert_eq!(seen(&pane, ROOM), ["13", "14", "15", "16"]);
    pane.scroll(Step::Last, ROOM);
    assert_eq!(seen(&pane, ROOM), ["496", "497", "498", "499"]);
}

#[test]
fn scrolling_down_to_the_end_follows_again() {
    let mut pane = pane(numbers(0, 20));
    pane.scroll(Step::Screens(-1), ROOM);
    assert!(!pane.follows());
    pane.scroll(Step::Rows(2), ROOM);
    assert!(!pane.follows());
    pane.scroll(Step::Rows(1), ROOM);
    assert!(pane.follows());
    pane.scroll(Step::First, ROOM);
    assert_eq!(seen(&pane, ROOM), ["0", "1", "2", "3"]);
    pane.scroll(Step::Screens(100), ROOM);
    assert!(pane.follows());
}

#[test]
fn lines_that_go_while_the_view_stands_on_them_leave_it_on_the_oldest() {
    let mut pane = Pane::new(Bounds { lines: 10, bytes: 1 << 20 });
    pane.extend(numbers(0, 10).iter().map(|text| out(text)));
    pane.scroll(Step::First, ROOM);
    pane.extend(numbers(10, 15).iter().map(|text| out(text)));
    assert_eq!(seen(&pane, ROOM), ["5", "6", "7", "8"]);
}

#[test]
fn the_next_line_takes_the_place_of_an_unfinished_one() {
    let mut pane = pane(["first"]);
    pane.extend([(line(Stream::Out, "10%"), true), (line(Stream::Err, "Password:"), true)]);
    assert_eq!(seen(&pane, ROOM), ["first", "10%", "Password:"]);
    pane.extend([(line(Stream::Out, "90%"), true)]);
    assert_eq!(seen(&pane, ROOM), ["first", "90%", "Password:"]);
    pane.extend([out("100%")]);
    assert_eq!(seen(&pane, ROOM), ["first", "100%", "Password:"]);
    assert_eq!(pane.lines.end(), 2);
}

#[test]
fn long_lines_take_rows_and_are_scrolled_by_rows() {
    let mut pane = pane(["0123456789abcdefghijXYZ", "end"]);
    assert_eq!(seen(&pane, ROOM), ["0123456789", "abcdefghij", "XYZ", "end"]);
    let small = Room { rows: 2, ..ROOM };
    assert_eq!(seen(&pane, small), ["XYZ", "end"]);
    pane.scroll(Step::Rows(-1), small);
    assert_eq!(seen(&pane, small), ["abcdefghij", "XYZ"]);
    pane.scroll(Step::Rows(-1), small);
    assert_eq!(seen(&pane, small), ["0123456789", "abcdefghij"]);
    pane.scroll(Step::Rows(1), small);
    assert_eq!(seen(&pane, small), ["abcdefghij", "XYZ"]);
    assert_eq!(seen(&pane, Room { wrap: false, ..small }).len(), 2);
}

#[test]
fn a_filter_shows_its_lines_and_those_that_come_later() {
    let mut pane = pane(["GET /a 200", "GET /b 500", "POST /a 500"]);
    pane.narrow(Test::default().words("500 !post"));
    assert_eq!(seen(&pane, ROOM), ["GET /b 500"]);
    pane.extend([out("get /c 500"), out("x")]);
    assert_eq!(seen(&pane, ROOM), ["GET /b 500", "get /c 500"]);
    pane.narrow(Test::default().words("GET"));
    assert_eq!(pane.count(), 2, "capital letters count where there are any");
    pane.narrow(Test::default());
    assert_eq!(pane.count(), 5);
}

#[test]
fn only_standard_error_is_a_filter_too() {
    let mut pane = pane(["fine"]);
    pane.extend([(line(Stream::Err, "broken"), false), (line(Stream::Err, "sure?"), true)]);
    pane.narrow(Test::default().only_errors(true));
    assert_eq!(seen(&pane, ROOM), ["broken", "sure?"]);
}

#[test]
fn a_search_goes_from_hit_to_hit_within_what_is_shown() {
    let mut pane = pane(numbers(0, 200));
    pane.search("55");
    assert_eq!((pane.hits(), pane.next_hit(false, ROOM)), (2, Some(155)));
    pane.show(155, ROOM);
    assert!(seen(&pane, ROOM).contains(&"155".into()));
    pane.show(pane.next_hit(false, ROOM).unwrap(), ROOM);
    assert!(seen(&pane, ROOM).contains(&"55".into()));
    assert_eq!(pane.next_hit(false, ROOM), None);
    pane.extend([out("new 55")]);
    assert_eq!(pane.hits(), 3);
    pane.narrow(Test::default().words("new"));
    assert_eq!(pane.next_hit(true, ROOM), Some(200));
}

#[test]
fn text_is_found_whatever_its_case_and_script() {
    let find = |line, text| super::sieve::find(line, text, false);
    assert_eq!(find("An ERROR here", "error"), Some((3, 8)));
    assert_eq!(find("Straße ÄÖ", "äö"), Some((8, 12)));
    assert_eq!(find("x", "äö"), None);
    assert_eq!(find("", "a"), None);
    assert_eq!(super::sieve::find("Error error", "error", true), Some((6, 11)));
}

#[test]
fn half_a_million_lines_keep_no_more_than_the_bounds_allow() {
    let bounds = Bounds::one_of(20);
    let mut pane = Pane::new(bounds);
    pane.narrow(Test::default().words("even"));
    pane.search("7");
    for batch in 0..50u32 {
        let text = |n: u32| format!("line {n} {}", if n.is_multiple_of(2) { "even" } else { "odd" });
        pane.extend((0..10_000).map(|n| out(&text(batch * 10_000 + n))));
        assert!(pane.lines.bytes() <= bounds.bytes);
        assert!(pane.lines.end() - pane.lines.first() <= bounds.lines as u64);
        assert!(pane.hits() <= bounds.lines && pane.count() <= bounds.lines);
    }
    assert_eq!(pane.lines.end(), 500_000);
    assert_eq!(seen(&pane, Room { cells: 40, rows: 1, wrap: true }), ["line 499998 even"]);
}

#[test]
fn one_line_longer_than_all_there_is_room_for_is_still_kept() {
    let mut pane = Pane::new(Bounds { lines: 10, bytes: 100 });
    pane.extend([out("short"), out(&"x".repeat(5_000))]);
    assert_eq!(pane.count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_steps_shows_more_or_less_than_there_is(
        lengths in proptest::collection::vec(0usize..40, 0..60),
        steps in proptest::collection::vec((0u8..9, -30isize..30), 0..30),
        cells in 0u16..20, rows in 0u16..12, wrap in any::<bool>(),
    ) {
        let room = Room { cells, rows, wrap };
        let mut pane = Pane::new(Bounds { lines: 40, bytes: 1 << 20 });
        let text = |n: usize| "é漢x".chars().cycle().take(n).collect::<String>();
        pane.extend(lengths.iter().map(|n| out(&text(*n))));
        for (kind, by) in steps {
            match kind {
                0 => pane.scroll(Step::Rows(by), room),
                1 => pane.scroll(Step::Screens(by), room),
                2 => pane.scroll(Step::First, room),
                3 => pane.scroll(Step::Last, room),
                4 => pane.extend([out(&text(by.unsigned_abs()))]),
                5 => pane.extend([(line(Stream::Out, "more?"), true)]),
                6 => pane.narrow(Test::default().words(if by > 0 { "漢" } else { "" })),
                7 => pane.search(if by > 0 { "x" } else { "漢" }),
                _ => if let Some(hit) = pane.next_hit(by > 0, room) { pane.show(hit, room) },
            }
            let shown = pane.shown(room).len();
            let most = usize::from(rows);
            prop_assert!(shown <= most);
            prop_assert!(shown >= most.min(pane.count()), "{shown} of {most}");
        }
    }
}
