//! What stands on top of the screen: filter, palette, help and lists of facts.

use crokey::KeyCombination;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui_textarea::TextArea;

use super::navigation::{self, Step, target};
use super::{actions, dialog, filter, line, lines, logs, operate, question, triage};
use crate::console::action::Action;
use crate::console::dialogs::Asks;
use crate::console::event::Effect;
use crate::console::line::type_key;
use crate::console::state::{Overlay, State};
use crate::console::{palette, views};

/// Opens the palette.
pub fn open_palette(state: &mut State) {
    state.overlay = None;
    let matches = palette::matches(state, "");
    state.overlay = Some(Overlay::Palette { input: Box::new(TextArea::default()), matches, cursor: 0 });
    state.dirty = true;
}

/// Opens a list to read, or closes it when it is open already.
pub fn toggle(state: &mut State, overlay: Overlay) {
    let same = state
        .overlay
        .as_ref()
        .is_some_and(|open| std::mem::discriminant(open) == std::mem::discriminant(&overlay));
    state.overlay = (!same).then_some(overlay);
    state.dirty = true;
}

/// An action while something is on top. `None`: it is meant for the screen below.
pub fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let step = match action {
        Action::Down => Some(Step::Rows(1)),
        Action::Up => Some(Step::Rows(-1)),
        Action::PageDown => Some(Step::Screens(1)),
        Action::PageUp => Some(Step::Screens(-1)),
        Action::First => Some(Step::First),
        Action::Last => Some(Step::Last),
        _ => None,
    };
    match &state.overlay {
        Some(Overlay::Run(_)) => return dialog::act(state, action, step),
        Some(Overlay::Logs(_)) => return logs::act(state, action, step),
        Some(Overlay::Question(_)) => return question::act(state, action),
        Some(Overlay::Operations(_)) => return operate::act_list(state, action, step),
        Some(Overlay::Choices(_)) => return operate::act_choices(state, action, step),
        Some(Overlay::Line(_)) => return line::act(state, action, step),
        _ => {}
    }
    let count = views::overlay::lines(state);
    let screenful = usize::from(state.size.1.saturating_sub(6).max(1));
    let overlay = state.overlay.as_mut()?;
    state.dirty = true;
    match (overlay, step, action) {
        (Overlay::Palette { matches, cursor, .. }, Some(step), _) => {
            *cursor = target(*cursor, matches.len(), screenful, step);
            Some(Vec::new())
        }
        (Overlay::Palette { matches, cursor, .. }, None, Action::Open) => {
            let chosen = matches.get(*cursor).map(|entry| entry.target.clone());
            state.overlay = None;
            Some(chosen.map(|target| actions::follow(state, target)).unwrap_or_default())
        }
        (Overlay::Filter { .. }, Some(step), _) => {
            navigation::select(state, step);
            Some(Vec::new())
        }
        (Overlay::Filter { before, .. }, None, Action::Close) => {
            let before = std::mem::take(before);
            state.overlay = None;
            filter::apply(state, &before);
            Some(Vec::new())
        }
        (
            Overlay::Help { top }
            | Overlay::Problems { top }
            | Overlay::Freshness { top }
            | Overlay::Detail { top },
            Some(step),
            _,
        ) => {
            // Scrolling ends where the last screenful begins.
            let last = count.saturating_sub(screenful) + 1;
            *top = target(*top, last, screenful, step);
            Some(Vec::new())
        }
        (_, None, Action::Close | Action::Open) => {
            state.overlay = None;
            Some(Vec::new())
        }
        _ => None,
    }
}

/// A key that is typed into what is on top.
pub fn typed(state: &mut State, key: KeyEvent, chord: KeyCombination) -> Vec<Effect> {
    if let Some(effects) = question::answered(state, key)
        .or_else(|| dialog::toggled(state, key))
        .or_else(|| logs::toggled(state, key))
        .or_else(|| operate::typed(state, key))
    {
        return effects;
    }
    let digit = matches!(key.code, KeyCode::Char(letter) if letter.is_ascii_digit());
    if digit && matches!(state.overlay, Some(Overlay::Run(_))) && triage::just_led(state) {
        return Vec::new();
    }
    let plain = crate::console::chord::types_text(chord);
    let longest = longest(state);
    edit(state, |input| {
        let full = input.lines().first().is_some_and(|line| line.chars().count() >= longest);
        // One line only, and never longer than what can be shown and searched.
        let breaks_line = matches!(key.code, KeyCode::Enter | KeyCode::Tab);
        if !(breaks_line || plain && full) {
            type_key(input, key);
        }
    });
    Vec::new()
}

/// The longest text that can be typed into what is on top.
fn longest(state: &State) -> usize {
    match state.overlay {
        Some(Overlay::Run(_)) => crate::console::dialogs::LONGEST,
        Some(Overlay::Question(ref question))
            if matches!(question.asks, Asks::Hidden(_) | Asks::Secret(_)) =>
        {
            crate::console::dialogs::LONGEST
        }
        _ => filter::LONGEST,
    }
}

/// Text pasted into what is on top: its first line, as far as there is room.
pub fn pasted(state: &mut State, text: &str) {
    if let Some(Overlay::Choices(choices)) = &mut state.overlay {
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        for c in line.chars() {
            choices.write(Some(c));
        }
        state.dirty = true;
        return;
    }
    let longest = longest(state);
    edit(state, |input| {
        let used = input.lines().first().map_or(0, |line| line.chars().count());
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        let line: String = line
            .chars()
            .filter(|c| crate::fleet::text::is_printable(*c))
            .take(longest.saturating_sub(used))
            .collect();
        input.insert_str(line);
    });
}

fn edit(state: &mut State, edit: impl FnOnce(&mut TextArea<'static>)) {
    let text_of = |input: &TextArea<'static>| input.lines().first().cloned().unwrap_or_default();
    match &mut state.overlay {
        Some(Overlay::Filter { input, .. }) => {
            edit(input);
            let text = text_of(input);
            filter::apply(state, text.trim_start());
        }
        Some(Overlay::Palette { input, .. }) => {
            let before = text_of(input);
            edit(input);
            let typed = text_of(input);
            if before != typed {
                let found = palette::matches(state, &typed);
                if let Some(Overlay::Palette { matches, cursor, .. }) = &mut state.overlay {
                    *matches = found;
                    *cursor = 0;
                }
            }
        }
        Some(Overlay::Operations(list)) => {
            edit(&mut list.input);
            list.narrow();
        }
        Some(Overlay::Line(line)) => {
            edit(&mut line.input);
            let (kind, text) = (line.kind, line.text().to_owned());
            lines::apply_line(state, kind, &text);
        }
        Some(Overlay::Run(dialog)) => {
            let before = dialog.text().to_owned();
            edit(&mut dialog.command);
            if before != dialog.text() {
                dialog.suggest();
            }
        }
        Some(Overlay::Question(question)) if !matches!(question.asks, Asks::Key(_)) => {
            edit(&mut question.input);
        }
        _ => return,
    }
    state.dirty = true;
}
