//! Pictures of operations, plans, runs of plans and the history.

use super::fixture::{self, settle};
use super::plans;
use super::run_shots::press;
use super::shots::{drawn, environment, line, shots};
use crate::console::event::Event;
use crate::console::panes::Ticket;
use crate::console::reduce::reduce;
use crate::console::screen::{Page, Screen};
use crate::console::state::State;
use crate::console::trail::Trail;
use crate::console::work::{NoPlan, Obstacle, Sheet, Stage, Work};
use crate::engine::lock::{Held, LockNote};
use crate::engine::run::Cancel;
use crate::fleet::{Changeset, LaunchSource};
use crate::operation::Offer;
use crate::plan::Plan;

const TICKET: Ticket = Ticket(1);

fn on(screen: Screen, size: (u16, u16), change: impl FnOnce(&mut State)) -> State {
    let mut state = fixture::state(fixture::snapshot(), Screen::Fleet, size);
    change(&mut state);
    state.trail = Trail { screens: vec![Screen::Fleet, screen], at: 1 };
    settle(&mut state);
    state
}

fn planned(plan: Plan, size: (u16, u16)) -> State {
    on(Screen::Plan(TICKET), size, |state| {
        let mut sheet = Sheet::new(plans::wish(TICKET, plan.environment.as_str()), fixture::ago(5));
        let environment = plan.environment.clone();
        sheet.stage = Stage::Ready(Box::new(plan));
        state.desk.add_sheet(sheet);
        state.desk.history = Some(plans::good_history(environment.as_str()));
    })
}

fn working(work: Work, size: (u16, u16)) -> State {
    on(Screen::Work(TICKET), size, |state| {
        state.desk.history = Some(plans::good_history(work.environment.as_str()));
        state.desk.add(work);
    })
}

#[test]
fn operations_and_what_one_is_told() {
    let servers = |size| {
        let screen = environment("staging", Page::Servers);
        fixture::state(fixture::snapshot(), screen, size)
    };
    shots("operations", |size| press(servers(size), "o"));
    shots("operations-narrowed", |size| press(servers(size), "o s u s p"));
    shots("operation-processes", |size| press(servers(size), "o s u s p enter down down space"));
    shots("operation-sizes", |size| press(servers(size), "o s e t - s enter tab 4 tab"));
    shots("operation-create-release", |size| press(servers(size), "o c r e a t e - r enter down"));
    shots("operation-release", |size| {
        let mut state = press(servers(size), "o d e p l o y - s enter");
        let group = state.snapshot.group(&plans::group("staging")).unwrap().launch.clone().unwrap();
        let offer = |launch: LaunchSource, changeset: &str, days: i64, commit: &str| Offer {
            is_current: launch == group,
            launch,
            changeset: Changeset::new(changeset),
            made_at: fixture::ago(86_400 * days),
            commit: Some((commit.into(), "Kim Larsen".into())),
            migrations: Some(vec![
                "billing.0042_invoice_note".into(),
                "exports.0017_export_started_at".into(),
            ]),
        };
        let earlier = LaunchSource::Configuration { name: "myproject_staging_lc_2026.11.14_9f8e7d6c".into() };
        let mut past = plans::good_history("staging");
        past.iter_mut().find(|run| run.operation.starts_with("deploy")).unwrap().launches =
            Some(earlier.clone());
        state.desk.history = Some(past);
        let offers = vec![
            offer(group.clone(), "77aa01cd", 1, "Exports say when they began"),
            offer(earlier, "9f8e7d6c", 8, "Invoices have a note"),
        ];
        let _ = reduce(&mut state, Event::Releases("staging".into(), Ok(offers)));
        press(state, "down down")
    });
}

#[test]
fn a_plan_and_what_is_asked_before_it_begins() {
    shots("plan", |size| planned(plans::deploy("production"), size));
    shots("plan-small", |size| planned(plans::suspension("staging"), size));
    shots("plan-detail", |size| press(planned(plans::deploy("production"), size), "down v"));
    shots("plan-confirm", |size| press(planned(plans::suspension("staging"), size), "enter"));
    shots("plan-confirm-production", |size| {
        press(planned(plans::deploy("production"), size), "enter p r o d")
    });
}

#[test]
fn a_plan_that_is_being_made_or_is_refused() {
    let with = |stage: Stage, size| {
        on(Screen::Plan(TICKET), size, |state| {
            let mut sheet = Sheet::new(plans::wish(TICKET, "staging"), fixture::now());
            sheet.stage = stage;
            state.desk.add_sheet(sheet);
        })
    };
    shots("plan-making", |size| with(Stage::Planning, size));
    shots("plan-refused", |size| {
        let words =
            "the release is not newer than what runs: it would go back, and migrations with it. Use rollback"
                .to_owned();
        with(Stage::Refused(NoPlan { words, word: Some("backwards"), lacks: Vec::new() }), size)
    });
}

