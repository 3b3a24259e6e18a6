use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn plain(bytes: &[u8]) -> Vec<String> {
    clean_lines(bytes).into_iter().map(|line| line.text).collect()
}

fn with(secrets: &[&str], longest: usize, pieces: &[&[u8]]) -> Vec<CleanText> {
    let mut cleaner = Cleaner::with_longest(Arc::new(Secrets::new(secrets.iter().copied())), longest);
    let mut lines = Vec::new();
    for piece in pieces {
        cleaner.feed(piece, &mut lines);
    }
    lines.extend(cleaner.finish());
    lines
}

#[test]
fn titles_clipboards_links_and_screens_leave_nothing_behind() {
    for (hostile, clean) in [
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]52;c;aGVsbG8=\x1b\\text", "text"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\ text", "link text"),
        ("\x1b[?1049h\x1b[2J\x1b[Htext\x1b[?1049l", "text"),
        ("\x1bP+q544e\x1b\\text", "text"),
        ("\x1b_secret\x1b\\\x1b^x\x1b\\\x1bXy\x1b\\text", "text"),
        ("\x1b(0\x1b)Btext\x1bc\x1b7\x1b8\x1b=\x1b>", "text"),
        ("\u{9b}31mtext\u{9d}0;x\x07", "text"),
        ("te\x00\x01\x05\x0e\x0fxt\x7f", "text"),
        ("\x1b[6n\x1b[c\x1b]11;?\x07text", "text"),
        ("\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;24;25;26;27;28;29Htext", "text"),
    ] {
        assert_eq!(plain(hostile.as_bytes()), [clean], "{hostile:?}");
    }
}

#[test]
fn a_sequence_that_never_ends_hides_neither_the_next_line_nor_all_of_this_one() {
    assert_eq!(plain(b"\x1b]0;never ended\nnext"), ["", "next"]);
    let mut long = b"\x1b]0;".to_vec();
    long.extend(std::iter::repeat_n(b'x', 2 * LONGEST_SEQUENCE));
    assert!(plain(&long)[0].len() >= LONGEST_SEQUENCE - 8);
    assert_eq!(plain(b"\x1b[31\nnext"), ["", "next"]);
}

#[test]
fn invalid_utf8_is_replaced_piece_by_piece() {
    for bytes in [
        &b"a\xffb"[..],
        b"\xe2\x82",
        b"\xe2\x82a",
        b"\xf0\x9f\x98",
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
    ] {
        assert_eq!(plain(bytes), [String::from_utf8_lossy(bytes)], "{bytes:?}");
    }
}

#[test]
fn text_that_turns_around_is_shown_to_do_so() {
    assert_eq!(plain("safe\u{202e}exe.txt".as_bytes()), ["safe\u{fffd}exe.txt"]);
    assert_eq!(plain("a\u{200b}b\u{feff}c".as_bytes()), ["abc"]);
}

#[test]
fn piled_up_marks_are_limited() {
    let zalgo = format!("a{}b", "\u{301}".repeat(500));
    assert_eq!(plain(zalgo.as_bytes())[0].chars().count(), 2 + usize::from(chars::MAX_MARKS));
}

#[test]
fn progress_collapses_to_its_last_state() {
    for (progress, last) in [
        ("Receiving objects:  10%\rReceiving objects: 100%, done.\n", "Receiving objects: 100%, done."),
        (
            "\rReading package lists... 0%\r\rReading package lists... Done\r\n",
            "Reading package lists... Done",
        ),
        ("   ━━ 10%\x1b[2K\r   ━━━━ 100%\n", "   ━━━━ 100%"),
        ("10%\x1b[1G20%\n", "20%"),
        ("working |\x08/\x08-\x08done\n", "working done"),
        ("a long line\rshort\n", "short"),
        ("gone\r\x1b[K\n", ""),
        ("stays\r\n", "stays"),
        ("stays\r\r\n", "stays"),
    ] {
        assert_eq!(plain(progress.as_bytes()), [last], "{progress:?}");
    }
}

