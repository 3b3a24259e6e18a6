//! What keys, mouse, time and news do.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::MouseEventKind;

use super::script::Console;
use crate::console::action::{Action, Context, TABLE};
use crate::console::event::{Effect, Event};
use crate::console::keymap::Keymap;
use crate::console::layout::Hit;
use crate::console::screen::Page;
use crate::console::state::{Look, Overlay, State};
use crate::fleet::{InstanceId, Power, Snapshot};

fn without(id: &str) -> impl FnOnce(&mut Snapshot) {
    move |snapshot| {
        let mut servers = snapshot.servers.value().unwrap().clone();
        servers.remove(&InstanceId::new(id)).unwrap();
        let at = snapshot.servers.read_at().unwrap();
        snapshot.servers.succeed(servers, at);
    }
}

/// Keys that bring the console where an action can do something.
fn preparation(action: Action) -> &'static str {
    match action {
        Action::Up | Action::First => "end",
        Action::PageUp | Action::Back | Action::Close | Action::Fleet => "enter end",
        Action::Forward => "enter [",
        Action::SortNatural => ">",
        Action::PageServers => "enter 2",
        Action::PageLoadBalancer
        | Action::PageGroup
        | Action::PageDatabase
        | Action::PageQueues
        | Action::PageCharts
        | Action::PageRuns
        | Action::NextPage
        | Action::PreviousPage => "enter",
        Action::CopyAddress | Action::Mark | Action::Shell | Action::HostKey => "enter j",
        Action::Level => ": l o g s enter enter",
        action if action.row().contexts == [Context::Triage] => "t",
        Action::SearchNext | Action::SearchPrevious => "R / 4 enter",
        action
            if action.row().contexts.contains(&Context::Run)
                && !action.row().contexts.contains(&Context::Fleet)
                && action != Action::Runs =>
        {
            "R down down"
        }
        _ => "",
    }
}

/// All of the state that an operator could notice.
fn noticed(state: &State) -> String {
    let mut state = state.clone();
    state.held_until = state.now;
    state.rests_at = state.now;
    state.next_change = None;
    state.dirty = false;
    format!("{state:?}")
}

#[test]
fn every_action_is_reached_by_a_key_of_every_keymap_and_does_something() {
    for keymap in crate::console::keymap::BUILTIN {
        for row in TABLE {
            let mut console = Console::with_keymap(keymap);
            console.runs();
            match row.action {
                Action::Begin | Action::PlanAgain | Action::Detail => console.planned(),
                Action::Resume | Action::Undo => console.failed(),
                Action::AsOf => super::past_tests::on_its_timeline(&mut console),
                Action::Earlier | Action::Later | Action::Now => super::past_tests::into_past(&mut console),
                action => console.press(preparation(action)),
            };
            assert!(row.action.is_enabled(&console.state), "{keymap}: {} is enabled", row.name);
            let keys = console.state.look.keymap.hint(console.state.contexts(), row.action);
            let keys = keys.unwrap_or_else(|| panic!("{keymap}: {} has no key here", row.name));
            let before = noticed(&console.state);
            console.effects.clear();
            console.press(&keys);
            let changed = noticed(&console.state) != before || !console.effects.is_empty();
            assert!(changed, "{keymap}: {} does nothing on {keys}", row.name);
        }
    }
}

#[test]
fn every_enabled_action_is_in_the_palette_with_its_key() {
    let mut console = Console::open();
    console.press("enter :");
    let Some(Overlay::Palette { matches, .. }) = &console.state.overlay else { panic!("a palette") };
    for row in TABLE.iter().filter(|row| row.action != Action::Palette) {
        let here = row.contexts.iter().any(|c| *c != Context::Fleet);
        let wanted = here
            && row.action.is_enabled(&{
                let mut below = console.state.clone();
                below.overlay = None;
                below
            });
        let found = matches.iter().find(|entry| entry.title == row.name.replace('-', " "));
        assert_eq!(found.is_some(), wanted, "{}", row.name);
        assert!(found.is_none_or(|entry| !entry.keys.is_empty()), "{}", row.name);
    }
}

