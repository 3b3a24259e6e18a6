//! New facts, new time, new size: what the screen is made of changes, where one is in it does not.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::past;
use crate::config::Preferences;
use crate::console::event::Effect;
use crate::console::screen::{Page, Screen};
use crate::console::state::{Look, State};
use crate::console::table::RowId;
use crate::console::widgets::columns;
use crate::console::work::{Sheet, Work};
use crate::console::{age, arrange, layout, limits, tables};
use crate::fleet::{
    EnvironmentName, Interest, LoadBalancerName, Pulse, Reading, Server, Severity, Snapshot, overview,
};

/// The most screens whose selection, filter and order are remembered.
const MOST_VIEWS: usize = 256;

/// A new snapshot: the same one again changes nothing.
pub fn snapshot(state: &mut State, snapshot: Arc<Snapshot>) -> Vec<Effect> {
    if state.past.is_some() {
        return past::snapshot(state, snapshot);
    }
    if snapshot.revision == state.snapshot.revision && !Arc::ptr_eq(&snapshot, &state.snapshot) {
        state.snapshot = snapshot;
        return Vec::new();
    }
    if !first_facts_are_in(state) && state.now >= state.held_until {
        // Nobody has chosen a row yet, and what comes first is only becoming known.
        let screen = state.screen().clone();
        if let Some(view) = state.views.get_mut(&screen) {
            view.cursor = None;
            view.order.clear();
        }
    }
    let yardstick = state.yardstick();
    state.overviews = overview::overviews(&snapshot, &state.topology, &yardstick);
    state.snapshot = snapshot;
    let mut effects = judge(state);
    effects.extend(super::timeline::again(state));
    effects
}

/// What is wrong is told anew: of new facts, or because somebody had something to say of it. Gives what is to be kept.
pub fn judge(state: &mut State) -> Vec<Effect> {
    if state.past.is_some() {
        // What is shown is of then, and nothing is to be remembered of it.
        state.dirty = true;
        rebuild(state);
        return Vec::new();
    }
    let (snapshot, topology) = (Arc::clone(&state.snapshot), Arc::clone(&state.topology));
    let (yardstick, shown) = (state.yardstick(), super::triage::shown(state));
    let effects = state.findings.look(&snapshot, &topology, &state.overviews, &yardstick, shown.as_ref());
    state.dirty = true;
    rebuild(state);
    effects
}

/// Whether everything that rows are ordered by has been read, or has failed to be, once.
fn first_facts_are_in(state: &State) -> bool {
    fn asked<T>(reading: &Reading<T>) -> bool {
        reading.read_at().is_some() || reading.failure().is_some()
    }
    let Snapshot { servers, groups, load_balancers, health, .. } = &*state.snapshot;
    let health = |balancer: &LoadBalancerName| health.get(balancer).is_some_and(asked);
    asked(servers)
        && asked(groups)
        && asked(load_balancers)
        && state.topology.load_balancers().iter().all(health)
}

/// How refreshing goes.
pub fn pulse(state: &mut State, pulse: Pulse) -> Vec<Effect> {
    let shown = |p: &Pulse| (p.in_flight, p.slowed_until);
    state.dirty |= shown(&state.pulse) != shown(&pulse);
    state.pulse = pulse;
    Vec::new()
}

/// Time went on. Only when something shown changes by it is anything made anew.
pub fn clock(state: &mut State, now: Timestamp) -> Vec<Effect> {
    if past::clock(state, now) {
        return Vec::new();
    }
    state.now = now;
    if state.next_change.is_some_and(|at| at <= now) {
        super::logs::flush(state);
        if state.toast.as_ref().is_some_and(|t| t.until <= now) {
            state.toast = None;
        }
        state.dirty = true;
        rebuild(state);
    }
    Vec::new()
}

/// Another size of the terminal.
pub fn resize(state: &mut State, size: (u16, u16)) -> Vec<Effect> {
    state.size = size;
    state.dirty = true;
    rebuild(state);
    vec![Effect::Redraw]
}