#[test]
fn an_unfinished_line_can_be_looked_at() {
    let mut cleaner = Cleaner::new(Arc::new(Secrets::new(["hunter22"])));
    let mut lines = Vec::new();
    cleaner.feed(b"10%\r20%", &mut lines);
    assert_eq!(cleaner.unfinished().unwrap().as_str(), "20%");
    cleaner.feed(b"\rpassword: hunte", &mut lines);
    assert_eq!(cleaner.unfinished().unwrap().as_str(), "password: ");
    cleaner.feed(b"r22", &mut lines);
    assert_eq!(cleaner.unfinished().unwrap().as_str(), "password: ••••");
    assert!(lines.is_empty());
}

#[test]
fn colours_survive_as_data() {
    let line = &clean_lines(b"plain \x1b[31mred \x1b[1mbold\x1b[0m end")[0];
    let red = Style { foreground: Some(Colour::Indexed(1)), ..Style::PLAIN };
    let pieces: Vec<_> = line.pieces().collect();
    assert_eq!(pieces[0], ("plain ", Style::PLAIN));
    assert_eq!(pieces[1], ("red ", red));
    assert!(pieces[2].0 == "bold" && pieces[2].1.attributes.has(Attributes::BOLD));
    assert_eq!(pieces[3], (" end", Style::PLAIN));
}

#[test]
fn a_colour_goes_on_into_the_next_line() {
    let lines = clean_lines(b"\x1b[32mone\ntwo\x1b[m\nthree\n");
    let green = Some(Colour::Indexed(2));
    assert_eq!(lines[0].runs()[0].style.foreground, green);
    assert_eq!(lines[1].runs()[0].style.foreground, green);
    assert!(lines[2].runs().is_empty());
}

#[test]
fn tabs_are_blanks_up_to_the_next_stop() {
    assert_eq!(plain("a\tb\té\n".as_bytes()), ["a       b       é"]);
}

#[test]
fn an_over_long_line_is_cut_with_a_mark_and_counted() {
    let lines = with(&[], 10, &[b"0123456789", b"0123456789", b"\nnext"]);
    assert_eq!((lines[0].as_str(), lines[0].cut()), ("0123456789…", 10));
    assert_eq!((lines[1].as_str(), lines[1].cut()), ("next", 0));
    let exact = with(&[], 10, &[b"0123456789\n"]);
    assert_eq!((exact[0].as_str(), exact[0].cut()), ("0123456789", 0));
    let wide = with(&[], 10, &["ééééééé".as_bytes()]);
    assert_eq!((wide[0].as_str(), wide[0].cut()), ("ééééé…", 4));
}

#[test]
fn a_hundred_megabytes_without_an_end_hold_no_memory() {
    let mut cleaner = Cleaner::new(Arc::default());
    let mut lines = Vec::new();
    let piece = vec![b'x'; 64 * 1024];
    for _ in 0..1_600 {
        cleaner.feed(&piece, &mut lines);
    }
    assert!(lines.is_empty());
    let last = cleaner.finish().unwrap();
    assert!(last.as_str().len() <= LONGEST_LINE + 3 && last.text.capacity() <= 2 * LONGEST_LINE);
    assert_eq!(last.cut(), 1_600 * 64 * 1024 - LONGEST_LINE as u64);
}

#[test]
fn secrets_are_masked_however_they_come() {
    for pieces in [
        &[&b"pw=hunter22 ok"[..]][..],
        &[b"pw=hun", b"ter22 ok"],
        &[b"pw=hun\x1b[3", b"1mter\x00", b"22\x1b[m ok"],
        &[b"pw=huntXX\x08\x08", b"er22 ok"],
    ] {
        assert_eq!(with(&["hunter22"], 100, pieces)[0].as_str(), "pw=•••• ok", "{pieces:?}");
    }
}

#[test]
fn a_secret_at_the_cut_is_not_cut_into_view() {
    for longest in 1..24 {
        let lines = with(&["hunter22"], longest, &[b"0123hunter22 and hunter22 and more"]);
        assert!(!lines[0].as_str().contains("hu"), "{longest}: {:?}", lines[0]);
    }
    assert_eq!(with(&["hunter22"], 100, &[b"broken off: hunter2"])[0].as_str(), "broken off: ");
}

