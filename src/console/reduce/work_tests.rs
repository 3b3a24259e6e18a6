//! What plans and their runs do to the console: keys and news go in, effects and what is on screen come out.

use std::time::Duration;

use super::script::Console;
use crate::console::event::{Effect, Event};
use crate::console::panes::Ticket;
use crate::console::state::Overlay;
use crate::console::views::tests::{fixture, plans};
use crate::console::work::{KeepWish, NoPlan, Obstacle, Opened, PlanWish, Record, Stage, Start, StartWish};
use crate::engine::lock::Held;
use crate::engine::run::{Cancel, Entry, Grip, StepEnd, Story, Way};
use crate::engine::store::{Began, OPERATION, Past, RunState};
use crate::fleet::Process;
use crate::operation::OPERATIONS;
use crate::plan::{Plan, StepId};

pub(super) fn on(environment: &str) -> Console {
    let mut console = Console::open();
    console.press(":").write(&format!("environment {environment}")).press("enter");
    console
}

fn wishes(console: &Console) -> Vec<PlanWish> {
    let plans = console.effects.iter().filter_map(|effect| match effect {
        Effect::Plan(wish) => Some((**wish).clone()),
        _ => None,
    });
    plans.collect()
}

pub(super) fn starts(console: &Console) -> Vec<StartWish> {
    let starts = console.effects.iter().filter_map(|effect| match effect {
        Effect::Start(wish) => Some((**wish).clone()),
        _ => None,
    });
    starts.collect()
}

fn stops(console: &Console) -> Vec<Cancel> {
    let stops = console.effects.iter().filter_map(|effect| match effect {
        Effect::Stop(_, cancel) => Some(*cancel),
        _ => None,
    });
    stops.collect()
}

/// A plan is asked for.
fn planning(environment: &str) -> (Console, Ticket) {
    let mut console = on(environment);
    console.press("o").write("suspend").press("enter enter");
    let ticket = wishes(&console).last().unwrap().ticket;
    (console, ticket)
}

/// A plan to suspend a process is on the screen.
pub(super) fn planned(environment: &str) -> (Console, Ticket) {
    let (mut console, ticket) = planning(environment);
    let plan: Plan = plans::suspension(environment);
    console.send(Event::Planned(ticket, Ok(Box::new(plan))));
    (console, ticket)
}

/// Yes, to what is asked of an environment.
pub(super) fn agree(console: &mut Console, environment: &str) {
    match environment {
        "production" => console.write("production").press("enter"),
        _ => console.press("y"),
    };
}

pub(super) fn running(environment: &str) -> (Console, Ticket) {
    let (mut console, ticket) = planned(environment);
    console.press("enter");
    agree(&mut console, environment);
    console.send(Event::Begun(ticket, Ok(Box::new(plans::begun(plans::deploy(environment))))));
    (console, ticket)
}

/// The first line of the screen.
fn shown(console: &Console) -> String {
    let drawn = crate::console::views::tests::shots::drawn(&console.state, (100, 30));
    (0..100).map(|column| drawn[(column, 0)].symbol().to_owned()).collect()
}

pub(super) fn question(console: &Console) -> String {
    match &console.state.overlay {
        Some(Overlay::Question(question)) => {
            let lines: Vec<&str> = question.lines.iter().map(|(_, line)| line.as_str()).collect();
            format!("{}\n{}", question.title, lines.join("\n"))
        }
        other => panic!("no question but {other:?}"),
    }
}

fn notices(console: &Console) -> Vec<&'static str> {
    let notices = console.effects.iter().filter_map(|effect| match effect {
        Effect::Notify(notice) => Some(notice.state),
        _ => None,
    });
    notices.collect()
}

pub(super) fn history(console: &mut Console, records: Vec<Record>) {
    console.send(Event::History(Ok(records)));
}

