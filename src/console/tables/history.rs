//! Every run in an environment: when, who, what, how it ended.

use jiff::SignedDuration;

use super::cells;
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Cell, Piece, Row, RowId, SortKey, Table};
use crate::console::theme::Scope;
use crate::console::views::run::clock;
use crate::console::work::Record;
use crate::engine::store::RunState;
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentName, Severity};

/// Builds it.
pub fn build(state: &State, environment: &EnvironmentName) -> Table {
    let here = state.desk.history.iter().flatten().filter(|past| past.environment == *environment);
    let empty = match (&state.desk.history, &state.desk.unread) {
        (_, Some(why)) => format!("✖ The history cannot be read.\n{why}"),
        (None, None) => "◌ Reading the runs from disk …".to_owned(),
        (Some(_), None) => format!(
            "· Nothing was run in {environment} from this machine yet.\nOperations and commands on servers are kept \
             here, with their output.\nWhat others changed is in the timeline (T), in the group's activities and in CloudTrail."
        ),
    };
    Table {
        columns: vec![
            cells::left("RUN", 15, 17, 0),
            cells::left("ENDED", 11, 22, 0),
            cells::right("WHEN", 4, 8, 1),
            cells::right("TOOK", 7, 8, 3),
            cells::left("WHO", 12, 20, 4),
            cells::left("OPERATION", 14, 26, 2),
            cells::left("WHAT", 10, 400, 1),
        ],
        rows: here.map(|past| row(state, past)).collect(),
        empty,
        ..Table::default()
    }
}

/// How a run ended, and how bad that is.
pub fn ended(past: &Record) -> (Severity, String) {
    let (done, all) = past.progress;
    match past.state {
        RunState::Running => (Severity::Changing, format!("{done} of {all} done")),
        RunState::Interrupted if past.is_plan => (Severity::Warn, format!("interrupted, {done} of {all}")),
        state if !past.left.is_empty() => {
            (Severity::Down, format!("{}, {} left", state.word(), past.left.len()))
        }
        state if past.holds => (Severity::Down, format!("{}, not put back", state.word())),
        RunState::Done => (Severity::Ok, "done".into()),
        RunState::Failed => (Severity::Down, "failed".into()),
        RunState::Cancelled => (Severity::Idle, "cancelled".into()),
        RunState::Interrupted => (Severity::Unknown, "interrupted".into()),
    }
}

fn row(state: &State, past: &Record) -> Row {
    let (severity, words) = ended(past);
    let took = past.took().map_or_else(cells::nothing, |seconds| {
        let span = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        cells::sorted(cells::dim(clock(span)), SortKey::Number(span.as_secs_f64()))
    });
    let details = past.left.iter().map(|left| {
        let (severity, text) = super::work::left_words(left);
        vec![cells::glyph(severity), Piece::new(text, Scope::Severity(severity))]
    });
    let when = cells::dim(age::since(past.at, state.now));
    Row {
        id: RowId::Line(past.id.to_string()),
        severity,
        cells: vec![
            cells::text(past.id.to_string(), Scope::Text),
            cells::state(severity, words),
            cells::sorted(when, cells::number(Some(past.at.as_second()))),
            took,
            cells::dim(one_line(&past.who)),
            Cell {
                key: SortKey::Text(past.operation.clone()),
                ..cells::text(past.operation.as_str(), Scope::Text)
            },
            cells::text(one_line(&past.what), Scope::Text),
        ],
        details: details.collect(),
        dimmed: false,
        section: None,
    }
}
