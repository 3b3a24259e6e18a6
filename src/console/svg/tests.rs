use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::*;

fn picture(line: impl Into<Line<'static>>) -> String {
    let line = line.into();
    let width = u16::try_from(line.width()).unwrap();
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
    line.render(buffer.area, &mut buffer);
    svg(&buffer, "test", &Canvas::DARK)
}

#[test]
fn the_picture_is_as_large_as_its_cells() {
    let buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    let picture = svg(&buffer, "empty", &Canvas::DARK);
    assert!(picture.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"748\" height=\"508\""));
    assert!(!picture.contains("<text"), "blank cells draw nothing: {picture}");
    assert!(picture.ends_with("</svg>\n"));
}

#[test]
fn a_screen_without_cells_is_still_a_picture() {
    assert!(svg(&Buffer::empty(Rect::ZERO), "none", &Canvas::DARK).ends_with("</svg>\n"));
}

#[test]
fn markup_in_text_and_title_is_escaped() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 9, 1));
    buffer.set_string(0, 0, "<a&b>\"x\"", Style::new());
    let picture = svg(&buffer, "a < b & c", &Canvas::DARK);
    assert!(picture.contains(">&lt;a&amp;b&gt;&quot;x&quot;</text>"), "{picture}");
    assert!(picture.contains("<title>a &lt; b &amp; c</title>"));
}

#[test]
fn what_xml_cannot_hold_is_replaced() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
    buffer[(0, 0)].set_symbol("\u{1b}");
    let picture = svg(&buffer, "test", &Canvas::DARK);
    assert!(!picture.contains('\u{1b}') && picture.contains('\u{fffd}'), "{picture}");
}

#[test]
fn words_are_stretched_to_their_cells_and_wide_gaps_part_them() {
    let picture = picture("two words  apart");
    assert!(
        picture.contains(
            "x=\"0\" y=\"15\" textLength=\"81\" lengthAdjust=\"spacingAndGlyphs\">two words</text>"
        )
    );
    assert!(
        picture
            .contains("x=\"99\" y=\"15\" textLength=\"45\" lengthAdjust=\"spacingAndGlyphs\">apart</text>")
    );
}

#[test]
fn a_symbol_stands_in_the_middle_of_its_cell() {
    let picture = picture("a ✖ b");
    assert!(picture.contains("x=\"22.5\" y=\"15\">✖</text>"), "{picture}");
}

#[test]
fn a_wide_character_takes_two_cells() {
    let picture = picture("日x");
    assert!(picture.contains("x=\"9\" y=\"15\">日</text>"), "{picture}");
    assert!(picture.contains("x=\"18\" y=\"15\" textLength=\"9\""), "{picture}");
    assert_eq!(picture.matches("<text").count(), 2, "{picture}");
}

#[test]
fn modifiers_become_styles() {
    let line = Line::from(vec!["b".bold(), "i".italic(), "u".underlined(), "c".crossed_out(), "h".hidden()]);
    let picture = picture(line);
    for css in
        ["font-weight:700", "font-style:italic", "text-decoration:underline", "text-decoration:line-through"]
    {
        assert!(picture.contains(css), "{css}: {picture}");
    }
    assert!(!picture.contains(">h<"), "hidden text is not there: {picture}");
}

#[test]
fn reverse_swaps_the_colours_and_dim_mixes_them() {
    let reversed = picture("r".fg(Color::Rgb(1, 2, 3)).bg(Color::Rgb(250, 251, 252)).reversed());
    assert!(reversed.contains("fill=\"#010203\"") && reversed.contains("fill:#fafbfc"), "{reversed}");
    let dimmed = picture("d".fg(Color::Rgb(100, 100, 100)).bg(Color::Rgb(0, 0, 0)).dim());
    assert!(dimmed.contains("fill:#3c3c3c"), "{dimmed}");
}

#[test]
fn every_kind_of_colour_is_known() {
    let canvas = Canvas::DARK;
    assert!(picture("r".red()).contains(&format!("fill:{}", canvas.named[1])));
    assert!(picture("i".fg(Color::Indexed(16 + 36 * 5))).contains("fill:#ff0000"));
    assert!(picture("g".fg(Color::Indexed(255))).contains("fill:#eeeeee"));
    assert!(picture("n").contains(&format!("fill:{}", canvas.foreground)));
    assert!(!picture("n").contains("shape-rendering"), "the canvas is painted once");
}

#[test]
fn blocks_lines_and_braille_are_shapes_that_fill_their_cells() {
    let picture = picture("█▁─│⣿╭");
    assert!(!picture.contains("<text"), "{picture}");
    assert!(picture.contains("M0 0h9v20h-9z"), "a full block covers its cell: {picture}");
    assert!(picture.contains("M9 17h9v3h-9z"), "an eighth stands on the cell's floor: {picture}");
    assert!(picture.contains("M18 9h5v1h-5zM22 9h5v1h-5z"), "a line goes from edge to edge: {picture}");
    assert!(picture.contains("M31 0h1v10h-1zM31 9h1v11h-1z"), "and from top to floor: {picture}");
    assert_eq!(picture.matches("h0").count(), 8, "eight dots: {picture}");
    assert!(picture.contains("Q49.5 9.5 54 9.5"), "a round corner ends where a line begins: {picture}");
}

#[test]
fn underlined_blanks_are_drawn() {
    assert!(picture("a   b".underlined()).contains(">a   b</text>"));
}

#[test]
fn the_same_screen_is_the_same_picture() {
    let line = || Line::from(vec!["a".red(), "b".bold(), " ● ".green(), "c".dim()]);
    assert_eq!(picture(line()), picture(line()));
}
