//! The one table of actions: keymap, footer, help, palette and tests are made from it.
//!
//! Adding an action is one variant, one row, and one arm in the reducer.

mod context;
mod when;

use std::fmt;

pub use context::Context;

use super::state::State;
use when::{
    always, can_begin, can_close, can_deploy, can_go_back, can_go_forward, can_open, can_operate, can_resume,
    can_roll_back, can_save, can_see_timeline, can_triage, can_undo, goes_on, has_address, has_columns,
    has_detail, has_finding, has_key_question, has_link, has_moment, has_needle, has_panes, has_plan,
    has_rows, has_runs, has_server, has_several, has_subject, has_themes, in_past, is_sorted, off_fleet,
    on_environment,
};

/// What an action can do to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Danger {
    /// Only looks.
    Harmless,
    /// Changes the world: opens a plan, and is not there with `--read-only`.
    Changes,
}

/// One row of the table of actions.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The action.
    pub action: Action,
    /// Its name in keymap files.
    pub name: &'static str,
    /// A word or two, for the footer.
    pub title: &'static str,
    /// One line, for help and palette.
    pub description: &'static str,
    /// Where a key can be bound to it.
    pub contexts: &'static [Context],
    /// What it can do to the world.
    pub danger: Danger,
    /// Whether it would do something just now.
    enabled: fn(&State) -> bool,
}

const ANY: &[Context] = &[
    Context::Everywhere,
    Context::Table,
    Context::Fleet,
    Context::Environment,
    Context::Server,
    Context::Triage,
    Context::Timeline,
    Context::Past,
    Context::Plan,
    Context::Run,
    Context::Logs,
    Context::Input,
];
const SCREENS: &[Context] = &[
    Context::Everywhere,
    Context::Table,
    Context::Fleet,
    Context::Environment,
    Context::Server,
    Context::Triage,
    Context::Timeline,
    Context::Past,
    Context::Plan,
    Context::Run,
    Context::Logs,
];
const PAGES: &[Context] = &[Context::Environment];
const PANES: &[Context] = &[Context::Run, Context::Logs];
const LOGS: &[Context] = &[Context::Logs];
const RUN: &[Context] = &[Context::Run];
const PLAN: &[Context] = &[Context::Plan];
const TRIAGE: &[Context] = &[Context::Triage];
const TIMELINE: &[Context] = &[Context::Timeline];
const PAST: &[Context] = &[Context::Past];
const DETAILS: &[Context] = &[Context::Plan, Context::Triage, Context::Timeline];
const SAVES: &[Context] = &[Context::Plan, Context::Run, Context::Logs];
const OPERATE: &[Context] = &[
    Context::Everywhere,
    Context::Table,
    Context::Fleet,
    Context::Environment,
    Context::Server,
    Context::Triage,
    Context::Timeline,
];
const TURNS: &[Context] = &[Context::Run, Context::Input];

macro_rules! danger {
    () => {
        Danger::Harmless
    };
    ($danger:ident) => {
        Danger::$danger
    };
}

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $title:literal, $description:literal, $contexts:expr, $enabled:expr $(, $danger:ident)?;)*) => {
        /// Everything a key, the palette or the mouse can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$doc])* $variant,)*
        }

        /// Every action.
        pub const TABLE: &[Row] = &[
            $(Row {
                action: Action::$variant,
                name: $name,
                title: $title,
                description: $description,
                contexts: $contexts,
                danger: danger!($($danger)?),
                enabled: $enabled,
            },)*
        ];
    };
}