#[test]
fn colours_around_a_mask_stay_in_place() {
    let line = &with(&["hunter22"], 100, &[b"a\x1b[31mhunter22\x1b[32mb\x1b[m hun\x1b[34mter22 c"])[0];
    assert_eq!(line.as_str(), "a••••b •••• c");
    let pieces: Vec<_> = line.pieces().map(|(text, style)| (text, style.foreground)).collect();
    let colour = |n| Some(Colour::Indexed(n));
    assert_eq!(
        pieces,
        [("a", None), ("••••", colour(1)), ("b", colour(2)), (" ••••", None), (" c", colour(4))]
    );
}

/// Bytes that look like what a hostile host would print.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|b| vec![b]),
        "[ -~]{1,12}".prop_map(String::into_bytes),
        any::<char>().prop_map(|c| c.to_string().into_bytes()),
        prop::sample::select(vec![
            &b"\x1b["[..],
            b"\x1b]0;",
            b"\x1b\\",
            b"\x1b[31m",
            b"\x1b[38;5;1",
            b"m",
            b"\x1bP",
            b"\r",
            b"\n",
            b"\r\n",
            b"\x1b[2K",
            b"\x1b[K",
            b"\t",
            b"\x08",
            b"hunter",
            b"22",
            b"hunter22",
            b"\xf0\x9f",
            b"\x98\x80",
            b"\x9b",
            b"\xc2\x9b",
            b"\xc2\x9d",
            b"\x07",
            b"\xe2\x80\xae",
            b"\xcc\x81",
            b"\x18",
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn in_pieces(bytes: &[u8], cuts: &[usize], longest: usize) -> Vec<CleanText> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let ends = cuts.iter().copied().chain([bytes.len()]);
    let mut start = 0;
    let pieces: Vec<&[u8]> = ends.map(|end| &bytes[std::mem::replace(&mut start, end)..end]).collect();
    with(&["hunter22"], longest, &pieces)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn how_the_bytes_were_split_makes_no_difference(
        bytes in hostile(), cuts in prop::collection::vec(any::<usize>(), 0..12), longest in 1_usize..60,
    ) {
        let whole = in_pieces(&bytes, &[], longest);
        prop_assert_eq!(&whole, &in_pieces(&bytes, &cuts, longest));
        let single: Vec<usize> = (0..bytes.len()).collect();
        prop_assert_eq!(&whole, &in_pieces(&bytes, &single, longest));
    }

    #[test]
    fn nothing_forbidden_comes_out(bytes in hostile(), longest in 1_usize..60) {
        let mut cleaner = Cleaner::with_longest(Arc::new(Secrets::new(["hunter22"])), longest);
        let mut lines = Vec::new();
        for byte in &bytes {
            cleaner.feed(std::slice::from_ref(byte), &mut lines);
            lines.extend(cleaner.unfinished());
        }
        lines.extend(cleaner.finish());
        for line in lines {
            prop_assert!(line.text.chars().all(is_clean), "{:?}", line);
            prop_assert!(!line.text.contains("hunter22"), "{:?}", line);
            prop_assert!(line.runs.is_sorted_by(|a, b| a.start < b.start), "{:?}", line);
            prop_assert!(line.runs.iter().all(|run| line.text.is_char_boundary(run.start)));
            prop_assert!(line.runs.last().is_none_or(|run| run.start < line.text.len()));
            prop_assert_eq!(line.pieces().map(|(text, _)| text).collect::<String>(), line.text);
        }
    }

    #[test]
    fn memory_is_bounded_by_the_longest_line(bytes in hostile(), longest in 1_usize..60) {
        let mut cleaner = Cleaner::with_longest(Arc::new(Secrets::new(["hunter22"])), longest);
        let mut lines = Vec::new();
        for _ in 0..20 {
            cleaner.feed(&bytes, &mut lines);
            prop_assert!(cleaner.parameters.len() <= LONGEST_PARAMETERS && cleaner.partial.len() < 4);
            prop_assert!(cleaner.unfinished().is_none_or(|line| line.text.len() <= 3 * longest + 24));
        }
        // A mask may be longer than what it hides.
        prop_assert!(lines.iter().all(|line| line.text.len() <= 3 * longest + 24));
    }

    #[test]
    fn clean_text_stays_as_it_is(text in "[a-zA-Z0-9 äöü漢字.,:;/]{0,80}") {
        let lines = clean_lines(text.as_bytes());
        prop_assert_eq!(lines.first().map_or("", CleanText::as_str), text.as_str());
        prop_assert!(lines.len() <= 1);
    }
}
