//! Lists with dashes: items come and go by whole lines, and what stands beside and between them stays.

use super::spots::{Kind, Spot};
use super::{EditError, Editor, column, line_end, word};

impl Editor<'_> {
    pub(super) fn replace_lines(&mut self, items: &[Spot], wanted: &[String]) -> Result<(), EditError> {
        let mut texts = Vec::new();
        for item in items {
            match &item.kind {
                Kind::Scalar { text, block: false, absent: false } if !item.anchored => {
                    texts.push(text.clone());
                }
                _ => return self.shape("holds more than words"),
            }
        }
        let Some((first, last)) = items.first().zip(items.last()) else {
            return self.shape("has no place to stand");
        };
        if wanted.is_empty() {
            return self.shape("would be left without an item");
        }
        let kept: Vec<&String> = texts.iter().filter(|text| wanted.contains(text)).collect();
        let moves = kept.is_empty() || !wanted.iter().take(kept.len()).eq(kept.iter().copied());
        let (first_start, last_end) = (first.start, last.end);
        let (added, gone): (&[String], Vec<usize>) = if moves {
            // Another order: words change their places, lines do not.
            for ((item, old), new) in items.iter().zip(&texts).zip(wanted) {
                if old != new {
                    self.cut(item.start, item.end, word(new));
                }
            }
            (
                wanted.get(items.len()..).unwrap_or_default(),
                (wanted.len().min(items.len())..items.len()).collect(),
            )
        } else {
            let gone = (0..texts.len()).filter(|n| !wanted.contains(&texts[*n])).collect();
            (&wanted[kept.len()..], gone)
        };
        for n in gone {
            self.remove_line(&items[n]);
        }
        if !added.is_empty() {
            let dash = self.dash(first_start);
            let indent = " ".repeat(column(&self.text, dash));
            let between: String = self.text[dash + 1..first_start].iter().collect();
            let end = line_end(&self.text, last_end);
            let mut lines = String::new();
            for text in added {
                lines.push_str(self.line_break);
                lines.extend([indent.as_str(), "-", &between, &word(text)]);
            }
            self.cut(end, end, lines);
        }
        Ok(())
    }

    /// The dash of an item.
    fn dash(&self, item: usize) -> usize {
        (0..item).rev().find(|at| self.text[*at] == '-').unwrap_or(item)
    }

    /// Takes an item's line away; a comment beside it stays on a line of its own.
    fn remove_line(&mut self, item: &Spot) {
        let dash = self.dash(item.start);
        let begin = dash - column(&self.text, dash);
        let end = line_end(&self.text, item.end);
        let beside: String = self.text[item.end..end].iter().collect();
        if beside.trim().is_empty() && begin > 0 {
            let mut from = begin - 1;
            if from > 0 && self.text[from - 1] == '\r' {
                from -= 1;
            }
            self.cut(from, end, "");
        } else {
            let comment = item.end + (beside.chars().count() - beside.trim_start().chars().count());
            self.cut(dash, comment, "");
        }
    }
}
