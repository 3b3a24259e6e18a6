//! What keys do to lines, on the screens of runs and logs: they scroll, follow, are searched, narrowed, copied and
//! saved.

use super::navigation::{self, Step};
use super::toast;
use crate::console::action::Action;
use crate::console::event::Effect;
use crate::console::line::{LineInput, LineKind};
use crate::console::panes::{self, CLIPBOARD, Entry, Kept, Looks, Pane, Room};
use crate::console::screen::Screen;
use crate::console::state::{Overlay, State};
use crate::console::table::RowId;
use crate::console::tables::cells;
use crate::console::views;
use crate::fleet::Severity;

/// A pane of the screen, to change it.
fn pane_mut(state: &mut State, place: usize) -> Option<&mut Pane> {
    match *state.screen() {
        Screen::Run(ticket) => state.shelf.run_mut(ticket)?.members.get_mut(place).map(|m| &mut m.pane),
        Screen::Logs(ticket) => state.shelf.logs_mut(ticket).map(|logs| &mut logs.pane),
        Screen::Work(ticket) => {
            state.desk.work_mut(ticket)?.printers.all.get_mut(place).map(|printer| &mut printer.pane)
        }
        _ => None,
    }
}

/// How the screen's lines are looked at.
fn looks(state: &State) -> Option<&Looks> {
    let of_run = state.run().map(|run| &run.looks);
    let of_work = || state.work().map(|work| &work.printers.looks);
    of_run.or_else(|| state.logs().map(|logs| &logs.looks)).or_else(of_work)
}

/// Changes how the screen's lines are looked at.
fn look(state: &mut State, change: impl FnOnce(&mut Looks)) {
    match *state.screen() {
        Screen::Run(ticket) => {
            if let Some(run) = state.shelf.run_mut(ticket) {
                change(&mut run.looks);
                run.narrow();
                run.search();
            }
        }
        Screen::Logs(ticket) => {
            if let Some(logs) = state.shelf.logs_mut(ticket) {
                change(&mut logs.looks);
                logs.narrow();
                logs.search();
            }
        }
        Screen::Work(ticket) => {
            if let Some(work) = state.desk.work_mut(ticket) {
                change(&mut work.printers.looks);
                work.printers.look();
            }
        }
        _ => {}
    }
    state.dirty = true;
}

/// An action on lines. `None`: it is none.
pub fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let selected = views::panes::selected(state)?;
    match action {
        Action::Follow => follow(state, selected),
        Action::Search => ask(state, LineKind::Search),
        Action::Narrow => ask(state, LineKind::Narrow),
        Action::SearchNext => search(state, selected, true),
        Action::SearchPrevious => search(state, selected, false),
        Action::OnlyErrors => look(state, |looks| looks.only_errors = !looks.only_errors),
        Action::Level => look(state, Looks::next_level),
        Action::Wrap => look(state, |looks| looks.wrap = !looks.wrap),
        Action::Timestamps => look(state, |looks| looks.timestamps = !looks.timestamps),
        Action::Save => ask(state, LineKind::Save),
        Action::CopyLine => return Some(copy_line(state, selected)),
        Action::CopySeen => return Some(copy_seen(state, selected)),
        Action::CopyAll => return Some(copy_all(state, selected)),
        _ => return None,
    }
    Some(Vec::new())
}

/// Scrolls the pane that fills the screen. False where servers are selected instead.
pub fn scroll(state: &mut State, step: Step) -> bool {
    if !views::panes::is_one(state) {
        return false;
    }
    if let Some(selected) = views::panes::selected(state) {
        scroll_pane(state, selected, step);
    }
    true
}

/// Scrolls a pane.
pub fn scroll_pane(state: &mut State, place: usize, step: Step) {
    let Some(room) = views::panes::room(state, place) else { return };
    let step = match step {
        Step::Rows(by) => panes::Step::Rows(by),
        Step::Screens(by) => panes::Step::Screens(by),
        Step::First => panes::Step::First,
        Step::Last => panes::Step::Last,
    };
    if let Some(pane) = pane_mut(state, place) {
        pane.scroll(step, room);
    }
    state.dirty = true;
}