#[test]
fn an_operation_is_found_told_planned_agreed_to_and_begun_and_never_by_a_single_key() {
    let mut console = on("staging");
    console.press("o").write("susp").press("enter down down down down space down down down space enter");
    let wish = wishes(&console).pop().unwrap();
    assert_eq!((wish.operation, wish.environment.as_str()), ("suspend-processes", "staging"));
    assert_eq!(wish.options.processes, [Process::AzRebalance, Process::ReplaceUnhealthy]);
    assert_eq!(console.place(), format!("plan {}", wish.ticket.0));
    console.press("enter y");
    assert_eq!(starts(&console), [], "there is no plan yet");
    let plan = plans::suspension("staging");
    console.send(Event::Planned(wish.ticket, Ok(Box::new(plan.clone()))));
    console.press("enter enter");
    assert_eq!(starts(&console), [], "enter alone begins nothing");
    console.press("y");
    let start = starts(&console).pop().unwrap();
    assert_eq!((start.start, start.grip), (Start::Begin(Box::new(plan)), Grip::Take));
}

#[test]
fn what_an_operation_is_told_can_be_pasted_a_public_key_in_one_line() {
    let key = format!("ssh-rsa {} ana@laptop", "AAAA".repeat(180));
    let mut console = on("staging");
    console.press("o").write("create-found").press("enter");
    console.write("203.0.113.0/24").press("down down");
    console.send(Event::Paste(format!("{key}\nssh-rsa BBBB second\n")));
    console.press("enter");
    let wish = wishes(&console).pop().unwrap();
    assert_eq!(wish.operation, "create-foundation");
    assert_eq!(wish.options.ssh_from, ["203.0.113.0/24"]);
    assert_eq!(wish.options.public_key.as_deref(), Some(key.as_str()));
}

/// A plan that wants something typed.
fn locked(anew: bool) -> Plan {
    let mut plan = plans::suspension("staging");
    let job = crate::plan::HostJob {
        server: crate::plan::InstanceRef::Known("i-1".into()),
        name: "unlock".into(),
        script: "# sandbox: build unlock\n".into(),
        user: None,
        files: vec![crate::plan::JobFile {
            of: crate::plan::TextOf::Typed { name: "luks_passphrase".into(), anew },
            variable: "luks_passphrase".into(),
            environment: "staging".into(),
        }],
        back: None,
        names_server: true,
    };
    plan.steps[0].action = crate::plan::Action::Job(Box::new(job));
    plan
}

#[test]
fn what_is_typed_for_a_run_is_asked_after_it_was_agreed_to_and_is_never_shown() {
    let (mut console, ticket) = planning("staging");
    console.send(Event::Planned(ticket, Ok(Box::new(locked(false)))));
    console.press("enter y");
    assert_eq!(starts(&console), [], "first it is typed");
    assert!(question(&console).starts_with("luks_passphrase\n"));
    console.press("enter").write("correct horse y");
    let drawn = crate::console::views::tests::shots::drawn(&console.state, (120, 40));
    let screen: String = drawn.content().iter().map(ratatui::buffer::Cell::symbol).collect();
    assert!(screen.contains("•••••") && !screen.contains("correct"), "{screen}");
    assert!(!format!("{:?}", console.effects).contains("correct"));
    console.press("enter");
    let start = starts(&console).pop().unwrap();
    assert_eq!(start.typed.get("luks_passphrase"), Some("correct horse y"));
    assert!(!format!("{start:?}").contains("correct"));
}

#[test]
fn what_is_chosen_is_typed_twice_and_has_a_length() {
    let (mut console, ticket) = planning("staging");
    console.send(Event::Planned(ticket, Ok(Box::new(locked(true)))));
    console.press("enter y").write("short").press("enter");
    assert!(!question(&console).contains("once more"));
    console.write(" is not long").press("enter").write("another").press("enter");
    console.press("esc");
    console.press("enter y").write("a long passphrase").press("enter");
    assert!(question(&console).starts_with("luks_passphrase, once more"));
    console.write("a long passphrase, but other").press("enter");
    assert!(question(&console).starts_with("luks_passphrase\n") && starts(&console).is_empty());
    console.write("a long passphrase").press("enter").write("a long passphrase").press("enter");
    assert_eq!(starts(&console).pop().unwrap().typed.get("luks_passphrase"), Some("a long passphrase"));
}

#[test]
fn production_is_begun_by_its_name_only() {
    let (mut console, _) = planned("production");
    console.press("enter y enter").write("x").press("enter");
    assert_eq!(starts(&console), []);
    console.press("esc enter").write("production").press("enter");
    assert_eq!(starts(&console).len(), 1);
}

