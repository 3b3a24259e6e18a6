//! Writes a drawn screen as an SVG picture: what the screenshots are made of.
//!
//! Every cell keeps its place whatever font the reader has: text is stretched to its cells, and blocks,
//! lines and braille are drawn as shapes rather than taken from a font.

mod color;
mod shapes;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

pub use color::{Canvas, Rgb};
use shapes::Shape;

/// Width of a cell in pixels; three fifths of the font size, as monospace fonts have it.
const WIDTH: usize = 9;
/// Height of a cell in pixels.
const HEIGHT: usize = 20;
/// From the top of a cell to the text's base line, in pixels.
const BASELINE: usize = 15;
/// Between the screen and the picture's edge, in pixels.
const MARGIN: usize = 14;

/// What of a cell's modifiers its text shows; the others are in its colours.
const SHOWN: Modifier =
    Modifier::BOLD.union(Modifier::ITALIC).union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// How a cell's text looks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Look {
    fill: Rgb,
    /// Bits of the modifiers in `SHOWN`.
    modifiers: u16,
}

/// The picture of a drawn screen. `title` is for those who cannot see it.
#[must_use]
pub fn svg(buffer: &Buffer, title: &str, canvas: &Canvas) -> String {
    let columns = usize::from(buffer.area.width);
    let lines = usize::from(buffer.area.height);
    let (width, height) = (columns * WIDTH + 2 * MARGIN, lines * HEIGHT + 2 * MARGIN);
    let mut picture =
        Picture { canvas, backgrounds: String::new(), texts: String::new(), looks: BTreeMap::new() };
    for (line, cells) in buffer.content.chunks(columns.max(1)).enumerate() {
        picture.backgrounds_of(line, cells);
        picture.texts_of(line, cells);
    }
    let title = escape(title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>\n\
         text{{font-family:ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:15px;white-space:pre}}\n\
         .m{{text-anchor:middle}}\n.l{{fill:none;stroke-width:1.2}}\n.d{{fill:none;stroke-width:2.8;stroke-linecap:round}}\n"
    );
    for (look, class) in &picture.looks {
        // Writing to a String cannot fail.
        let _ = writeln!(out, ".{class}{{{}}}", look.css());
    }
    let _ = write!(
        out,
        "</style>\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\" xml:space=\"preserve\">\n{}{}</g>\n</svg>\n",
        canvas.background, picture.backgrounds, picture.texts
    );
    out
}

struct Picture<'a> {
    canvas: &'a Canvas,
    backgrounds: String,
    texts: String,
    looks: BTreeMap<Look, String>,
}

impl Picture<'_> {
    /// Stretches of one background, but for the canvas's own.
    fn backgrounds_of(&mut self, line: usize, cells: &[Cell]) {
        let mut start = 0;
        while start < cells.len() {
            let color = self.canvas.colors(&cells[start]).1;
            let same = cells[start..].iter().take_while(|cell| self.canvas.colors(cell).1 == color).count();
            if color != self.canvas.background {
                let (x, y, width) = (start * WIDTH, line * HEIGHT, same * WIDTH);
                let _ = writeln!(
                    self.backgrounds,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{color}\" shape-rendering=\"crispEdges\"/>"
                );
            }
            start += same;
        }
    }

    /// Words, symbols and shapes of a line.
    fn texts_of(&mut self, line: usize, cells: &[Cell]) {
        let mut shapes: BTreeMap<(Rgb, &str), String> = BTreeMap::new();
        let mut at = 0;
        while at < cells.len() {
            let cell = &cells[at];
            let symbol = cell.symbol();
            let width = symbol.width().max(1);
            let look = self.look(cell);
            if cell.modifier.contains(Modifier::HIDDEN) || is_blank(symbol) && !look.marks() {
                at += width;
            } else if let Some(shape) = Shape::of(symbol) {
                let (x, y) = (at * WIDTH, line * HEIGHT);
                shape.write(x, y, shapes.entry((look.fill, shape.class())).or_default());
                at += width;
            } else if symbol.is_ascii() {
                let length = self.word(&cells[at..], look);
                self.write_word(line, at, &cells[at..at + length], look);
                at += length;
            } else {
                self.write_symbol(line, at, width, symbol, look);
                at += width;
            }
        }
        for ((color, class), path) in shapes {
            let paint = if class.is_empty() {
                format!("fill=\"{color}\"")
            } else {
                format!("class=\"{class}\" stroke=\"{color}\"")
            };
            let _ = writeln!(self.texts, "<path {paint} d=\"{path}\"/>");
        }
    }

    /// How many cells from here on are ASCII text of one look, without the blanks at the end. Two blanks
    /// end a word: the next one is placed anew.
    fn word(&self, cells: &[Cell], look: Look) -> usize {
        let mut length = 0;
        for (n, cell) in cells.iter().enumerate() {
            let gap = is_blank(cell.symbol()) && !look.marks();
            if !cell.symbol().is_ascii() || self.look(cell) != look || (gap && n > length) {
                break;
            }
            if !gap {
                length = n + 1;
            }
        }
        length
    }

    fn write_word(&mut self, line: usize, at: usize, cells: &[Cell], look: Look) {
        let text: String = cells.iter().map(Cell::symbol).collect();
        let (x, y, length) = (at * WIDTH, line * HEIGHT + BASELINE, cells.len() * WIDTH);
        let (class, text) = (self.class(look), escape(&text));
        let _ = writeln!(
            self.texts,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\">{text}</text>"
        );
    }

    /// A symbol may come from another font: it stands in the middle of its cells.
    fn write_symbol(&mut self, line: usize, at: usize, width: usize, symbol: &str, look: Look) {
        let (x, y) = (at * WIDTH * 2 + width * WIDTH, line * HEIGHT + BASELINE);
        let (half, rest) = (x / 2, if x % 2 == 1 { ".5" } else { "" });
        let (class, text) = (self.class(look), escape(symbol));
        let _ = writeln!(self.texts, "<text class=\"m {class}\" x=\"{half}{rest}\" y=\"{y}\">{text}</text>");
    }

    fn look(&self, cell: &Cell) -> Look {
        Look { fill: self.canvas.colors(cell).0, modifiers: cell.modifier.intersection(SHOWN).bits() }
    }

    fn class(&mut self, look: Look) -> String {
        let next = format!("s{}", self.looks.len());
        self.looks.entry(look).or_insert(next).clone()
    }
}

impl Look {
    const fn has(self, modifier: Modifier) -> bool {
        self.modifiers & modifier.bits() != 0
    }

    /// Whether even a blank shows something.
    const fn marks(self) -> bool {
        self.has(Modifier::UNDERLINED) || self.has(Modifier::CROSSED_OUT)
    }

    fn css(self) -> String {
        let mut css = format!("fill:{}", self.fill);
        if self.has(Modifier::BOLD) {
            css.push_str(";font-weight:700");
        }
        if self.has(Modifier::ITALIC) {
            css.push_str(";font-style:italic");
        }
        match (self.has(Modifier::UNDERLINED), self.has(Modifier::CROSSED_OUT)) {
            (true, true) => css.push_str(";text-decoration:underline line-through"),
            (true, false) => css.push_str(";text-decoration:underline"),
            (false, true) => css.push_str(";text-decoration:line-through"),
            (false, false) => {}
        }
        css
    }
}

fn is_blank(symbol: &str) -> bool {
    symbol.chars().all(|c| c == ' ' || c == '\u{a0}')
}

/// Text as XML wants it; what XML cannot hold becomes a replacement character.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