#[test]
fn enter_goes_down_and_esc_comes_up_to_where_one_was() {
    let mut console = Console::open();
    console.press("j");
    let environment = console.selected();
    console.press("enter j j");
    assert_eq!(console.place(), format!("{environment}/servers"));
    let server = console.selected();
    console.press("enter");
    assert_eq!(console.place(), format!("{environment}/{server}"));
    console.press("esc");
    assert_eq!((console.place(), console.selected()), (format!("{environment}/servers"), server));
    console.press("esc");
    assert_eq!((console.place(), console.selected()), ("fleet".into(), environment));
    console.press("esc");
    assert_eq!((console.place().as_str(), console.effects.len()), ("fleet", 0));
}

#[test]
fn back_and_forward_walk_the_trail() {
    let mut console = Console::open();
    console.press("enter enter [");
    assert_eq!(console.place(), "production/servers");
    console.press("[ [ [");
    assert_eq!(console.place(), "fleet");
    console.press("] ]");
    assert!(console.place().starts_with("production/i-"), "{}", console.place());
}

#[test]
fn q_closes_and_on_the_fleet_it_quits() {
    let mut console = Console::open();
    console.press("enter ? q");
    assert!(console.state.overlay.is_none());
    console.press("q");
    assert_eq!((console.place().as_str(), console.effects.len()), ("fleet", 0));
    console.press("q");
    assert_eq!(console.effects, [Effect::Quit]);
}

#[test]
fn numbers_and_tab_turn_pages_in_place() {
    let mut console = Console::open();
    console.press("enter");
    for (key, page) in [
        ("2", Page::LoadBalancer),
        ("3", Page::Group),
        ("4", Page::Database),
        ("5", Page::Queues),
        ("6", Page::Charts),
        ("7", Page::Runs),
        ("1", Page::Servers),
    ] {
        console.press(key);
        assert_eq!(console.place(), format!("production/{}", page.title()));
    }
    console.press("backtab");
    assert_eq!(console.place(), "production/runs");
    console.press("tab [");
    assert_eq!(console.place(), "fleet");
}

#[test]
fn the_filter_narrows_as_one_types_enter_keeps_it_and_esc_drops_it() {
    let mut console = Console::open();
    console.press("enter");
    let all = console.rows().len();
    console.press("/").write("web");
    let web = console.rows().len();
    assert!(web < all && web > 0);
    console.write(" !0a11");
    assert_eq!(console.rows().len(), web - 1);
    console.press("enter");
    assert!(console.state.overlay.is_none());
    assert_eq!(console.rows().len(), web - 1);
    console.press("/ backspace backspace backspace backspace backspace backspace backspace esc");
    assert_eq!(console.rows().len(), web - 1, "esc comes back to the filter before");
    console.press("esc");
    assert_eq!((console.rows().len(), console.place().as_str()), (all, "production/servers"));
}

#[test]
fn letters_typed_into_a_filter_are_no_commands_and_other_screens_keep_their_own() {
    let mut console = Console::open();
    console.press("/").write("q j ? staging").press("enter");
    assert_eq!(console.state.view().filter, "q j ? staging");
    assert_eq!(console.rows(), Vec::<String>::new());
    console.press("esc enter");
    assert_eq!(console.state.view().filter, "");
}

#[test]
fn pasted_text_goes_where_text_is_typed_and_is_never_taken_for_keys() {
    let mut console = Console::open();
    console.send(Event::Paste("q\nq\n".into()));
    assert_eq!(console.effects, []);
    console.press("/").send(Event::Paste("  stag\u{1b}[2J\u{7}ing \nq".into()));
    assert_eq!(console.state.view().filter, "stag[2Jing");
    console.send(Event::Paste("x".repeat(100_000)));
    assert_eq!(console.state.view().filter.len(), super::filter::LONGEST);
}

#[test]
fn the_palette_finds_actions_places_servers_and_themes() {
    let mut console = Console::open();
    console.press(":").write("env testing").press("enter");
    assert_eq!(console.place(), "testing/servers");
    console.press(":").write("0c3f").press("enter");
    assert_eq!(console.place(), "production/i-0c3fcccc");
    console.press(":").write("theme light").press("enter");
    assert_eq!(console.state.look.theme.name, "light");
    console.press(":").write("quit").press("enter");
    assert_eq!(console.effects, [Effect::Quit]);
}

