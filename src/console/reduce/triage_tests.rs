//! What the screen of triage does: it is reached by one key, and each number opens what it names, never more.

use super::script::Console;
use crate::console::event::{Effect, Event};
use crate::console::state::Overlay;
use crate::console::table::RowId;
use crate::console::views::tests::fixture;
use crate::console::views::triage::selected;
use crate::fleet::{Changeset, HealthState, LaunchSource, Reading, Severity, SuspendedProcess};
use crate::operation::Offer;
use crate::triage::{Finding, Kind, Remedy};

fn on_triage(environment: &str) -> Console {
    let mut console = Console::open();
    console.read(fixture::snapshot());
    console.press(":").write(&format!("environment {environment}")).press("enter t");
    assert_eq!(console.place(), format!("{environment}/triage"));
    console
}

/// Production's finding of this name.
fn found<'a>(console: &'a Console, name: &str) -> &'a Finding {
    let triage = console.state.findings.of(&"production".into()).unwrap();
    triage.findings.iter().find(|finding| finding.key.to_string() == name).unwrap()
}

/// Goes to the first finding with such a step, and presses its number.
fn do_first(console: &mut Console, wanted: impl Fn(&Remedy) -> bool) -> Option<Remedy> {
    for _ in 0..console.rows().len() {
        let found = selected(&console.state).and_then(|(_, _, finding)| {
            let at = finding.runbook.iter().position(|step| wanted(&step.remedy))?;
            Some((at, finding.runbook[at].remedy.clone()))
        });
        if let Some((at, remedy)) = found {
            console.press(&(at + 1).to_string());
            return Some(remedy);
        }
        console.press("down");
    }
    None
}

#[test]
fn findings_are_listed_causes_first_and_esc_leads_to_the_environment() {
    let mut console = on_triage("production");
    assert!(!console.rows().is_empty());
    let (_, triage, finding) = selected(&console.state).unwrap();
    assert!(finding.under.is_none() && finding.severity == Severity::Down, "{:?}", triage.findings);
    console.press("esc");
    assert_eq!(console.place(), "production/servers");
}

#[test]
fn a_command_is_put_into_the_dialog_and_not_run() {
    let mut console = on_triage("production");
    let Some(Remedy::Run { command, .. }) = do_first(&mut console, |r| matches!(r, Remedy::Run { .. }))
    else {
        panic!("{:?}", console.rows())
    };
    let Some(Overlay::Run(dialog)) = &console.state.overlay else { panic!("{:?}", console.state.overlay) };
    assert_eq!((dialog.text(), dialog.sudo), (command.as_str(), true));
    assert!(!console.effects.iter().any(|effect| matches!(effect, Effect::Exec(_))));
}

#[test]
fn logs_a_page_and_a_plan_are_opened() {
    let mut console = on_triage("production");
    do_first(&mut console, |r| matches!(r, Remedy::Logs { .. })).unwrap();
    assert!(matches!(console.state.overlay, Some(Overlay::Logs(_))));
    console.press("esc");
    do_first(&mut console, |r| matches!(r, Remedy::Look { .. }));
    assert!(console.place().starts_with("production/"));
}

#[test]
fn what_a_step_opens_leads_back_to_what_is_wrong() {
    let mut console = on_triage("production");
    do_first(&mut console, |r| matches!(r, Remedy::Plan { operation, .. } if *operation != "rollback"))
        .unwrap();
    assert!(console.place().contains("plan"), "{}", console.place());
    console.press("esc");
    assert_eq!(console.place(), "production/triage");
    console.press("esc");
    assert_eq!(console.place(), "production/servers");
    console.press("esc");
    assert_eq!(console.place(), "fleet");
}

/// The screen of triage where no web server of production is in service, and the group is held.
fn nobody_serves() -> Console {
    let mut console = Console::open();
    let mut snapshot = fixture::snapshot();
    let mut groups = snapshot.groups.value().unwrap().clone();
    for group in groups.values_mut() {
        let process = "HealthCheck".to_owned();
        group.suspended.push(SuspendedProcess { process, reason: String::new() });
    }
    snapshot.groups = Reading::taken(snapshot.groups.source(), groups, console.state.now);
    for health in snapshot.health.values_mut() {
        let mut members = health.value().unwrap().clone();
        for member in &mut members {
            member.state = HealthState::OutOfService;
        }
        *health = Reading::taken(health.source(), members, console.state.now);
    }
    console.read(snapshot);
    console.press(":").write("environment production").press("enter t");
    console
}

#[test]
fn going_back_to_another_release_asks_which_and_offers_those_there_are() {
    let mut console = nobody_serves();
    do_first(&mut console, |r| matches!(r, Remedy::Plan { operation, .. } if *operation == "rollback"))
        .unwrap();
    let Some(Overlay::Choices(choices)) = &console.state.overlay else {
        panic!("{:?}", console.state.overlay)
    };
    assert_eq!(choices.operation.name, "rollback");
    assert!(console.effects.iter().any(|effect| matches!(effect, Effect::Releases(_))));
    console.press("enter");
    assert!(console.toast().contains("Choose a release"), "{}", console.toast());
    let offer = |name: &str, current: bool| Offer {
        launch: LaunchSource::Configuration { name: name.into() },
        changeset: Changeset::new("a1b2c3d4e5"),
        made_at: console.state.now,
        is_current: current,
        commit: None,
        migrations: None,
    };
    let offers = vec![offer("newest", false), offer("in-use", true), offer("before", false)];
    console.send(Event::Releases("production".into(), Ok(offers)));
    console.press("enter");
    let Some(Effect::Plan(wish)) = console.effects.last() else { panic!("{:?}", console.effects.last()) };
    assert_eq!(wish.options.release.as_deref(), Some("before"), "what is before the one in use");
    console.press("esc");
    assert_eq!(console.place(), "production/triage");
}