#[test]
fn refreshes_do_not_remake_a_plan_under_the_operators_hands() {
    let (mut console, ticket) = planned("staging");
    console.press("enter");
    let before = console.state.desk.sheet(ticket).cloned();
    console.changed(|snapshot| snapshot.measured.clear());
    assert_eq!(console.state.desk.sheet(ticket).cloned(), before);
    assert_eq!(wishes(&console).len(), 1);
    console.press("y");
    assert_eq!(starts(&console).len(), 1);
}

#[test]
fn with_read_only_nothing_is_offered_and_nothing_is_planned() {
    for change in [
        (|console: &mut Console| console.state.read_only = true) as fn(&mut Console),
        |console| console.state.preferences.read_only_environments = ["staging".into()].into(),
        |console| console.state.desk.can_change = false,
    ] {
        let mut console = on("staging");
        change(&mut console);
        for keys in ["o", "d", "r"] {
            console.press(keys);
            assert!(console.state.overlay.is_none(), "{keys}");
            assert!(!console.toast().is_empty());
        }
        assert_eq!(console.effects, []);
    }
    let (mut console, ticket) = planned("staging");
    console.state.read_only = true;
    console.press("enter y");
    assert_eq!(starts(&console), []);
    let work = plans::failed(ticket, "staging");
    console.state.desk.add(work);
    console.send(Event::Begun(Ticket(99), Err(Obstacle::Other("x".into())))).press("esc");
    console.press("R r y u y");
    assert_eq!(starts(&console), []);
}

#[test]
fn between_question_and_answer_the_environment_may_have_become_read_only() {
    let (mut console, _) = planned("staging");
    console.press("enter");
    console.state.preferences.read_only_environments = ["staging".into()].into();
    console.press("y");
    assert_eq!(starts(&console), []);
    assert!(console.toast().contains("read-only now"), "{}", console.toast());
}

#[test]
fn a_refusal_that_can_be_overridden_asks_for_its_word_and_plans_again_with_it() {
    let (mut console, ticket) = planning("staging");
    let no = NoPlan { words: "it would go backwards".into(), word: Some("backwards"), lacks: Vec::new() };
    console.send(Event::Planned(ticket, Err(no))).press("enter");
    assert!(question(&console).contains("backwards"));
    console.write("forward").press("enter");
    assert_eq!(wishes(&console).len(), 1);
    console.press("esc enter").write("backwards").press("enter");
    let again = wishes(&console).pop().unwrap();
    assert_eq!((again.ticket, again.options.overrides), (ticket, vec!["backwards".to_owned()]));
    assert_eq!(console.state.desk.sheet(ticket).unwrap().stage, Stage::Planning);
    let no = NoPlan { words: "no group".into(), word: None, lacks: Vec::new() };
    console.send(Event::Planned(ticket, Err(no))).press("enter");
    assert!(console.state.overlay.is_none() && console.toast().contains("no plan"));
}

#[test]
fn a_refusal_is_kept_whole_for_what_to_do_is_at_its_end() {
    let (mut console, ticket) = planning("staging");
    let words = format!("{}. Make one with create-release. Then deploy it", "a long story ".repeat(30));
    console.send(Event::Planned(ticket, Err(NoPlan { words: words.clone(), word: None, lacks: Vec::new() })));
    let Stage::Refused(no) = &console.state.desk.sheet(ticket).unwrap().stage else { panic!("no refusal") };
    assert_eq!(no.words, words);
}

#[test]
fn a_changed_assumption_is_shown_with_both_values_and_can_be_planned_anew() {
    let (mut console, ticket) = planned("staging");
    console.press("enter y");
    let why =
        Obstacle::Changed { fact: "sizes of ag".into(), was: "2 of 1–4".into(), is: "3 of 1–4".into() };
    console.send(Event::Begun(ticket, Err(why)));
    let words = question(&console);
    assert!(
        words.contains("2 of 1–4") && words.contains("3 of 1–4") && words.contains("Nothing was changed")
    );
    assert_eq!(console.place(), format!("plan {}", ticket.0));
    console.press("p");
    assert_eq!(wishes(&console).len(), 2);
}