#[test]
fn the_palette_with_nothing_found_does_nothing() {
    let mut console = Console::open();
    console.press(":").write("zzzzqqq").press("down up enter");
    assert_eq!((console.effects.len(), console.place().as_str()), (0, "fleet"));
    assert!(console.state.overlay.is_none());
}

#[test]
fn sorting_walks_the_columns_turns_round_and_comes_back() {
    let mut console = Console::open();
    console.press("enter");
    let natural = console.rows();
    let columns = console.state.table.columns.len();
    console.press("> -");
    let sort = console.state.view().sort.unwrap();
    assert_eq!((sort.column, sort.descending), (console.state.table.columns[0].title, true));
    for _ in 0..columns {
        console.press(">");
    }
    assert_eq!((console.state.view().sort, console.rows()), (None, natural.clone()));
    console.press("<");
    assert_eq!(console.state.view().sort.unwrap().column, console.state.table.columns[columns - 1].title);
    console.press("=");
    assert_eq!(console.rows(), natural);
}

#[test]
fn a_click_on_a_title_sorts_and_a_click_on_the_selected_row_opens_it() {
    let mut console = Console::open();
    console.press("enter");
    let title = "LB";
    console.click(&Hit::Column(title));
    assert_eq!(console.state.view().sort.unwrap().column, title);
    console.click(&Hit::Column(title));
    assert!(console.state.view().sort.unwrap().descending);
    console.click(&Hit::Row(1));
    let server = console.selected();
    assert_eq!(console.place(), "production/servers");
    console.click(&Hit::Row(1));
    assert_eq!(console.place(), format!("production/{server}"));
}

#[test]
fn a_click_on_a_page_or_a_key_of_the_footer_does_what_it_says() {
    let mut console = Console::open();
    console.press("enter").click(&Hit::Page(Page::Group));
    assert_eq!(console.place(), "production/group");
    console.click(&Hit::Action(Action::Help));
    assert!(matches!(console.state.overlay, Some(Overlay::Help { .. })));
}

#[test]
fn the_wheel_moves_the_selection_and_mere_movement_nothing() {
    let mut console = Console::open();
    console.press("enter");
    let rows = console.rows();
    console.mouse(MouseEventKind::ScrollDown, 5, 5);
    assert_eq!(console.selected(), rows[3]);
    console.mouse(MouseEventKind::ScrollUp, 5, 5);
    assert_eq!(console.selected(), rows[0]);
    console.state.dirty = false;
    console.mouse(MouseEventKind::Moved, 9, 9);
    assert!(!console.state.dirty);
}

#[test]
fn the_selection_stays_on_its_server_and_moves_to_the_nearest_when_it_is_gone() {
    let mut console = Console::open();
    console.press("enter j");
    let rows = console.rows();
    assert_eq!(console.selected(), rows[1]);
    console.changed(without(&rows[0]));
    assert_eq!(console.selected(), rows[1]);
    console.changed(without(&rows[1]));
    assert_eq!(console.selected(), rows[2]);
    console.press("end");
    let last = console.selected();
    let before_last = console.rows()[console.rows().len() - 2].clone();
    console.changed(without(&last));
    assert_eq!(console.selected(), before_last);
}

#[test]
fn the_order_of_rows_holds_for_five_seconds_after_a_key() {
    let mut console = Console::open();
    console.press("j");
    let rows = console.rows();
    // Production, the worst, is first; with every server of staging stopped, staging is worse.
    console.changed(|snapshot| {
        let mut health = snapshot.health.clone();
        health.retain(|name, _| name.as_str().contains("staging"));
        snapshot.health = health;
        let mut servers = snapshot.servers.value().unwrap().clone();
        servers.retain(|_, s| s.environment.as_ref().is_none_or(|e| e.as_str() != "production"));
        let at = snapshot.servers.read_at().unwrap();
        snapshot.servers.succeed(servers, at);
    });
    assert_eq!(console.rows(), rows);
    let selected = console.selected();
    console.wait(Duration::from_secs(6));
    assert_eq!(console.selected(), selected);
    let natural: Vec<_> = console.state.view().order;
    assert_eq!(natural, (0..rows.len()).collect::<Vec<_>>());
}