/// A click into a pane: its server is selected, and the line is marked.
pub fn click(state: &mut State, place: usize, row: Option<u16>) {
    let Some(room) = views::panes::room(state, place) else { return };
    select(state, place);
    let number =
        row.and_then(|row| views::panes::pane(state, place)?.shown(room).get(usize::from(row))?.number);
    if let (Some(number), Some(pane)) = (number, pane_mut(state, place)) {
        pane.show(number, room);
    }
    state.dirty = true;
}

/// Selects the server of a pane.
pub fn select(state: &mut State, place: usize) {
    if let Screen::Work(ticket) = *state.screen()
        && let Some(work) = state.desk.work_mut(ticket)
    {
        (work.printers.focus, work.printers.chosen) = (place, true);
        state.dirty = true;
        return;
    }
    let id = state.run().and_then(|run| run.members.get(place)).map(|member| member.instance().clone());
    if let Some(id) = id {
        navigation::select_id(state, &RowId::Server(id));
    }
}

fn follow(state: &mut State, selected: usize) {
    let Some(room) = views::panes::room(state, selected) else { return };
    if let Some(pane) = pane_mut(state, selected) {
        if pane.follows() { pane.hold(room) } else { pane.follow() }
    }
    if state.logs().is_some_and(crate::console::panes::Logs::is_over) {
        // Followed anew.
        state.shelf.followed = None;
    }
}

fn ask(state: &mut State, kind: LineKind) {
    let Some(looks) = looks(state) else { return };
    let before = match kind {
        LineKind::Search => looks.needle.clone(),
        LineKind::Narrow => looks.filter.clone(),
        LineKind::Save | LineKind::SavePlan | LineKind::Note => file_name(state),
    };
    state.overlay = Some(Overlay::Line(LineInput::new(kind, before)));
}

fn file_name(state: &State) -> String {
    if let Some(work) = state.work() {
        let printer = work.printers.all.get(work.printers.focus);
        return format!("{}-{}.txt", work.id, printer.map_or("output", |p| p.instance.as_str()));
    }
    let Some(run) = state.run() else {
        let environment = state.environment().map_or("logs", |name| name.as_str());
        return format!("{environment}-logs-{}.txt", state.now.strftime("%Y%m%d-%H%M%S"));
    };
    let member = views::panes::selected(state).and_then(|n| run.members.get(n));
    format!("{}-{}.txt", run.name(), member.map_or("output", |m| m.instance().as_str()))
}

/// What is typed is looked for, or narrowed by, as one types.
pub fn apply_line(state: &mut State, kind: LineKind, text: &str) {
    match kind {
        LineKind::Search => look(state, |looks| text.clone_into(&mut looks.needle)),
        LineKind::Narrow => look(state, |looks| text.clone_into(&mut looks.filter)),
        LineKind::Save | LineKind::SavePlan | LineKind::Note => {}
    }
}

/// The line is complete.
pub fn accept_line(state: &mut State, kind: LineKind, text: &str) -> Vec<Effect> {
    if kind == LineKind::SavePlan {
        return super::plan::saved_as(state, text.trim());
    }
    let Some(selected) = views::panes::selected(state) else { return Vec::new() };
    match kind {
        LineKind::Search if !text.is_empty() => search(state, selected, true),
        LineKind::Search | LineKind::Narrow | LineKind::SavePlan | LineKind::Note => {}
        LineKind::Save => return save(state, selected, text.trim()),
    }
    Vec::new()
}

/// To the next line with what is looked for: in the pane that fills the screen, else in all of them, round and
/// round.
fn search(state: &mut State, selected: usize, forward: bool) {
    let Some(looks) = looks(state) else { return };
    let (needle, wrap) = (looks.needle.clone(), looks.wrap);
    let all = if views::panes::is_one(state) { 1 } else { views::panes::count(state) };
    let no_room = Room { cells: state.size.0, rows: 1, wrap };
    let here = views::panes::room(state, selected).unwrap_or(no_room);
    let pane = |place: usize| views::panes::pane(state, place);
    let mut found = pane(selected).and_then(|pane| pane.next_hit(forward, here)).map(|hit| (selected, hit));
    for step in 1..all {
        if found.is_some() {
            break;
        }
        let at = if forward { (selected + step) % all } else { (selected + all - step) % all };
        found = pane(at).and_then(|pane| pane.end_hit(forward)).map(|hit| (at, hit));
    }
    let round = found.is_none();
    let found = found.or_else(|| Some((selected, pane(selected)?.end_hit(forward)?)));
    let Some((at, number)) = found else {
        toast::show(state, format!("“{needle}” is in no line"), Severity::Unknown);
        return;
    };
    if round {
        let end = if forward { "the oldest line" } else { "the newest line" };
        toast::show(state, format!("The search goes on from {end}"), Severity::Idle);
    }
    if at != selected {
        select(state, at);
    }
    // A pane that was not on the screen has its room only now.
    let room = views::panes::room(state, at).unwrap_or(no_room);
    if let Some(pane) = pane_mut(state, at) {
        pane.show(number, room);
    }
}

