//! Filter, order, hold and selection, on small tables.

use super::*;
use crate::console::table::{Align, Cell, Column, Piece};
use crate::console::theme::Scope;
use crate::fleet::Severity;

fn row(id: &str, key: SortKey, section: Option<&str>) -> Row {
    Row {
        id: RowId::Line(id.into()),
        severity: Severity::Ok,
        cells: vec![Cell { pieces: vec![Piece::new(format!("Row {id}"), Scope::Text)], key }],
        details: Vec::new(),
        dimmed: false,
        section: section.map(str::to_owned),
    }
}

fn table(rows: Vec<Row>) -> Table {
    let columns = vec![Column { title: "KEY", align: Align::Left, min: 4, max: 10, rank: 0 }];
    Table { columns, rows, ..Table::default() }
}

fn numbers(keys: &[Option<f64>]) -> Table {
    let key = |k: &Option<f64>| k.map_or(SortKey::Unknown, SortKey::Number);
    table(keys.iter().enumerate().map(|(n, k)| row(&n.to_string(), key(k), None)).collect())
}

#[test]
fn words_must_all_be_there_and_excluded_ones_must_not() {
    let row = row("Alpha 10.0.1.5", SortKey::Unknown, Some("web"));
    for (filter, kept) in [
        ("", true),
        ("alpha", true),
        ("ALPHA 10.0", true),
        ("web", true),
        ("alpha beta", false),
        ("!beta", true),
        ("!alpha", false),
        ("alpha !10.0", false),
        ("!", true),
    ] {
        assert_eq!(Filter::parse(filter).keeps(&row), kept, "{filter}");
    }
}

#[test]
fn unknown_sorts_last_in_both_directions() {
    let table = numbers(&[None, Some(2.0), Some(1.0), None, Some(3.0)]);
    let by = |descending| order(&table, "", Some(SortBy { column: "KEY", descending }), None);
    assert_eq!(by(false), [2, 1, 4, 0, 3]);
    assert_eq!(by(true), [4, 1, 2, 0, 3]);
}

#[test]
fn what_belongs_below_a_row_stays_there_however_rows_are_ordered_or_held() {
    let mut table = numbers(&[Some(2.0), Some(9.0), Some(3.0), Some(1.0)]);
    table.heads = vec![0, 0, 2, 2];
    let by = |descending| order(&table, "", Some(SortBy { column: "KEY", descending }), None);
    assert_eq!(by(false), [0, 1, 2, 3]);
    assert_eq!(by(true), [2, 3, 0, 1]);
    // Row 1 was there alone, for the cause came later; then the others.
    let held = [1, 2, 3].map(|n: usize| RowId::Line(n.to_string()));
    assert_eq!(order(&table, "", None, Some(&held)), [2, 3, 0, 1]);
    assert_eq!(order(&table, "!0", None, Some(&held)), [1, 2, 3], "without its head it stands for itself");
}

#[test]
fn rows_of_a_section_stay_together_in_any_order() {
    let key = SortKey::Number;
    let table = table(vec![
        row("a", key(3.0), Some("web")),
        row("b", key(1.0), Some("db")),
        row("c", key(2.0), Some("web")),
        row("d", key(0.0), Some("db")),
    ]);
    assert_eq!(order(&table, "", None, None), [0, 2, 1, 3]);
    assert_eq!(order(&table, "", Some(SortBy { column: "KEY", descending: false }), None), [2, 0, 3, 1]);
}

#[test]
fn a_held_order_keeps_rows_where_they_are_and_new_ones_come_last() {
    let table = numbers(&[Some(1.0), Some(2.0), Some(3.0)]);
    let held = [RowId::Line("2".into()), RowId::Line("gone".into()), RowId::Line("0".into())];
    assert_eq!(order(&table, "", None, Some(&held)), [2, 0, 1]);
}

#[test]
fn a_sort_by_a_column_that_is_not_there_is_the_natural_order() {
    let table = numbers(&[Some(2.0), Some(1.0)]);
    assert_eq!(order(&table, "", Some(SortBy { column: "OTHER", descending: true }), None), [0, 1]);
}

#[test]
fn the_selected_row_stays_on_its_line_of_the_screen() {
    let keys: Vec<_> = (0..100).map(|n| Some(f64::from(n))).collect();
    let before = numbers(&keys);
    let shown: Vec<_> = before.rows.iter().map(|r| r.id.clone()).collect();
    let mut view = TableView {
        cursor: Some(RowId::Line("50".into())),
        top: 45,
        order: (0..100).collect(),
        ..TableView::default()
    };
    let mut after = before.clone();
    after.rows.drain(..20);
    arrange(&mut view, &after, &shown, false, 10);
    assert_eq!(place_of(&view, &after), Some(30));
    assert_eq!(view.top, 25);
}

#[test]
fn an_empty_table_keeps_what_was_selected_for_when_rows_come_back() {
    let full = numbers(&[Some(1.0), Some(2.0)]);
    let shown: Vec<_> = full.rows.iter().map(|r| r.id.clone()).collect();
    let mut view =
        TableView { cursor: Some(RowId::Line("1".into())), order: vec![0, 1], ..TableView::default() };
    arrange(&mut view, &table(Vec::new()), &shown, true, 10);
    assert_eq!(view.order, Vec::<usize>::new());
    arrange(&mut view, &full, &[], false, 10);
    assert_eq!(view.cursor, Some(RowId::Line("1".into())));
}

#[test]
fn where_the_first_row_is_what_matters_it_is_selected_until_somebody_goes_to_another() {
    let leading = |rows: &[&str]| {
        let rows = rows.iter().map(|id| row(id, SortKey::Unknown, None)).collect();
        Table { leads: true, ..table(rows) }
    };
    let ids = |table: &Table| table.rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>();
    let selected = |view: &TableView| match &view.cursor {
        Some(RowId::Line(id)) => id.clone(),
        other => panic!("{other:?}"),
    };
    let (first, then) = (leading(&["small"]), leading(&["worst", "bad", "small"]));
    let mut view = TableView::default();
    arrange(&mut view, &first, &[], false, 10);
    assert_eq!(selected(&view), "small");
    arrange(&mut view, &then, &ids(&first), true, 10);
    assert_eq!(selected(&view), "small", "nothing moves while rows are held");
    arrange(&mut view, &then, &ids(&first), false, 10);
    assert_eq!(selected(&view), "worst");
    (view.cursor, view.chosen) = (Some(RowId::Line("bad".into())), true);
    let more = leading(&["fatal", "worst", "bad", "small"]);
    arrange(&mut view, &more, &ids(&then), false, 10);
    assert_eq!(selected(&view), "bad", "it stays on what was chosen");
    arrange(&mut view, &leading(&["fatal", "small"]), &ids(&more), false, 10);
    assert!(!view.chosen, "that is gone");
}