#[test]
fn a_lock_is_taken_over_or_done_without_only_by_typing_it() {
    let held = Obstacle::Held(Box::new(Held { number: 12, note: None }));
    let (mut console, ticket) = planned("staging");
    console.press("enter y").send(Event::Begun(ticket, Err(held))).press("t enter");
    assert_eq!(starts(&console).len(), 1, "asked a second time");
    console.write("take over").press("enter");
    assert_eq!(starts(&console).pop().unwrap().grip, Grip::TakeOver(12));
    console.send(Event::Begun(ticket, Err(Obstacle::Denied("ssm".into())))).press("w y enter");
    assert_eq!(starts(&console).len(), 2);
    console.press("esc enter y").send(Event::Begun(ticket, Err(Obstacle::Denied("ssm".into()))));
    console.press("w").write("nobody else is at work").press("enter");
    assert_eq!(starts(&console).pop().unwrap().grip, Grip::Without);
}

#[test]
fn a_run_takes_the_place_of_its_plan_and_goes_on_when_its_screen_is_left() {
    let (mut console, ticket) = running("staging");
    assert_eq!(console.place(), format!("work {}", ticket.0));
    console.press("esc");
    assert_eq!(console.place(), "staging/servers");
    console.press("R");
    assert_eq!(console.place(), format!("work {}", ticket.0));
    console.press("F").send(Event::Told(vec![(ticket, plans::step_begun(1, 3))]));
    assert_eq!(stops(&console), []);
    assert_eq!(console.state.desk.going_on().count(), 1);
    assert!(console.state.interest.busy, "what changes is read more often");
}

#[test]
fn the_step_that_begins_is_selected_unless_somebody_is_just_reading() {
    let (mut console, ticket) = running("staging");
    console.wait(std::time::Duration::from_secs(6));
    console.send(Event::Told(vec![(ticket, plans::step_begun(3, 3))]));
    assert_eq!(console.selected(), "3");
    console.press("down").send(Event::Told(vec![(ticket, plans::step_begun(1, 3))]));
    assert_eq!(console.selected(), "4");
}

#[test]
fn stopping_asks_how_and_more_can_be_asked_for_but_not_less() {
    let (mut console, ticket) = running("staging");
    console.press("X y enter");
    assert_eq!(stops(&console), []);
    console.press("s");
    assert_eq!(stops(&console), [Cancel::AfterStep]);
    console.press("X s");
    assert_eq!(stops(&console), [Cancel::AfterStep]);
    console.press("u");
    assert_eq!(stops(&console), [Cancel::AfterStep, Cancel::NowAndUndo]);
    console.press("X");
    assert!(console.toast().contains("undone already"));
    console.send(Event::Told(vec![(ticket, plans::finished(RunState::Cancelled))])).press("X");
    assert!(console.toast().contains("over"));
}

#[test]
fn the_question_of_stopping_tells_what_each_answer_takes_back() {
    let (mut console, ticket) = running("staging");
    for step in [1, 3] {
        console.send(Event::Told(vec![
            (ticket, plans::step_begun(step, 2)),
            (ticket, plans::ended(step, StepEnd::Done, 1)),
        ]));
    }
    console.send(Event::Told(vec![(ticket, plans::step_begun(4, 1))]));
    console.press("X");
    let words = question(&console);
    let places: Vec<_> = ["Either way", "↩ 3 suspend AZRebalance", "Undoing takes back", "↩ 1 stop Celery"]
        .into_iter()
        .map(|line| words.find(line).unwrap_or_else(|| panic!("{line}: {words}")))
        .collect();
    assert!(places.is_sorted(), "{words}");
}

#[test]
fn whoever_looks_elsewhere_is_told_of_the_end_and_the_history_is_read_again() {
    let (mut console, ticket) = running("staging");
    console.press("F");
    console.effects.clear();
    let news = vec![
        (ticket, plans::step_begun(1, 9)),
        (ticket, plans::ended(1, StepEnd::Failed("no answer".into()), 3)),
        (ticket, plans::finished(RunState::Failed)),
    ];
    console.send(Event::Told(news));
    assert_eq!(notices(&console), ["failed"]);
    assert!(console.effects.contains(&Effect::History));
    assert!(console.toast().contains("failed"), "{}", console.toast());
}

#[test]
fn a_run_that_needs_an_answer_notifies_too() {
    let (mut console, ticket) = planned("staging");
    console.press("enter y").send(Event::Begun(ticket, Err(Obstacle::Other("disk full".into()))));
    assert_eq!(notices(&console), ["refused"]);
}