fn copy(state: &mut State, text: String, what: &str) -> Vec<Effect> {
    if text.is_empty() {
        toast::show(state, "There is no line to copy", Severity::Unknown);
        return Vec::new();
    }
    toast::show(state, format!("Copied {what}"), Severity::Ok);
    vec![Effect::Copy(text)]
}

fn copy_line(state: &mut State, selected: usize) -> Vec<Effect> {
    let pane = views::panes::pane(state, selected);
    let marked = pane.and_then(|pane| pane.lines.get(pane.marked?));
    let entry = marked.or_else(|| pane.and_then(|pane| pane.lines.last()));
    let text = entry.map(|entry| entry.text.as_str().to_owned()).unwrap_or_default();
    copy(state, text, "one line")
}

fn copy_seen(state: &mut State, selected: usize) -> Vec<Effect> {
    let seen = views::panes::pane(state, selected).zip(views::panes::room(state, selected));
    let Some((pane, room)) = seen else { return Vec::new() };
    let (mut text, mut lines, mut last) = (String::new(), 0, None);
    for row in pane.shown(room) {
        if row.number.is_none() || row.number != last {
            last = row.number;
            lines += 1;
            text.push_str(row.entry.text.as_str());
            text.push('\n');
        }
    }
    copy(state, text, &cells::count(lines, "line"))
}

/// The newest lines as far as a clipboard takes them.
fn copy_all(state: &mut State, selected: usize) -> Vec<Effect> {
    let Some(pane) = views::panes::pane(state, selected) else { return Vec::new() };
    let mut bytes = 0;
    let gone = if pane.test().is_none() { pane.lines.first() } else { 0 };
    let all = pane.count() + usize::try_from(gone).unwrap_or(usize::MAX);
    let kept = pane.newest().take_while(|entry| {
        bytes += entry.text.as_str().len() + 1;
        bytes <= CLIPBOARD
    });
    let mut kept: Vec<&Entry> = kept.collect();
    // Memory may have given up lines that a clipboard would take.
    if bytes <= CLIPBOARD
        && let Some(whole) = state.run().and_then(|run| run.whole(selected))
    {
        return vec![Effect::Read(whole)];
    }
    kept.reverse();
    let what = counted(kept.len(), all);
    let text = text_of(kept.into_iter());
    copy(state, text, &what)
}

/// The newest lines came from the disk.
pub fn read(state: &mut State, newest: &[String], all: usize) -> Vec<Effect> {
    let text = newest.iter().fold(String::new(), |text, line| text + line + "\n");
    copy(state, text, &counted(newest.len(), all))
}

fn counted(copied: usize, all: usize) -> String {
    if copied == all {
        cells::count(all, "line")
    } else {
        format!("the newest {copied} of {all} lines: a clipboard takes no more, save takes all")
    }
}

fn text_of<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    let mut text = String::new();
    for entry in entries {
        text.push_str(entry.text.as_str());
        text.push('\n');
    }
    text
}

fn save(state: &mut State, selected: usize, path: &str) -> Vec<Effect> {
    let Some(pane) = views::panes::pane(state, selected).filter(|_| !path.is_empty()) else {
        return Vec::new();
    };
    let here = || Kept::Here(text_of(pane.texts()));
    let lines = state.run().and_then(|run| run.whole(selected)).map_or_else(here, Kept::OnDisk);
    vec![Effect::Save { path: path.to_owned(), lines }]
}