#[test]
fn a_secret_that_is_asked_for_is_seen_by_nobody() {
    shots("plan-secret", |size| {
        let mut state = on(Screen::Plan(TICKET), size, |state| {
            let mut sheet = Sheet::new(plans::wish(TICKET, "staging"), fixture::now());
            sheet.stage = Stage::Planning;
            state.desk.add_sheet(sheet);
        });
        let words = "settings cannot be written from the project's template: secrets are missing: smtp_password, api_key; \
                     write them into fabsecrets_staging.py. Those on the servers would stay as they are. To do it all \
                     the same: --override old-settings"
            .to_owned();
        let lacks = vec!["smtp_password".to_owned(), "api_key".to_owned()];
        let no = NoPlan { words, word: Some("old-settings"), lacks };
        reduce(&mut state, Event::Planned(TICKET, Err(no)));
        let state = press(state, "h u n t e r");
        let buffer = drawn(&state, size);
        let shown: Vec<String> = (0..size.1).map(|y| line(&buffer, y)).collect();
        assert!(!shown.iter().any(|line| line.contains("hunt")), "{shown:?}");
        assert!(shown.iter().any(|line| line.contains("••••••█")), "{shown:?}");
        state
    });
}

fn held() -> Obstacle {
    let note = LockNote {
        who: "kim@desk".into(),
        identity: "arn:aws:iam::123456789012:user/kim".into(),
        token: "t".into(),
        run: "2026-11-22-0003".into(),
        operation: "deploy-full".into(),
        step: "step 4 replace web servers".into(),
        since: fixture::ago(600),
        seen: fixture::ago(40),
        taken_from: None,
        released: None,
        ended: None,
    };
    Obstacle::Held(Box::new(Held { number: 12, note: Some(note) }))
}

#[test]
fn what_comes_between_a_plan_and_its_run() {
    let not = |why: Obstacle, size| {
        let mut state = planned(plans::suspension("staging"), size);
        let _ = reduce(&mut state, Event::Begun(TICKET, Err(why)));
        state
    };
    shots("plan-changed", |size| {
        let (was, is) = ("2 of 1–4".into(), "3 of 1–4".into());
        not(Obstacle::Changed { fact: "sizes of myproject-staging-ag".into(), was, is }, size)
    });
    shots("plan-locked", |size| not(held(), size));
    shots("plan-take-over", |size| press(not(held(), size), "t"));
    shots("plan-no-lock", |size| {
        let denied = "the lock cannot be taken: ssm:GetParametersByPath is not allowed.".into();
        press(not(Obstacle::Denied(denied), size), "w")
    });
}

#[test]
fn a_run_of_a_plan_step_by_step() {
    shots("work", |size| working(plans::under_way(TICKET, "production"), size));
    shots("work-zoomed", |size| press(working(plans::under_way(TICKET, "production"), size), "z T"));
    shots("work-failed", |size| working(plans::failed(TICKET, "production"), size));
    shots("work-detail", |size| press(working(plans::failed(TICKET, "production"), size), "down down enter"));
    shots("work-cancel", |size| press(working(plans::under_way(TICKET, "production"), size), "X"));
    shots("work-stopping", |size| {
        let mut work = plans::under_way(TICKET, "production");
        work.cancel = Cancel::AfterStep;
        working(work, size)
    });
    shots("work-leave", |size| press(working(plans::under_way(TICKET, "production"), size), "ctrl-c"));
}

#[test]
fn every_run_that_was_and_what_is_not_finished() {
    let with = |screen: Screen, size| {
        on(screen, size, |state| state.desk.history = Some(plans::history("production")))
    };
    shots("history", |size| with(environment("production", Page::Runs), size));
    shots("history-empty", |size| {
        on(environment("staging", Page::Runs), size, |state| state.desk.history = Some(Vec::new()))
    });
    shots("history-fleet", |size| {
        let mut state = with(Screen::Fleet, size);
        let mut work = plans::under_way(TICKET, "staging");
        work.environment = "staging".into();
        state.desk.add(work);
        settle(&mut state);
        state
    });
    shots("history-greeting", |size| {
        let mut state = on(Screen::Fleet, size, |_| {});
        let _ = reduce(&mut state, Event::History(Ok(plans::history("production"))));
        state
    });
}

#[test]
fn runs_elsewhere_and_what_is_not_finished_are_seen_in_the_header_of_every_screen() {
    let mut state = working(plans::under_way(TICKET, "production"), (120, 40));
    state.desk.history = Some(plans::history("production"));
    assert!(!line(&drawn(&state, (120, 40)), 0).contains("3/5"), "its own screen says it");
    state = press(state, "F");
    let header = line(&drawn(&state, (120, 40)), 0);
    assert!(header.contains("◐ production 3/5") && header.contains("✖ 2 runs open"), "{header}");
}

#[test]
fn no_plan_and_no_run_is_broken_by_a_size() {
    for size in [(0, 0), (39, 9), (40, 10), (41, 11), (60, 12), (110, 12), (300, 100), (40, 100), (300, 10)] {
        let states = [
            press(planned(plans::deploy("production"), size), "down v down"),
            press(planned(plans::deploy("production"), size), "enter"),
            press(working(plans::under_way(TICKET, "production"), size), "tab z / a enter n z X"),
            press(working(plans::failed(TICKET, "production"), size), "enter down"),
        ];
        for state in states {
            let _ = drawn(&state, size);
            for (x, y) in [(0, 0), (5, 5), (size.0, size.1), (size.0 / 2, size.1.saturating_sub(2))] {
                let _ = crate::console::layout::hit(&state, x, y);
            }
        }
    }
}