#[test]
fn leaving_while_a_run_goes_on_asks_to_stop_it_or_to_wait() {
    let (mut console, ticket) = running("staging");
    console.press("ctrl-c y enter ctrl-c");
    assert!(!console.effects.contains(&Effect::Quit));
    console.press("w");
    assert!(console.state.leaving && stops(&console).is_empty());
    console.press("ctrl-c esc");
    assert!(!console.effects.contains(&Effect::Quit), "asked once more");
    console.send(Event::Told(vec![(ticket, plans::finished(RunState::Done))]));
    assert!(console.effects.contains(&Effect::Quit));

    let (mut console, ticket) = running("staging");
    console.press("ctrl-c w");
    assert!(shown(&console).contains("leaving"), "{}", shown(&console));
    console.press("ctrl-c h");
    assert!(!shown(&console).contains("leaving"));
    console.send(Event::Told(vec![(ticket, plans::finished(RunState::Done))]));
    assert!(!console.effects.contains(&Effect::Quit), "it stays after all");

    let (mut console, _) = running("staging");
    console.press("ctrl-c s");
    assert_eq!(stops(&console), [Cancel::AfterStep]);
    assert!(!console.effects.contains(&Effect::LeaveSoon), "putting back may take its time");
    console.press("ctrl-c i");
    assert!(console.effects.contains(&Effect::Quit));
}

#[test]
fn a_run_that_is_just_being_begun_keeps_the_console_here_and_is_stopped_with_the_others() {
    let begun = |ticket| Event::Begun(ticket, Ok(Box::new(plans::begun(plans::deploy("staging")))));
    let (mut console, ticket) = planned("staging");
    console.press("enter y ctrl-z");
    assert!(!console.effects.contains(&Effect::Suspend));
    console.press("ctrl-c");
    assert!(question(&console).contains("1 run just being begun"), "{}", question(&console));
    console.press("s");
    assert!(!console.effects.contains(&Effect::Quit), "nobody knows yet whether it changes something");
    console.send(begun(ticket));
    assert_eq!(stops(&console), [Cancel::AfterStep]);
    console.send(Event::Told(vec![(ticket, plans::finished(RunState::Cancelled))]));
    assert!(console.effects.contains(&Effect::Quit));

    let (mut console, ticket) = planned("staging");
    console.press("enter y ctrl-c w").send(begun(ticket));
    assert_eq!(stops(&console), [], "it is waited for");
    let (mut console, ticket) = planned("staging");
    console.press("enter y ctrl-c w").send(Event::Begun(ticket, Err(Obstacle::Other("no".into()))));
    assert!(console.effects.contains(&Effect::Quit), "nothing was begun");
}

#[test]
fn what_came_between_is_asked_about_where_its_plan_is_seen_and_takes_nobodys_keys_elsewhere() {
    let held = || Obstacle::Held(Box::new(Held { number: 12, note: None }));
    let (mut console, ticket) = planned("staging");
    console.press("enter y F").press(":").write("envir");
    console.send(Event::Begun(ticket, Err(held())));
    assert!(matches!(console.state.overlay, Some(Overlay::Palette { .. })), "what is typed goes on");
    assert!(console.toast().contains("Not begun: suspend-processes in staging"), "{}", console.toast());
    console.write("onment production").press("enter t esc");
    assert_eq!(starts(&console).len(), 1);
    console.press("[ [");
    for _ in 0..4 {
        if console.place() != format!("plan {}", ticket.0) {
            console.press("[");
        }
    }
    assert!(question(&console).starts_with("Somebody else is at work"), "{}", question(&console));
    console.press("t").write("take over").press("enter");
    assert_eq!(starts(&console).pop().unwrap().grip, Grip::TakeOver(12));
}

#[test]
fn an_answer_that_nobody_waits_for_replaces_no_plan() {
    let (mut console, ticket) = planned("staging");
    console.press("P P P");
    assert_eq!(wishes(&console).len(), 2, "one at a time");
    let other = Plan { title: "something else".into(), ..plans::suspension("staging") };
    console.send(Event::Planned(ticket, Ok(Box::new(plans::suspension("staging")))));
    console.send(Event::Planned(ticket, Ok(Box::new(other.clone()))));
    console.press("enter y");
    console.send(Event::Planned(ticket, Ok(Box::new(other))));
    console.send(Event::Begun(ticket, Err(Obstacle::Held(Box::new(Held { number: 12, note: None })))));
    console.press("t").write("take over").press("enter");
    let agreed = Start::Begin(Box::new(plans::suspension("staging")));
    assert!(starts(&console).iter().all(|start| start.start == agreed));
    assert_eq!(starts(&console).len(), 2);
}