#[test]
fn rows_that_come_on_screen_when_a_held_order_ends_are_asked_for() {
    let mut console = Console::open();
    // One role, so that all rows are one section.
    console.changed(|snapshot| {
        let mut servers = snapshot.servers.value().unwrap().clone();
        let role = servers[&InstanceId::new("i-0a11aaaa")].role.clone();
        for server in servers.values_mut() {
            server.role = role.clone();
        }
        let at = snapshot.servers.read_at().unwrap();
        snapshot.servers.succeed(servers, at);
    });
    console.send(Event::Resize(140, 12)).press("enter j");
    let asked = |console: &Console, id: &InstanceId| console.state.interest.servers.contains(id);
    let running = |console: &Console, id: &InstanceId| {
        console.state.snapshot.server(id).is_some_and(|s| s.power == Power::Running)
    };
    let rows: Vec<_> = console.rows().into_iter().map(|id| InstanceId::new(&id)).collect();
    let below = rows.into_iter().rfind(|id| !asked(&console, id) && running(&console, id)).unwrap();
    console.changed(|snapshot| {
        let mut servers = snapshot.servers.value().unwrap().clone();
        servers.get_mut(&below).unwrap().power = Power::Stopped;
        let at = snapshot.servers.read_at().unwrap();
        snapshot.servers.succeed(servers, at);
    });
    assert!(!asked(&console, &below), "the order is held");
    let later = console.state.now + jiff::SignedDuration::from_secs(6);
    let effects = super::reduce(&mut console.state, Event::Clock(later));
    let look = |e: &Effect| matches!(e, Effect::Look(interest) if interest.servers.contains(&below));
    assert!(effects.iter().any(look), "{effects:?}");
}

#[test]
fn until_the_first_facts_are_in_the_worst_row_is_the_selected_one() {
    let mut console = Console::open();
    assert_eq!(console.selected(), "production");
    console.changed(|snapshot| *snapshot = Snapshot::default());
    console.press("j j").wait(Duration::from_secs(6));
    console.read(crate::console::views::tests::fixture::snapshot());
    assert_eq!(console.selected(), console.rows()[0]);
}

#[test]
fn an_idle_screen_is_drawn_only_when_a_shown_age_steps() {
    let mut console = Console::open();
    console.wait(Duration::from_secs(10));
    console.state.dirty = false;
    let mut draws = 0;
    for _ in 0..600 {
        console.wait(Duration::from_secs(1));
        draws += u32::from(std::mem::take(&mut console.state.dirty));
    }
    assert!(draws < 60, "{draws} draws in ten minutes without news");
    assert!(draws > 5, "ages must still step");
}

#[test]
fn a_toast_goes_away_by_itself_and_a_long_one_is_one_line() {
    let mut console = Console::open();
    console.press("c");
    assert_eq!(console.toast(), "Copied: quarterdeck --profile ops describe");
    console.wait(Duration::from_secs(5));
    assert_eq!(console.toast(), "");
    console.send(Event::Failed("a\nb".repeat(5_000)));
    assert!(console.toast().chars().count() <= 256 && !console.toast().contains('\n'));
}

#[test]
fn problems_scroll_by_the_lines_they_take_not_by_their_number() {
    let mut console = Console::open();
    console.send(Event::Resize(40, 10));
    console.state.look.problems = vec!["one long problem ".repeat(40)];
    console.press("p end");
    let Some(Overlay::Problems { top }) = console.state.overlay else { panic!("no list is open") };
    assert!(top > 0, "the last line cannot be read");
}

#[test]
fn ids_addresses_commands_and_links_are_copied() {
    let mut console = Console::open();
    console.press("y enter");
    let server = console.selected();
    console.press("y Y c u");
    let Effect::Copy(address) = &console.effects[2] else { panic!("an address") };
    assert!(address.starts_with("10."), "{address}");
    assert_eq!(console.effects[0], Effect::Copy("production".into()));
    assert_eq!(console.effects[1], Effect::Copy(server.clone()));
    assert_eq!(console.effects[3], Effect::Copy("quarterdeck --profile ops describe production".into()));
    let Effect::Copy(link) = &console.effects[4] else { panic!("a link") };
    assert!(link.ends_with(&format!("#InstanceDetails:instanceId={server}")), "{link}");
}