/// Another look: the theme that was chosen here stays chosen while it exists.
pub fn reloaded(state: &mut State, look: Look, preferences: Preferences) -> Vec<Effect> {
    let problems_before = std::mem::take(&mut state.look.problems);
    state.look = look;
    state.preferences = preferences;
    if let Some(chosen) = &state.chosen_theme
        && let Some(theme) = state.look.themes.iter().find(|t| t.name == *chosen)
    {
        state.look.theme = theme.clone();
    }
    state.pending.clear();
    state.dirty = true;
    match state.look.problems.as_slice() {
        [] if !problems_before.is_empty() => {
            super::toast::show(state, "Reloaded: the problems are gone", Severity::Ok);
        }
        [first, ..] if state.look.problems != problems_before => {
            let message = first.clone();
            super::toast::show(state, message, Severity::Warn);
        }
        _ => {}
    }
    rebuild(state);
    Vec::new()
}

/// Builds the screen's table anew and puts the view over it again.
pub fn rebuild(state: &mut State) {
    let shown: Vec<RowId> = state.shown_rows().cloned().collect();
    let table = tables::build(state);
    let hold = state.now < state.held_until && !shown.is_empty();
    state.table = table;
    // While something is open over the list, what it is of stays selected.
    state.table.leads &= state.overlay.is_none();
    let cursor = |state: &State| state.views.get(state.screen()).and_then(|view| view.cursor.clone());
    let before = cursor(state);
    settle(state, &shown, hold);
    let is_triage = matches!(state.screen(), Screen::Triage(_));
    if is_triage && state.table.leads && before.is_some() && before != cursor(state) {
        state.led_at = Some(state.now);
    }
    super::triage::watch_steps(state);
}

/// Puts the view over the table again: after a new filter, order or screen.
pub fn settle(state: &mut State, shown: &[RowId], hold: bool) {
    let screen = state.screen().clone();
    if state.views.len() > MOST_VIEWS {
        let trail = &state.trail.screens;
        state.views.retain(|screen, _| trail.contains(screen));
    }
    let lines = layout::table_lines(state);
    let mut view = state.views.remove(&screen).unwrap_or_default();
    arrange::arrange(&mut view, &state.table, shown, hold, lines);
    state.views.insert(screen, view);
    plan_wake(state);
}

/// What is on screen, as far as it costs requests of its own.
pub fn interest(state: &State) -> Interest {
    let busy = state.shelf.going_on().next().is_some() || state.desk.going_on().next().is_some();
    let mut interest = Interest { busy, ..Interest::default() };
    match state.screen() {
        Screen::Fleet => {}
        Screen::Run(_) | Screen::Logs(_) | Screen::Plan(_) | Screen::Work(_) => {
            interest.environments.extend(state.environment().cloned());
        }
        Screen::Environment { name, .. } | Screen::Triage(name) | Screen::Timeline(name) => {
            interest.environments.insert(name.clone());
        }
        Screen::Server { environment, id } => {
            interest.environments.extend(environment.clone());
            interest.servers.insert(id.clone());
        }
    }
    let Screen::Environment { page: Page::Servers, .. } = state.screen() else { return interest };
    let Some(view) = state.views.get(state.screen()) else { return interest };
    // A server's CPU is billed by the series: only where it is drawn, in its column or with the selected row.
    if let Some(RowId::Server(id)) = &view.cursor {
        interest.servers.insert(id.clone());
    }
    let layout = columns::place(&state.table, state.size.0);
    let is_cpu = |at: usize| state.table.columns.get(at).is_some_and(|column| column.title == tables::CPU);
    if layout.columns.iter().any(|placed| is_cpu(placed.index)) {
        for place in arrange::visible(view, &state.table, layout::table_lines(state)) {
            let row = view.order.get(place).and_then(|at| state.table.rows.get(*at));
            if let Some(RowId::Server(id)) = row.map(|row| &row.id) {
                interest.servers.insert(id.clone());
            }
        }
    }
    interest
}