#[test]
fn a_step_that_is_done_opens_nothing() {
    let mut console = nobody_serves();
    for _ in 0..console.rows().len() {
        let (_, _, finding) = selected(&console.state).unwrap();
        if let Some(at) = finding.runbook.iter().position(|step| step.done) {
            console.press(&(at + 1).to_string());
            assert_eq!(
                (console.place().as_str(), console.state.overlay.is_none()),
                ("production/triage", true)
            );
            assert!(console.toast().starts_with("It is so already: "), "{}", console.toast());
            return;
        }
        console.press("down");
    }
    panic!("{:?}", console.rows());
}

#[test]
fn what_was_seen_is_dimmed_kept_and_counts_again_when_taken_back() {
    let mut console = on_triage("production");
    let name = console.selected();
    console.press("a");
    let (environment, memory) = console.kept.last().cloned().unwrap();
    assert_eq!(environment.as_str(), "production");
    let key = found(&console, &name).key.clone();
    assert!(memory.entry(&key).unwrap().acknowledged.is_some());
    assert!(found(&console, &name).acknowledged.is_some());
    assert_eq!(console.selected(), name, "the selection stays on its finding");
    console.press("a");
    assert!(found(&console, &name).acknowledged.is_none());
    assert_eq!(console.toast(), "It counts again");
    console.press("z");
    assert!(found(&console, &name).acknowledged.as_ref().unwrap().until.is_some());
}

#[test]
fn a_note_is_typed_in_the_footer() {
    let mut console = on_triage("production");
    let name = console.selected();
    console.press("n").write("asked ana").press("enter");
    let finding = found(&console, &name);
    assert_eq!(finding.noted.as_ref().unwrap().words, "asked ana");
}

#[test]
fn a_key_that_comes_as_something_else_becomes_first_does_nothing() {
    let mut console = on_triage("production");
    let (first, rows) = (console.selected(), console.rows());
    console.wait(std::time::Duration::from_secs(30));
    // It was another one until now.
    let other = rows.iter().find(|row| **row != first).unwrap().clone();
    let screen = console.state.screen().clone();
    let view = console.state.views.get_mut(&screen).unwrap();
    (view.cursor, view.chosen) = (Some(RowId::Line(other)), false);
    super::rebuild(&mut console.state);
    assert_eq!(console.selected(), first, "what is worst leads");
    for key in ["a", "1", "n"] {
        console.press(key);
        assert!(console.toast().contains("look again"), "{key}: {}", console.toast());
    }
    assert!(console.state.overlay.is_none() && found(&console, &first).acknowledged.is_none());
    console.wait(std::time::Duration::from_secs(2));
    console.press("a");
    assert!(found(&console, &first).acknowledged.is_some());
}

#[test]
fn a_number_that_comes_as_it_means_another_step_does_nothing_and_a_second_one_is_no_part_of_a_command() {
    let mut console = on_triage("production");
    console.wait(std::time::Duration::from_secs(30));
    let Some((_, words)) = &mut console.state.offered else { panic!("a finding is selected") };
    words.insert(0, "another step until now".into());
    super::rebuild(&mut console.state);
    console.press("1");
    assert!(console.toast().contains("look again"), "{}", console.toast());
    console.wait(std::time::Duration::from_secs(2));
    let Some(Remedy::Run { command, .. }) = do_first(&mut console, |r| matches!(r, Remedy::Run { .. }))
    else {
        panic!("{:?}", console.rows())
    };
    console.press("3 3");
    let Some(Overlay::Run(dialog)) = &console.state.overlay else { panic!("{:?}", console.state.overlay) };
    assert_eq!(dialog.text(), command);
}

#[test]
fn a_note_is_of_the_finding_that_was_selected_whatever_comes_first_meanwhile() {
    let mut console = on_triage("production");
    let (first, rows) = (console.selected(), console.rows());
    console.press("n").write("asked ana");
    // The list is made anew while it is typed, and begins with something else.
    let other = rows.iter().find(|row| **row != first).unwrap().clone();
    let screen = console.state.screen().clone();
    let view = console.state.views.get_mut(&screen).unwrap();
    (view.cursor, view.chosen) = (Some(RowId::Line(other.clone())), false);
    console.press("enter");
    assert_eq!(found(&console, &first).noted.as_ref().unwrap().words, "asked ana");
    assert!(found(&console, &other).noted.is_none());
}

#[test]
fn nothing_is_changed_from_a_read_only_console() {
    let mut console = on_triage("production");
    console.state.read_only = true;
    let found = do_first(&mut console, |r| matches!(r, Remedy::Run { .. }));
    assert!(found.is_some() && console.state.overlay.is_none());
    assert!(console.toast().starts_with("Read-only"), "{}", console.toast());
}

#[test]
fn a_finding_that_follows_names_its_cause() {
    let console = on_triage("production");
    let triage = console.state.findings.of(&"production".into()).unwrap();
    let folded: Vec<Kind> =
        triage.findings.iter().filter(|f| f.under.is_some()).map(|f| f.key.kind).collect();
    let rows = console.rows();
    for cause in triage.causes() {
        let at = rows.iter().position(|row| *row == cause.key.to_string()).unwrap();
        for other in triage.consequences(&cause.key) {
            let place = rows.iter().position(|row| *row == other.key.to_string()).unwrap();
            assert!(place > at, "{folded:?}");
        }
    }
}
