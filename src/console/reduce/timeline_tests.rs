//! What the screen of the timeline does: it is reached by one key, read again while it is seen, and opens what it lists.

use std::sync::Arc;

use jiff::SignedDuration;

use super::script::Console;
use crate::console::event::{Effect, Event};
use crate::console::views::tests::{fixture, happened};
use crate::console::views::timeline::selected;
use crate::timeline::Happening;

fn on_timeline() -> Console {
    let mut console = Console::open();
    console.press(":").write("environment production").press("enter T");
    assert_eq!(console.place(), "production/timeline");
    console
}

fn told() -> Console {
    let mut console = on_timeline();
    console.send(Event::Timeline("production".into(), Ok(Arc::new(happened::chronicle()))));
    console
}

/// Goes to the first entry that is so.
fn to(console: &mut Console, wanted: impl Fn(&crate::timeline::Entry) -> bool) {
    for _ in 0..console.rows().len() {
        if selected(&console.state).is_some_and(|(_, entry)| wanted(entry)) {
            return;
        }
        console.press("down");
    }
    panic!("{:?}", console.rows());
}

fn asked(console: &Console) -> usize {
    console.effects.iter().filter(|effect| matches!(effect, Effect::Timeline(_))).count()
}

#[test]
fn it_is_read_when_somebody_comes_and_again_while_it_is_seen() {
    let mut console = on_timeline();
    assert_eq!(asked(&console), 1);
    console.read(fixture::snapshot());
    assert_eq!(asked(&console), 1, "not with every look at the fleet");
    console.send(Event::Clock(fixture::now() + SignedDuration::from_secs(30)));
    let mut newer = fixture::snapshot();
    newer.revision += 9;
    console.read(newer);
    assert_eq!(asked(&console), 2);
    console.press("esc");
    assert_eq!(console.place(), "production/servers");
    console.send(Event::Clock(fixture::now() + SignedDuration::from_secs(90)));
    let mut newer = fixture::snapshot();
    newer.revision += 19;
    console.read(newer);
    assert_eq!(asked(&console), 2, "nobody looks at it");
}

#[test]
fn the_newest_comes_first_and_the_selection_stays_on_its_entry_when_more_has_happened() {
    let mut console = told();
    let rows = console.rows();
    let mut sorted = rows.clone();
    sorted.sort_by(|a, b| b[..20].cmp(&a[..20]));
    assert_eq!(rows, sorted, "newest first");
    console.press("down down");
    let before = console.selected();
    let mut more = happened::chronicle();
    let newest = more.timeline.entries.last().unwrap().clone();
    more.timeline.entries.push(crate::timeline::Entry { title: "something new".into(), ..newest });
    console.send(Event::Timeline("production".into(), Ok(Arc::new(more))));
    assert_eq!(console.rows().len(), rows.len() + 1);
    assert_eq!(console.selected(), before);
}

#[test]
fn what_has_just_happened_is_not_out_of_sight_for_whoever_has_selected_nothing() {
    let mut console = told();
    let first = console.selected();
    console.wait(std::time::Duration::from_secs(30));
    let mut more = happened::chronicle();
    let newest = more.timeline.entries.last().unwrap().clone();
    for n in 0..40 {
        let at = newest.at + SignedDuration::from_secs(1 + n);
        more.timeline.entries.push(crate::timeline::Entry {
            at,
            title: format!("new {n}"),
            ..newest.clone()
        });
    }
    console.send(Event::Timeline("production".into(), Ok(Arc::new(more))));
    assert_eq!(console.state.view().top, 0);
    assert_ne!(console.selected(), first);
    assert!(console.rows()[0].contains("new 39"), "{:?}", console.rows()[0]);
}

#[test]
fn an_entry_opens_what_it_is_of_and_esc_leads_back_to_the_list() {
    for (happening, place) in [
        (Happening::Finding, "production/triage"),
        (Happening::State, "production/i-0c3fcccc"),
        (Happening::Metric, "production/servers"),
    ] {
        let mut console = told();
        to(&mut console, |entry| entry.happening == happening);
        console.press("enter");
        assert_eq!(console.place(), place, "{happening:?}");
        if happening == Happening::State {
            console.press("esc");
            assert_eq!(console.place(), "production/timeline");
        }
    }
    let mut console = told();
    to(&mut console, |entry| entry.happening == Happening::Run);
    console.press("enter");
    assert!(console.toast().contains("2026-11-22-1 is not kept"), "{}", console.toast());
}

#[test]
fn why_it_cannot_be_read_stands_in_its_place_and_the_command_is_copied() {
    let mut console = on_timeline();
    console.send(Event::Timeline("production".into(), Err("/x cannot be read (denied)".into())));
    assert!(console.state.table.empty.contains("/x cannot be read"));
    console.press("c");
    let copied = console.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some("quarterdeck --profile ops timeline production"));
}