/// When something on this screen next changes by time alone: an age's step, the end of a message or of a
/// held order.
pub fn plan_wake(state: &mut State) {
    if let Some(at) = past::wake(state) {
        state.next_change = Some(at);
        return;
    }
    let now = state.now;
    let mut next: Option<Timestamp> = None;
    let mut sooner = |at: Timestamp| {
        if at > now {
            next = Some(next.map_or(at, |next| next.min(at)));
        }
    };
    state.toast.iter().for_each(|toast| sooner(toast.until));
    if held_differs(state) {
        sooner(state.held_until);
    }
    // A run that goes on has a clock that shows seconds.
    if state.run().is_some_and(|run| !run.is_over()) || state.work().is_some_and(Work::goes_on) {
        sooner(second_after(now));
    }
    // Lines of logs wait a moment for earlier ones of other servers.
    state.logs().and_then(crate::console::panes::Logs::next).into_iter().for_each(&mut sooner);
    if state.is_resting() {
        // Only what is no longer refreshed has an age that somebody who glances at the screen must see grow.
        if let Some(oldest) = limits::oldest(state) {
            let ends = oldest.checked_add(limits::beat(state)).unwrap_or(Timestamp::MAX);
            sooner(if ends < now { age::next_change(oldest, now) } else { second_after(ends) });
        }
    } else {
        sooner(state.rests_at);
        for then in shown_times(state) {
            sooner(age::next_change(then, now));
        }
    }
    state.next_change = next;
}

fn second_after(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)
}

/// Whether the order on screen is another than it would be if it were not held.
fn held_differs(state: &State) -> bool {
    let Some(view) = state.views.get(state.screen()) else { return false };
    state.now < state.held_until && arrange::order(&state.table, &view.filter, view.sort, None) != view.order
}

/// Every moment whose age may be on screen.
fn shown_times(state: &State) -> Vec<Timestamp> {
    let snapshot = &state.snapshot;
    let mut times = Vec::new();
    read_times(&snapshot.identity, &mut times);
    read_times(&snapshot.servers, &mut times);
    read_times(&snapshot.groups, &mut times);
    read_times(&snapshot.load_balancers, &mut times);
    read_times(&snapshot.launch, &mut times);
    read_times(&snapshot.images, &mut times);
    match state.screen() {
        Screen::Run(_) | Screen::Logs(_) | Screen::Timeline(_) => {}
        Screen::Plan(_) => times.extend(state.sheet().and_then(Sheet::read_at)),
        Screen::Work(_) => times.extend(state.work().map(|work| work.began_at)),
        Screen::Fleet => {
            snapshot.health.values().for_each(|r| read_times(r, &mut times));
            times.extend(state.overviews.iter().filter_map(|o| o.release.made_at));
            times.extend(
                state.overviews.iter().flat_map(|o| o.notes.iter().filter_map(|n| Some(n.since?.at))),
            );
        }
        Screen::Triage(name) => {
            environment_times(state, name, &mut times);
            let found = state.triage_of(name).into_iter().flat_map(|triage| &triage.findings);
            times.extend(found.map(|finding| finding.since.at));
            times.extend(state.triage_of(name).and_then(|triage| triage.oldest));
        }
        Screen::Environment { name, .. } => {
            environment_times(state, name, &mut times);
            let past = state.desk.history.iter().flatten().filter(|past| past.environment == *name);
            times.extend(past.map(|past| past.at));
            let notes = state.overviews.iter().filter(|o| o.name == *name).flat_map(|o| &o.notes);
            times.extend(notes.filter_map(|n| Some(n.since?.at)));
            times.extend(snapshot.servers_of(name).into_iter().filter_map(|s| s.launched_at));
        }
        Screen::Server { environment, id } => {
            if let Some(name) = environment {
                environment_times(state, name, &mut times);
            }
            let server: Option<&Server> = snapshot.server(id);
            times.extend(server.and_then(|s| s.launched_at));
        }
    }
    times
}

fn environment_times(state: &State, name: &EnvironmentName, times: &mut Vec<Timestamp>) {
    let Some(place) = state.topology.environment(name) else { return };
    let snapshot = &state.snapshot;
    let overview = state.overviews.iter().find(|o| o.name == *name);
    times.extend(overview.and_then(|o| o.release.made_at));
    for balancer in &place.load_balancers {
        snapshot.health.get(balancer).into_iter().for_each(|r| read_times(r, times));
    }
    if let Some(activities) = place.group.as_ref().and_then(|g| snapshot.activities.get(g)) {
        read_times(activities, times);
        let all = activities.value().into_iter().flatten();
        times.extend(all.flat_map(|a| [a.started_at, a.ended_at]).flatten());
    }
}

fn read_times<T>(reading: &Reading<T>, times: &mut Vec<Timestamp>) {
    times.extend(reading.read_at());
    times.extend(reading.failure().map(|f| f.since));
}
