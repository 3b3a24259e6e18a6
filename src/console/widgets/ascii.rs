//! Plain ASCII for terminals and fonts without glyphs: every drawn cell is translated, so that no view can
//! forget.

use ratatui::buffer::Buffer;

/// Translates a whole screen. A character without a translation becomes `?`.
pub fn translate(buffer: &mut Buffer) {
    let width = usize::from(buffer.area.width);
    let mut after_wide = false;
    for (n, cell) in buffer.content.iter_mut().enumerate() {
        if n % width.max(1) == 0 {
            after_wide = false;
        }
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            after_wide = false;
            continue;
        }
        let wide = super::text::width(symbol) > 1;
        let plain = if after_wide { " " } else { plain(symbol) };
        after_wide = wide;
        cell.set_symbol(plain);
    }
}

/// Glyphs and what stands for them; both columns have one character per glyph.
const GLYPHS: &str = "✓≥·●◐◌▲✖›→…–—─│┤╭╮╰╯└┌┐┘┼×“”’↑↓▁▂▃▄▅▆▇█";
const PLAIN: &str = "*>.o~?!X>>$---||+++++++++x\"\"'^v_.:-=+*#";

/// One ASCII character for a glyph.
#[must_use]
pub fn plain(symbol: &str) -> &'static str {
    let Some(glyph) = symbol.chars().next() else { return " " };
    if ('\u{2801}'..='\u{28ff}').contains(&glyph) {
        return "*";
    }
    let place = GLYPHS.chars().position(|c| c == glyph);
    place.and_then(|n| PLAIN.get(n..=n)).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Severity;

    #[test]
    fn every_glyph_has_its_own_plain_character() {
        assert_eq!(GLYPHS.chars().count(), PLAIN.len());
        for severity in Severity::ALL {
            assert_eq!(plain(severity.glyph()), severity.ascii());
        }
        assert_eq!((plain("…"), plain("█"), plain("⣿"), plain("漢")), ("$", "#", "*", "?"));
    }
}
