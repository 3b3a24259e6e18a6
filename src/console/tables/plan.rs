//! The steps of a plan, a row each.

use super::cells;
use crate::console::state::State;
use crate::console::table::{Cell, Piece, Row, RowId, SortKey, Table};
use crate::console::theme::Scope;
use crate::console::work::{NoPlan, Sheet, Stage};
use crate::fleet::text::one_line;
use crate::fleet::{InstanceId, Severity};
use crate::plan::{Lasts, Step, Undo};

/// Builds it.
pub fn build(state: &State, sheet: &Sheet) -> Table {
    let columns = vec![
        cells::right("#", 2, 4, 0),
        cells::left("LANE", 6, 9, 5),
        cells::left("STEP", 20, 48, 0),
        cells::left("ON", 10, 30, 4),
        cells::left("CHANGES", 18, 70, 1),
        cells::left("BACK", 12, 40, 2),
    ];
    match &sheet.stage {
        Stage::Planning => {
            let empty = format!(
                "◐ Planning {} in {} …\nThe fleet is read again first, so that the plan stands on what is so now.",
                sheet.wish.operation, sheet.wish.environment
            );
            Table { columns, empty, ..Table::default() }
        }
        Stage::Refused(no) => Table { columns, empty: refused(state, sheet, no), ..Table::default() },
        Stage::Ready(plan) => {
            let rows = plan.steps.iter().map(row).collect();
            Table { columns, rows, ..Table::default() }
        }
    }
}

fn refused(state: &State, sheet: &Sheet, no: &NoPlan) -> String {
    let keys = |action| {
        let hint = state.look.keymap.hint(state.screen().contexts(), action);
        hint.unwrap_or_else(|| "the palette".into())
    };
    let again = keys(crate::console::action::Action::PlanAgain);
    let begin = keys(crate::console::action::Action::Begin);
    let override_it = no.word.map_or_else(String::new, |word| {
        format!("\n{begin} plans it all the same: it asks you to type “{word}”.")
    });
    let type_them = if no.lacks.is_empty() {
        String::new()
    } else {
        let key = if no.word.is_some() { &again } else { &begin };
        format!("\n{key} asks for what is missing, and writes it into the file of secrets.")
    };
    format!(
        "✖ No plan for {} in {}.\n{}\nNothing was changed.{type_them}{override_it}\n{again} tries again.",
        sheet.wish.operation, sheet.wish.environment, no.words
    )
}

/// The row of a step in the tables of plans and of runs.
pub fn row_id(step: &Step) -> RowId {
    RowId::Line(step.id.to_string())
}

fn row(step: &Step) -> Row {
    let mut details = Vec::new();
    if let Some(noticed) = &step.noticed {
        details.push(vec![
            Piece::new("▲ ", Scope::Severity(Severity::Warn)),
            Piece::new(format!("users notice: {}", one_line(noticed)), Scope::Text),
        ]);
    }
    Row {
        id: row_id(step),
        severity: if step.destructive { Severity::Warn } else { Severity::Ok },
        cells: vec![
            number(step),
            cells::dim(step.lane.as_str()),
            title(step),
            target(step),
            change(step),
            back(step),
        ],
        details,
        dimmed: false,
        section: None,
    }
}

/// On what: a server by its short id, as everywhere.
pub fn target(step: &Step) -> Cell {
    let target = one_line(&step.target);
    let is_id = |word: &str| word.len() > 12 && word.starts_with("i-");
    let short =
        |word: &str| if is_id(word) { InstanceId::new(word).short().to_owned() } else { word.to_owned() };
    cells::dim(target.split(' ').map(short).collect::<Vec<_>>().join(" "))
}

fn number(step: &Step) -> Cell {
    let key = SortKey::Number(f64::from(step.id.0));
    cells::sorted(cells::dim(step.id.to_string()), key)
}

fn title(step: &Step) -> Cell {
    let title = one_line(&step.title);
    let mut pieces = Vec::new();
    if step.destructive {
        pieces.push(Piece::new("▲ ", Scope::Severity(Severity::Warn)));
    }
    pieces.push(Piece::new(title.clone(), Scope::Text));
    if step.soft {
        pieces.push(Piece::new(" (goes on if it fails)", Scope::TextDim));
    }
    Cell { pieces, key: SortKey::Text(title) }
}

/// From what to what.
pub fn change(step: &Step) -> Cell {
    let Some(change) = step.change() else { return cells::nothing() };
    cells::text(one_line(&change), Scope::TextStrong)
}

fn back(step: &Step) -> Cell {
    let words = match (&step.undo, step.lasts) {
        (Undo::Nothing, _) => return cells::nothing(),
        (Undo::Cannot(words), _) => {
            let pieces = vec![
                Piece::new("✖ ", Scope::Severity(Severity::Down)),
                Piece::new(format!("stays: {}", one_line(words)), Scope::Severity(Severity::Down)),
            ];
            return Cell { pieces, key: SortKey::Text("z".into()) };
        }
        (Undo::Restore, Lasts::UntilTheEnd) => "in the end".to_owned(),
        (Undo::Restore, Lasts::UnlessStopped) if step.settles.contains(&step.id) => "in the end".to_owned(),
        (Undo::Restore, Lasts::UnlessStopped) => "if the run stops".to_owned(),
        (Undo::Restore, Lasts::Stays) => step.before.clone().unwrap_or_else(|| "on undo".into()),
        (Undo::Reverse(words), _) => words.clone(),
    };
    cells::text(format!("↩ {}", one_line(&words)), Scope::TextDim)
}
