//! Aligned columns as plain text.

use unicode_width::UnicodeWidthStr;

/// Lines of cells under a line of headings. The last column is not padded.
pub(crate) fn align<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let mut widths = headings.map(UnicodeWidthStr::width);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.width().min(width) + 2));
        }
        line.truncate(line.trim_end().len());
        line
    };
    std::iter::once(line(headings))
        .chain(rows.iter().map(|row| line(row.each_ref().map(String::as_str))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_whatever_the_letters() {
        let rows = [["é".into(), "1".into()], ["日本".into(), "2".into()]];
        assert_eq!(align(["A", "B"], &rows), ["A     B", "é     1", "日本  2"]);
    }
}
