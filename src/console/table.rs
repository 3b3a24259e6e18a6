//! Tables as data: built from a snapshot, arranged by filter and sort, drawn by one widget.
//!
//! A row keeps its identity across refreshes, so the selection stays on its thing.

use std::cmp::Ordering;

use super::theme::Scope;
use crate::fleet::{EnvironmentName, InstanceId, Severity};

/// What a row is about; the selection holds on to this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// An environment.
    Environment(EnvironmentName),
    /// A server.
    Server(InstanceId),
    /// A line without a screen of its own: an activity, a listener, a fact. Its id is unique in its table.
    Line(String),
}

/// Text of one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Printable text.
    pub text: String,
    /// How it looks.
    pub scope: Scope,
}

impl Piece {
    /// Text of one style.
    pub fn new(text: impl Into<String>, scope: Scope) -> Self {
        Self { text: text.into(), scope }
    }
}

/// What a column sorts by.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SortKey {
    /// Not known: last in either direction.
    #[default]
    Unknown,
    /// A number.
    Number(f64),
    /// A text, compared without case.
    Text(String),
}

impl SortKey {
    /// Orders two keys; unknown ones come last whatever the direction.
    #[must_use]
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        let order = match (self, other) {
            (Self::Unknown, Self::Unknown) => return Ordering::Equal,
            (Self::Unknown, _) => return Ordering::Greater,
            (_, Self::Unknown) => return Ordering::Less,
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        };
        if descending { order.reverse() } else { order }
    }
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Its text.
    pub pieces: Vec<Piece>,
    /// What it sorts by.
    pub key: SortKey,
}

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading, also its name towards sorting.
    pub title: &'static str,
    /// Where its text stands.
    pub align: Align,
    /// Narrowest useful width in cells.
    pub min: u16,
    /// Widest useful width in cells.
    pub max: u16,
    /// Columns with higher numbers are left out first when space is short; 0 always stays.
    pub rank: u8,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it is about.
    pub id: RowId,
    /// How bad it is; rows without a chosen order come worst first where the table says so.
    pub severity: Severity,
    /// One cell per column.
    pub cells: Vec<Cell>,
    /// Lines under the row.
    pub details: Vec<Vec<Piece>>,
    /// Shown dimmed: pending, old, gone.
    pub dimmed: bool,
    /// The section it stands in; rows of a section stay together.
    pub section: Option<String>,
}

/// A table, before filter and order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows in their natural order.
    pub rows: Vec<Row>,
    /// For each row the one that it always stays below, or itself; empty where each stands for itself.
    pub heads: Vec<usize>,
    /// What to say when there is no row: loading, failed, forbidden, or really empty, and what to do.
    pub empty: String,
    /// Sections stand apart by an empty line.
    pub spaced: bool,
    /// Its first row is what matters: it is selected until somebody goes to another one.
    pub leads: bool,
    /// The widest text of each column, then of the sections' names: measured once when the table is built,
    /// so that drawing looks at visible rows only.
    pub content_widths: Vec<u16>,
}

/// The order somebody chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// The column's title.
    pub column: &'static str,
    /// Largest first.
    pub descending: bool,
}

/// What the operator has done with a table: kept per screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableView {
    /// The selected row.
    pub cursor: Option<RowId>,
    /// Somebody has gone there, and it was not the first row.
    pub chosen: bool,
    /// First visible row, by position in `order`.
    pub top: usize,
    /// The filter's text.
    pub filter: String,
    /// The chosen order.
    pub sort: Option<SortBy>,
    /// Rows as shown: positions in the table.
    pub order: Vec<usize>,
}