#[test]
fn what_cannot_be_copied_is_said() {
    let mut console = Console::open();
    console.state.endpoint.sandbox = true;
    console.press("u");
    assert_eq!((console.toast(), console.effects.len()), ("The sandbox has no AWS console", 0));
    console.press("Y");
    assert_eq!(console.toast(), "Select a server to copy its address");
}

#[test]
fn a_key_that_can_do_nothing_says_why() {
    let mut console = Console::open();
    console.press("R");
    assert_eq!(console.toast(), "No command has been run from this console yet");
    console.press("F K");
    assert_eq!(console.toast(), "Select a server to look at its host key");
}

#[test]
fn only_what_is_on_screen_is_looked_at() {
    let mut console = Console::open();
    console.send(Event::Resize(140, 40));
    assert!(console.state.interest.environments.is_empty());
    console.press("enter");
    assert!(console.state.interest.environments.contains("production"));
    let seen = console.state.interest.servers.len();
    assert!(seen > 0);
    console.send(Event::Resize(140, 12));
    let fewer = console.state.interest.servers.len();
    assert!(fewer < seen, "{fewer} of {seen} rows are still on screen");
    console.press("/").write("0c3f").press("enter");
    let only: Vec<_> = console.state.interest.servers.iter().map(ToString::to_string).collect();
    assert_eq!(only, ["i-0c3fcccc"]);
    console.press("esc esc");
    assert!(console.state.interest.servers.is_empty());
}

#[test]
fn the_cpu_of_servers_is_asked_for_only_where_it_is_drawn() {
    fn asked(console: &Console) -> Vec<String> {
        console.state.interest.servers.iter().map(ToString::to_string).collect()
    }
    let mut console = Console::open();
    console.send(Event::Resize(140, 40)).press("enter");
    assert!(asked(&console).len() > 1, "a column of them");
    console.press("2");
    assert_eq!(asked(&console), Vec::<String>::new(), "the load balancer's page has no CPU");
    console.press("3");
    assert_eq!(asked(&console), Vec::<String>::new(), "nor has the group's");
    console.press("1").send(Event::Resize(80, 40));
    assert_eq!(asked(&console), [console.selected()], "no room for the column, but for the selected row");
    console.press("enter");
    assert_eq!(asked(&console).len(), 1, "the server's own screen");
}

#[test]
fn a_sequence_waits_for_its_second_key_and_another_key_ends_it() {
    let mut console = Console::with_keymap("vim");
    console.press("enter G g");
    assert_eq!(console.state.pending.len(), 1);
    let last = console.selected();
    console.press("x");
    assert_eq!((console.state.pending.len(), console.selected()), (0, last));
    console.press("g g");
    assert_eq!(console.selected(), console.rows()[0]);
}

#[test]
fn a_reload_keeps_the_place_and_the_theme_that_was_chosen_here() {
    let mut console = Console::open();
    console.press("enter j ctrl-t");
    let (place, selected) = (console.place(), console.selected());
    let themes = console.state.look.themes.clone();
    let theme = themes.iter().find(|t| t.name == "dark").unwrap().clone();
    let problems = vec!["mine.toml:1:1: error: no".to_owned()];
    let keymap = Keymap::builtin("vim").unwrap();
    let look = Look { theme, themes, keymap, problems, ..Look::default() };
    console.send(Event::Reloaded(Box::new(look), Box::default()));
    assert_eq!((console.place(), console.selected()), (place, selected));
    assert_eq!(console.state.look.theme.name, "light");
    assert_eq!(console.toast(), "mine.toml:1:1: error: no");
    console.press("G");
    assert_eq!(console.selected(), *console.rows().last().unwrap());
}

#[test]
fn no_size_of_terminal_and_no_order_of_events_breaks_the_console() {
    let keys = "j enter / w enter > - ? pagedown end esc : down a enter 2 3 4 tab i pagedown p end esc [ ] F";
    for size in [(0, 0), (1, 1), (2, 40), (200, 1), (39, 9), (40, 10), (80, 24), (500, 300)] {
        let mut console = Console::open();
        console.send(Event::Resize(size.0, size.1)).press(keys);
        console.mouse(MouseEventKind::Down(crossterm::event::MouseButton::Left), 0, 0);
        console.read(Snapshot::default()).press(keys);
        console.send(Event::Snapshot(Arc::new(Snapshot::default())));
    }
}