#[test]
fn a_run_that_is_being_undone_or_put_back_offers_no_stop_that_would_stop_nothing() {
    let turned = |way| Entry::Turned { way, why: "jane undoes the run".into(), at: fixture::now() };
    let (mut console, ticket) = running("staging");
    console.send(Event::Told(vec![(ticket, plans::entry(turned(Way::Stop)))])).press("X s");
    assert_eq!(stops(&console), []);
    console.press("u");
    assert_eq!(stops(&console), [Cancel::NowAndUndo]);
    let (mut console, ticket) = running("staging");
    console.send(Event::Told(vec![(ticket, plans::entry(turned(Way::Undo)))])).press("X");
    assert!(console.toast().contains("goes on to its end"), "{}", console.toast());
    assert!(console.state.overlay.is_none());
}

#[test]
fn suspending_would_leave_the_run_without_anybody_who_executes_it() {
    let (mut console, _) = running("staging");
    console.press("ctrl-z");
    assert!(!console.effects.contains(&Effect::Suspend));
}

#[test]
fn a_run_of_the_history_is_opened_from_its_page_and_what_is_unknown_says_why() {
    let mut console = on("staging");
    console.press("7");
    assert!(console.effects.contains(&Effect::History));
    history(&mut console, plans::good_history("staging"));
    assert_eq!(console.rows().len(), 4);
    console.press("enter");
    let ticket = match console.effects.last() {
        Some(Effect::OpenPast(ticket, id)) => {
            assert_eq!(*id, plans::id(4));
            *ticket
        }
        other => panic!("{other:?}"),
    };
    let failed: Result<Box<Opened>, String> = Err("the run's record cannot be read".into());
    console.send(Event::Opened(ticket, failed));
    assert!(console.toast().contains("cannot be read"));
    console.press("esc");
    assert_eq!(console.place(), "staging/runs");
}

#[test]
fn a_run_that_goes_on_in_another_console_is_watched_to_its_end() {
    let mut console = on("staging");
    console.press("7");
    history(&mut console, plans::good_history("staging"));
    console.press("enter");
    let Some(Effect::OpenPast(ticket, id)) = console.effects.last().cloned() else { panic!("it is opened") };
    let now = console.state.now;
    let opened = |story: &Story, state: RunState| {
        let began = Began {
            version: 1,
            id: id.clone(),
            kind: OPERATION.into(),
            at: now,
            who: "ben@desk".into(),
            fleet: None,
            account: None,
            environment: "staging".into(),
            command: String::new(),
            sudo: false,
            at_once: None,
            stop_on_failure: false,
            deadline: 0,
            servers: Vec::new(),
        };
        let past = Past {
            began,
            state,
            finished: None,
            ends: Vec::new(),
            skipped: Vec::new(),
            open: Vec::new(),
            unrecorded: None,
            story: Some(Box::new(story.clone())),
        };
        Event::Opened(ticket, Ok(Box::new(Opened { past, outputs: Vec::new() })))
    };
    let mut story = Story::new(plans::deploy("staging"));
    story.take_in(&Entry::Begun { step: StepId(1), at: now });
    console.send(opened(&story, RunState::Running));
    assert_eq!(console.selected(), "1");
    // Whoever has just pressed a key is left where he is.
    console.wait(Duration::from_secs(30));
    story.take_in(&Entry::Ended { step: StepId(1), end: StepEnd::Done, at: now });
    story.take_in(&Entry::Begun { step: StepId(2), at: now });
    console.send(opened(&story, RunState::Running));
    assert_eq!(console.selected(), "2", "it is followed");
    console.press("x");
    assert!(stops(&console).is_empty(), "it is stopped where it runs");
    console.press("esc");
    let asked = console.effects.iter().filter(|effect| **effect == Effect::History).count();
    console.send(opened(&story, RunState::Done));
    let after = console.effects.iter().filter(|effect| **effect == Effect::History).count();
    assert_eq!(after, asked + 1, "its badge changes");
}