actions! {
    /// Open the selected thing; accept what was typed.
    Open, "open", "open", "Open the selected environment or server", ANY, can_open;
    /// Close what is on top, else drop the filter, else go up.
    Close, "close", "close", "Close what is on top, then the filter, then go one level up", ANY, can_close;
    /// One row down.
    Down, "down", "down", "One row down", ANY, has_rows;
    /// One row up.
    Up, "up", "up", "One row up", ANY, has_rows;
    /// One screenful down.
    PageDown, "page-down", "page down", "One screenful down", ANY, has_rows;
    /// One screenful up.
    PageUp, "page-up", "page up", "One screenful up", ANY, has_rows;
    /// To the first row.
    First, "first", "first", "To the first row", ANY, has_rows;
    /// To the last row.
    Last, "last", "last", "To the last row", ANY, has_rows;
    /// Narrow the rows.
    Filter, "filter", "filter", "Show only rows with these words; !word leaves rows out", SCREENS, always;
    /// Every action by name.
    Palette, "palette", "commands", "Find an action, environment, server or theme by name", SCREENS, always;
    /// The keys that work here.
    Help, "help", "help", "The keys that work here", SCREENS, always;
    /// Sort by the next column.
    SortNext, "sort-next", "sort", "Sort by the next column", SCREENS, has_columns;
    /// Sort by the column before.
    SortPrevious, "sort-previous", "sort back", "Sort by the column before", SCREENS, has_columns;
    /// Sort the other way round.
    SortReverse, "sort-reverse", "reverse", "Sort the other way round", SCREENS, has_columns;
    /// Back to the natural order.
    SortNatural, "sort-natural", "unsort", "Back to the natural order, worst first", SCREENS, is_sorted;
    /// To the screen before.
    Back, "back", "back", "To the screen visited before", SCREENS, can_go_back;
    /// Undo going back.
    Forward, "forward", "forward", "To the screen that was left by going back", SCREENS, can_go_forward;
    /// To the fleet screen.
    Fleet, "fleet", "fleet", "To the fleet: a row per environment", SCREENS, off_fleet;
    /// The environment's servers.
    PageServers, "servers", "servers", "The environment's servers by role", PAGES, on_environment;
    /// The environment's load balancers.
    PageLoadBalancer, "load-balancer", "load balancer", "The environment's load balancers and their members", PAGES, on_environment;
    /// The environment's group.
    PageGroup, "group", "group", "The environment's group, its instances and activities", PAGES, on_environment;
    /// The environment's databases.
    PageDatabase, "database", "database", "The environment's primary and replicas, as measured on them", PAGES, on_environment;
    /// The environment's queues.
    PageQueues, "queues", "queues", "The environment's queues, caches and Celery workers", PAGES, on_environment;
    /// The environment's charts.
    PageCharts, "charts", "charts", "The environment's numbers over time", PAGES, on_environment;
    /// The environment's runs.
    PageRuns, "history", "runs", "The environment's runs: when, who, what, how they ended", PAGES, on_environment;
    /// The next page of the environment.
    NextPage, "next-page", "next page", "The environment's next page", PAGES, on_environment;
    /// The page before.
    PreviousPage, "previous-page", "page before", "The environment's page before this one", PAGES, on_environment;
    /// Choose an operation.
    Operate, "operate", "plan…", "Choose an operation and see its plan: deploys, the group, the load balancers", OPERATE, can_operate, Changes;
    /// Plan a deploy.
    Deploy, "deploy", "deploy…", "Plan a deploy: asks what and how", OPERATE, can_deploy, Changes;
    /// Plan a rollback.
    Rollback, "rollback", "rollback…", "Plan a rollback: asks to which release", OPERATE, can_roll_back, Changes;
    /// Ask whether the plan is to be executed.
    Begin, "begin", "go on…", "Begin this plan: asks whether really", PLAN, can_begin, Changes;
    /// Make the plan anew.
    PlanAgain, "plan-again", "plan again", "Make the plan anew from what is so now", PLAN, has_plan, Changes;
    /// All there is to know of a step.
    Detail, "detail", "detail", "All there is to know of the plan and its selected step, of a finding or of what happened", DETAILS, has_detail;
    /// What is wrong, and what to do.
    Triage, "triage", "triage", "What is wrong in the environment, why, and what is safe to do", SCREENS, can_triage;
    /// What happened.
    Timeline, "timeline", "timeline", "What happened in the environment: findings, runs, deploys, activities, what turned", SCREENS, can_see_timeline;
    /// Every screen as it was.
    AsOf, "as-of", "as of then", "Every screen as it was at the selected moment", TIMELINE, has_moment;
    /// To the change before.
    Earlier, "earlier", "earlier", "Every screen as it was at the change before this one", PAST, in_past;
    /// To the change after.
    Later, "later", "later", "Every screen as it was at the change after this one", PAST, in_past;
    /// Back to now.
    Now, "now", "back to now", "Every screen as it is now", PAST, in_past;
    /// The first step of a finding's runbook.
    Do1, "do-first", "do", "Open the first thing to do about the finding", TRIAGE, has_finding;
    /// The second.
    Do2, "do-second", "do 2", "Open the second thing to do about the finding", TRIAGE, has_finding;
    /// The third.
    Do3, "do-third", "do 3", "Open the third thing to do about the finding", TRIAGE, has_finding;
    /// The fourth.
    Do4, "do-fourth", "do 4", "Open the fourth thing to do about the finding", TRIAGE, has_finding;
    /// The fifth.
    Do5, "do-fifth", "do 5", "Open the fifth thing to do about the finding", TRIAGE, has_finding;
    /// The sixth.
    Do6, "do-sixth", "do 6", "Open the sixth thing to do about the finding", TRIAGE, has_finding;
    /// The seventh.
    Do7, "do-seventh", "do 7", "Open the seventh thing to do about the finding", TRIAGE, has_finding;
    /// The eighth.
    Do8, "do-eighth", "do 8", "Open the eighth thing to do about the finding", TRIAGE, has_finding;
    /// The ninth.
    Do9, "do-ninth", "do 9", "Open the ninth thing to do about the finding", TRIAGE, has_finding;
    /// It was seen.
    Acknowledge, "acknowledge", "seen", "Say that the finding was seen: it is quiet until it is over or gets worse", TRIAGE, has_finding;
    /// Quiet for an hour.
    Snooze, "snooze", "snooze", "Let the finding be quiet for an hour, unless it gets worse", TRIAGE, has_finding;
    /// Say something of it.
    Note, "note", "note", "Note something on the finding, for whoever comes next", TRIAGE, has_finding;
    /// Take a run up again.
    Resume, "resume", "resume…", "Take up a run that was interrupted or left something: asks whether really", RUN, can_resume, Changes;
    /// Take a run back.
    Undo, "undo", "undo…", "Undo a run that is over: asks whether really", RUN, can_undo, Changes;
    /// Ask what to run on servers.
    Exec, "run", "run", "Run a command on servers: asks which, what, and whether really", SCREENS, has_subject, Changes;
    /// Ask which logs to follow.
    Logs, "logs", "logs", "Follow logs of servers, merged by time: asks which", SCREENS, has_subject;
    /// A shell on the selected server.
    Shell, "shell", "shell", "Open a shell on the selected server; its end comes back here", SCREENS, has_server, Changes;
    /// Mark the selected server.
    Mark, "mark", "mark", "Mark the server, to run something on all that are marked", PAGES, has_server;
    /// To the newest run.
    Runs, "runs", "runs", "To the newest run, and on to the one before", SCREENS, has_runs;
    /// The host key question of the selected server.
    HostKey, "host-key", "host key", "Compare and trust the selected server's host key", SCREENS, has_key_question;
    /// Follow the newest line, or stay.
    Follow, "follow", "follow", "Follow the newest line, or stay where it is", PANES, has_panes;
    /// Look for a text in the lines.
    Search, "search", "search", "Look for a text in the lines", PANES, has_panes;
    /// The next line with it.
    SearchNext, "search-next", "next", "The next line with what is looked for", PANES, has_needle;
    /// The line with it before.
    SearchPrevious, "search-previous", "before", "The line before with what is looked for", PANES, has_needle;
    /// Only lines with some words.
    Narrow, "narrow", "only", "Show only lines with these words; !word leaves lines out", PANES, has_panes;
    /// Only standard error.
    OnlyErrors, "only-errors", "stderr", "Show only what was printed on standard error, or everything", RUN, has_panes;
    /// Only what is serious.
    Level, "level", "level", "Show only lines that are at least so serious: info, warning, error, all", LOGS, has_panes;
    /// Long lines take more rows, or are cut.
    Wrap, "wrap", "wrap", "Break long lines, or cut them", PANES, has_panes;
    /// Lines with their times.
    Timestamps, "timestamps", "times", "Show the time of each line, or not", PANES, has_panes;
    /// One pane fills the screen.
    Zoom, "zoom", "zoom", "One server's lines fill the screen, or all servers are seen", RUN, has_several;
    /// List or grid.
    View, "view", "view", "Servers as a list, or as live panes side by side", RUN, has_several;
    /// The next server, field or log.
    Next, "next", "next", "The next server of a run; the next field of a dialog", TURNS, has_several;
    /// The one before.
    Previous, "previous", "previous", "The server before in a run; the field before in a dialog", TURNS, has_several;
    /// Write lines to a file.
    Save, "save", "save", "Save all lines of the selected server, or the plan, to a file", SAVES, can_save;
    /// Copy one line.
    CopyLine, "copy-line", "copy line", "Copy the line that was found or clicked, else the newest", PANES, has_panes;
    /// Copy the lines seen.
    CopySeen, "copy-seen", "copy seen", "Copy the lines that are on the screen", PANES, has_panes;
    /// Copy all lines.
    CopyAll, "copy-all", "copy all", "Copy all lines, the newest as far as a clipboard takes them", PANES, has_panes;
    /// End the run on servers.
    Cancel, "cancel", "cancel…", "End the run: asks how, or on which servers", RUN, goes_on, Changes;
    /// Copy the id of the selected thing.
    CopyId, "copy-id", "copy id", "Copy the id or name of the selected thing", SCREENS, has_subject;
    /// Copy the address of the selected server.
    CopyAddress, "copy-address", "copy address", "Copy the address of the selected server", SCREENS, has_address;
    /// Copy the command that prints what is on screen.
    CopyCommand, "copy-command", "copy command", "Copy the command that prints what is on screen", SCREENS, always;
    /// Copy the address of the selected thing in the AWS console.
    CopyLink, "copy-link", "AWS link", "Open its page in the AWS console, and copy the address", SCREENS, has_link;
    /// Read everything again.
    Refresh, "refresh", "refresh", "Read everything again now", SCREENS, always;
    /// Where the header's facts come from and how old they are.
    Freshness, "freshness", "freshness", "Each read: its source, age and failure", SCREENS, always;
    /// Problems of config, keymap and theme.
    Problems, "problems", "problems", "Problems of config, keymap, theme and preferences", SCREENS, always;
    /// The next theme.
    NextTheme, "next-theme", "theme", "Use the next theme", SCREENS, has_themes;
    /// Draw the screen anew.
    Redraw, "redraw", "redraw", "Draw the whole screen anew", ANY, always;
    /// Stop the process, as Ctrl-Z does in a shell.
    Suspend, "suspend", "suspend", "Give the terminal back to the shell; fg comes back", ANY, always;
    /// Leave the console.
    Quit, "quit", "quit", "Leave the console", ANY, always;
}

impl Action {
    /// Its row in the table.
    #[must_use]
    pub fn row(self) -> &'static Row {
        // Variants and rows come from one list, in one order.
        &TABLE[self as usize]
    }

    /// Its name in keymap files.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The action of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.action)
    }

    /// Whether it would do something just now.
    #[must_use]
    pub fn is_enabled(self, state: &State) -> bool {
        let row = self.row();
        let possible = row.danger == Danger::Harmless || !state.read_only;
        possible && !(state.past.is_some() && self.is_of_now()) && (row.enabled)(state)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_finds_its_own_row_by_itself_and_by_name() {
        for row in TABLE {
            assert_eq!(row.action.row().name, row.name);
            assert_eq!(Action::parse(row.name), Some(row.action), "{}", row.name);
            assert!(!row.contexts.is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn names_are_kebab_case_and_unlike_each_other() {
        let mut names: Vec<_> = TABLE.iter().map(|row| row.name).collect();
        assert!(names.iter().all(|n| n.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }
}