#[test]
fn every_operation_of_the_table_can_be_chosen_and_told_what_it_takes() {
    for operation in OPERATIONS {
        let mut console = on("staging");
        console.press("o").write(operation.name).press("enter");
        let shown = match &console.state.overlay {
            Some(Overlay::Choices(choices)) => {
                assert_eq!(choices.operation.name, operation.name);
                let of = |opt| choices.lines.iter().any(|line| line.opt == opt);
                let told = operation.takes.iter().filter(|opt| **opt != crate::operation::Opt::Override);
                told.copied().filter(|opt| !of(*opt)).collect::<Vec<_>>()
            }
            None => {
                assert_eq!(wishes(&console).pop().unwrap().operation, operation.name);
                Vec::new()
            }
            other => panic!("{}: {other:?}", operation.name),
        };
        assert_eq!(shown, [], "{}", operation.name);
    }
}

fn keeps(console: &Console) -> Vec<KeepWish> {
    let keeps = console.effects.iter().filter_map(|effect| match effect {
        Effect::KeepSecrets(wish) => Some((**wish).clone()),
        _ => None,
    });
    keeps.collect()
}

/// A plan is refused, for secrets have no value.
fn lacking() -> (Console, Ticket) {
    let (mut console, ticket) = planning("staging");
    let lacks = vec!["smtp_password".to_owned(), "api_key".to_owned()];
    let words = "secrets are missing: smtp_password, api_key".to_owned();
    console.send(Event::Planned(ticket, Err(NoPlan { words, word: None, lacks })));
    (console, ticket)
}

#[test]
fn secrets_without_a_value_are_asked_for_one_by_one_kept_and_planned_with_anew() {
    let (mut console, ticket) = lacking();
    assert!(question(&console).starts_with("smtp_password (1 of 2)"), "{}", question(&console));
    console.press("enter");
    assert!(console.toast().contains("smtp_password is empty"), "{}", console.toast());
    console.write("mail-1").press("enter");
    assert!(question(&console).starts_with("api_key (2 of 2)"), "{}", question(&console));
    assert!(keeps(&console).is_empty(), "nothing is written before all are there");
    console.write("key-2").press("enter");
    let wish = keeps(&console).pop().unwrap();
    assert_eq!((wish.ticket, wish.environment.as_str()), (ticket, "staging"));
    assert_eq!((wish.typed.get("smtp_password"), wish.typed.get("api_key")), (Some("mail-1"), Some("key-2")));
    assert!(!format!("{:?}", console.effects).contains("mail-1"), "no log can have it");
    assert!(console.state.overlay.is_none());
    let before = wishes(&console).len();
    console.send(Event::SecretsKept(ticket, Ok("fabsecrets_staging.py is written".into())));
    assert_eq!(wishes(&console).len(), before + 1);
    assert_eq!(console.state.desk.sheet(ticket).unwrap().stage, Stage::Planning);
}

#[test]
fn secrets_that_were_not_typed_can_be_typed_later_and_what_could_not_be_written_is_told() {
    let (mut console, ticket) = lacking();
    console.press("esc");
    assert!(console.state.overlay.is_none() && keeps(&console).is_empty());
    console.press("enter").write("mail-1").press("enter").write("key-2").press("enter");
    assert_eq!(keeps(&console).len(), 1);
    let before = wishes(&console).len();
    console.send(Event::SecretsKept(ticket, Err("git would commit the file".into())));
    assert_eq!(wishes(&console).len(), before, "there is nothing to plan with");
    assert!(console.toast().contains("git would commit"), "{}", console.toast());
    console.state.preferences.read_only_environments = ["staging".into()].into();
    console.press("enter");
    assert!(console.state.overlay.is_none(), "nothing is asked for where nothing may be changed");
}

#[test]
fn a_refusal_for_missing_secrets_can_still_be_overridden_by_its_word() {
    let (mut console, ticket) = planning("staging");
    let words = "secrets are missing: smtp_password".to_owned();
    let no = NoPlan { words, word: Some("old-settings"), lacks: vec!["smtp_password".into()] };
    console.send(Event::Planned(ticket, Err(no)));
    assert!(question(&console).starts_with("smtp_password (1 of 1)"));
    console.press("esc enter").write("old-settings").press("enter");
    assert_eq!(wishes(&console).pop().unwrap().options.overrides, ["old-settings"]);
}
