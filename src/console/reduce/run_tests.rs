//! What runs, shells and host keys do to the console: keys go in, effects and what is on screen come out.

use crossterm::event::MouseEventKind;

use super::script::Console;
use crate::console::dialogs::Then;
use crate::console::event::{Effect, Event};
use crate::console::layout::Hit;
use crate::console::panes::{HostState, Kept, Run, Ticket};
use crate::console::state::Overlay;
use crate::console::views::tests::runs;
use crate::engine::{Progress, RunId, Summary};
use crate::fleet::{HostKeyQuestion, Measured};
use crate::remote::{Ended, Outcome, Stream};

/// The console on the servers of an environment, the first web server selected.
fn servers(environment: &str) -> Console {
    let mut console = Console::open();
    console.press(":").write(&format!("environment {environment}")).press("enter");
    console
}

fn finished() -> Progress {
    let at = runs::lines_at();
    Progress::Finished { summary: Summary { began: at, finished: at, ends: Vec::new(), cancelled: true } }
}

fn wishes(console: &Console) -> Vec<(String, Vec<String>)> {
    let wishes = console.effects.iter().filter_map(|effect| match effect {
        Effect::Exec(wish) => Some(wish),
        _ => None,
    });
    let names = |wish: &crate::console::panes::ExecWish| {
        wish.hosts.iter().map(|host| host.target.instance().to_string()).collect()
    };
    wishes.map(|wish| (wish.command.clone(), names(wish))).collect()
}

fn with_run(run: impl FnOnce(Ticket) -> Run) -> Console {
    let mut console = Console::open();
    let ticket = console.state.shelf.ticket();
    console.state.shelf.add(run(ticket));
    console.press("R");
    console
}

#[test]
fn a_command_is_run_after_it_was_typed_shown_and_confirmed() {
    let mut console = servers("staging");
    console.press("x").write("uptime -p").press("enter");
    assert_eq!(wishes(&console), [], "nothing is run before it is confirmed");
    console.press("y");
    assert_eq!(wishes(&console), [("uptime -p".to_owned(), vec!["i-0aa1aaaa".to_owned()])]);
    assert!(console.place().starts_with("run "));
}

#[test]
fn production_wants_its_name_typed_and_esc_goes_back_to_the_dialog() {
    let mut console = servers("production");
    console.press("x").write("date").press("enter y enter").press("backspace");
    assert_eq!(wishes(&console), []);
    console.press("esc");
    assert!(matches!(&console.state.overlay, Some(Overlay::Run(dialog)) if dialog.text() == "date"));
    console.press("enter").write("production").press("enter");
    assert_eq!(wishes(&console).len(), 1);
}

#[test]
fn with_read_only_nothing_is_run_and_it_says_so() {
    for (keys, words) in [("x", "Read-only: nothing is run"), ("s", "Read-only: a shell")] {
        let mut console = servers("staging");
        console.state.read_only = true;
        console.press(keys);
        assert!(console.toast().starts_with(words), "{}", console.toast());
        assert!(console.state.overlay.is_none() && console.effects.is_empty());
        let mut console = servers("staging");
        console.state.preferences.read_only_environments = ["staging".into()].into();
        console.press(keys);
        assert!(console.toast().starts_with(words), "{}", console.toast());
    }
}

#[test]
fn the_scope_is_a_server_its_role_all_or_what_is_marked_and_never_what_is_out_of_use() {
    let scope = |console: &Console| match &console.state.overlay {
        Some(Overlay::Run(dialog)) => {
            (dialog.scope().unwrap().to_string(), dialog.picked.hosts.len(), dialog.picked.left_out.len())
        }
        other => panic!("{other:?}"),
    };
    let mut console = servers("production");
    console.press("x backtab");
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(scope(&console));
        console.press("right");
    }
    let expected =
        [("server i-0c3fcccc", 1, 0), ("role web", 4, 0), ("all servers", 8, 1), ("role worker", 1, 1)];
    assert_eq!(seen, expected.map(|(name, hosts, out)| (name.to_owned(), hosts, out)));
    console.press("esc space j space x");
    assert_eq!(scope(&console), ("the 2 marked servers".into(), 2, 0));
    let Some(Overlay::Run(dialog)) = &console.state.overlay else { panic!("a dialog") };
    let headless = dialog.headless(&console.state.globals);
    assert_eq!(headless.matches("--server i-").count(), 2, "{headless}");
}

#[test]
fn the_fleet_asks_for_all_servers_of_the_environment() {
    let mut console = Console::open();
    console.press("x").write("true").press("enter").write("production").press("enter");
    assert_eq!(wishes(&console)[0].1.len(), 8);
}

#[test]
fn commands_that_were_run_are_found_again_by_their_words() {
    let mut console = servers("staging");
    console.state.shelf.commands = vec!["df -h /".into(), "uptime".into(), "df -i".into()];
    let text = |console: &Console| match &console.state.overlay {
        Some(Overlay::Run(dialog)) => dialog.text().to_owned(),
        other => panic!("{other:?}"),
    };
    console.press("x down down");
    assert_eq!(text(&console), "uptime");
    console.press("esc x").write("df").press("down down down");
    assert_eq!(text(&console), "df -i");
    console.press("up up");
    assert_eq!(text(&console), "df", "above the first stands what was typed");
}

#[test]
fn an_empty_command_and_servers_that_cannot_be_asked_go_nowhere() {
    let mut console = servers("staging");
    console.press("x enter");
    assert_eq!(console.toast(), "Type a command first");
    let mut console = servers("production");
    console.press("/").write("0d0199").press("enter x").write("date").press("enter");
    assert_eq!(console.toast(), "None of these servers can be asked");
}

#[test]
fn a_run_that_is_refused_says_why_on_its_screen() {
    let mut console = servers("staging");
    console.press("x").write("date").press("enter y");
    let Effect::Exec(wish) = &console.effects[0] else { panic!("a wish") };
    let ticket = wish.ticket;
    console.send(Event::RunBegan(ticket, Err("the disk is full".into())));
    let run = console.state.run().unwrap();
    assert!(
        run.is_over()
            && matches!(&run.members[0].state, HostState::Skipped { why } if why == "the disk is full")
    );
    assert_eq!(console.toast(), "Not begun: the disk is full");
}

#[test]
fn a_run_goes_on_when_its_screen_is_left_and_its_end_is_told() {
    let mut console = servers("staging");
    console.press("x").write("date").press("enter y");
    let Effect::Exec(wish) = &console.effects[0] else { panic!("a wish") };
    let ticket = wish.ticket;
    console.send(Event::RunBegan(ticket, Ok((RunId::parse("2026-11-22-0009").unwrap(), "/x".into()))));
    console.press("esc");
    assert_eq!(console.place(), "staging/servers");
    let lost = runs::ended(0, Outcome::Lost { detail: String::new() }, 0);
    console.send(Event::News(vec![(ticket, runs::began(0)), (ticket, lost), (ticket, finished())]));
    assert_eq!(console.toast(), "Run 2026-11-22-0009 is over: 0 of 1 done, 1 unknown");
    console.press(":").write("run 0009").press("enter");
    assert_eq!(console.place(), format!("run {}", ticket.0));
    console.press("c");
    let copied = "quarterdeck --profile ops runs show 2026-11-22-0009";
    assert_eq!(console.effects.last(), Some(&Effect::Copy(copied.into())));
}

#[test]
fn cancelling_asks_on_which_servers_and_says_how_it_ended() {
    let mut console = with_run(runs::under_way);
    console.press("down X o");
    assert_eq!(console.effects, [Effect::CancelHost(Ticket(1), 1)]);
    console.press("X z enter esc X y");
    assert_eq!(console.effects[1..], [Effect::CancelRun(Ticket(1))]);
    let run = console.state.run().unwrap();
    assert_eq!(run.members[2].words(console.state.now), "cancelling");
    let left = runs::ended(2, Outcome::Cancelled { ended: Ended::Left(1) }, 0);
    console.send(Event::News(vec![(Ticket(1), left)]));
    let run = console.state.run().unwrap();
    assert_eq!(run.members[2].words(console.state.now), "cancelled, 1 left");
}

#[test]
fn leaving_while_something_runs_asks_ends_it_and_waits_for_the_servers_word() {
    let mut console = with_run(runs::under_way);
    console.press("ctrl-c");
    assert_eq!(console.effects, []);
    console.press("esc ctrl-c y");
    assert_eq!(console.effects, [Effect::CancelRun(Ticket(1)), Effect::LeaveSoon]);
    console.send(Event::News(vec![(Ticket(1), finished())]));
    assert_eq!(console.effects.last(), Some(&Effect::Quit));
    let mut console = with_run(runs::under_way);
    console.press("ctrl-c ctrl-c ctrl-c enter");
    assert_eq!(console.effects, [], "keys pressed by habit end nothing");
    console.press("y ctrl-c");
    assert_eq!(console.effects.last(), Some(&Effect::Quit), "who does not want to wait is let go");
}

#[test]
fn a_search_goes_through_all_panes_and_round() {
    let mut console = with_run(runs::under_way);
    console.press("/").write("django").press("enter");
    assert_eq!(console.selected(), "i-0a11aaaa");
    console.press("n n");
    assert_eq!(console.selected(), "i-0a11aaaa");
    console.press("n");
    assert_eq!(console.selected(), "i-0b22bbbb");
    console.press("N");
    assert_eq!(console.selected(), "i-0a11aaaa");
    console.press("z n n n");
    assert_eq!(console.selected(), "i-0a11aaaa", "within the one that fills the screen");
    console.press("/ ctrl-u").write("nowhere").press("enter");
    assert_eq!(console.selected(), "i-0a11aaaa", "nothing has it");
}

#[test]
fn keys_scroll_the_pane_that_fills_the_screen_and_f_follows_again() {
    let mut console = with_run(runs::under_way);
    let follows = |console: &Console| console.state.run().unwrap().members[2].pane.follows();
    console.press("down down enter k");
    assert!(!follows(&console));
    console.press("f");
    assert!(follows(&console));
    console.press("home");
    assert!(!follows(&console));
    console.press("end");
    assert!(follows(&console));
    console.press("esc");
    assert_eq!((console.place().as_str(), console.state.run().unwrap().zoomed), ("run 1", false));
}

#[test]
fn the_wheel_scrolls_the_pane_under_it_and_a_click_selects_pane_and_line() {
    let mut console = with_run(runs::under_way);
    console.send(Event::Resize(100, 30)).press("v");
    let (column, row) = (5, 20);
    assert_eq!(console.selected(), "i-0a11aaaa");
    console.mouse(MouseEventKind::ScrollUp, column, row);
    let pane = &console.state.run().unwrap().members[2].pane;
    assert!(!pane.follows());
    assert_eq!(console.selected(), "i-0a11aaaa");
    console.click(&Hit::Pane(2, Some(3)));
    assert_eq!(console.selected(), "i-0c3fcccc");
    console.press("y");
    let Some(Effect::Copy(text)) = console.effects.last() else { panic!("a line") };
    assert!(text.starts_with("Processing dependency"), "{text}");
}

#[test]
fn lines_are_copied_and_saved() {
    let mut console = with_run(runs::under_way);
    console.press("down down Y ctrl-y w enter");
    let Effect::Copy(seen) = &console.effects[0] else { panic!("lines") };
    let Effect::Copy(all) = &console.effects[1] else { panic!("lines") };
    assert!(all.lines().count() == 60 && seen.lines().count() < 60, "{seen}");
    let Effect::Save { path, lines: Kept::Here(text) } = &console.effects[2] else { panic!("a file") };
    assert_eq!((path.as_str(), text), ("2026-11-22-0007-i-0c3fcccc.txt", all));
}

#[test]
fn what_memory_has_given_up_is_copied_and_saved_from_the_disk() {
    let mut console = with_run(|ticket| {
        let mut run = runs::run(ticket, "yes", &["i-0a11aaaa"]);
        run.output_dir = Some("/runs/2026-11-22-0007".into());
        run.take(runs::lines(0, Stream::Out, &"y\n".repeat(60_000)), runs::lines_at());
        run
    });
    console.press("ctrl-y");
    assert!(
        matches!(console.effects.last(), Some(Effect::Copy(_))),
        "memory has as much as a clipboard takes"
    );
    assert!(console.toast().contains("of 60000 lines"), "{}", console.toast());
    console.effects.clear();
    console.state.shelf.run_mut(Ticket(1)).unwrap().members[0].pane.shrink(1 << 10);
    console.press("ctrl-y w enter");
    let Effect::Read(whole) = &console.effects[0] else { panic!("the disk") };
    assert_eq!(whole.file.to_string_lossy(), "/runs/2026-11-22-0007/i-0a11aaaa.txt");
    let Effect::Save { lines: Kept::OnDisk(same), .. } = &console.effects[1] else { panic!("the disk") };
    assert_eq!(same, whole);
    console.send(Event::Read(vec!["y".into(), "y".into()], 60_000));
    assert_eq!(console.effects.last(), Some(&Effect::Copy("y\ny\n".into())));
    assert!(console.toast().contains("the newest 2 of 60000 lines"), "{}", console.toast());
}

#[test]
fn a_clipboard_is_given_no_more_than_it_takes() {
    let mut console = with_run(|ticket| {
        let mut run = runs::run(ticket, "yes", &["i-0a11aaaa"]);
        run.take(runs::lines(0, Stream::Out, &"x".repeat(99).repeat(100)), runs::lines_at());
        let many = format!("{}\n", "y".repeat(99)).repeat(2_000);
        run.take(runs::lines(0, Stream::Out, &many), runs::lines_at());
        run
    });
    console.press("ctrl-y");
    let Some(Effect::Copy(text)) = console.effects.last() else { panic!("lines") };
    assert!(text.len() <= 64 << 10 && text.len() > 60 << 10);
    assert!(console.toast().contains("of 2001 lines"), "{}", console.toast());
}

#[test]
fn a_shell_opens_at_once_on_staging_and_after_a_y_on_production() {
    let mut console = servers("staging");
    console.press("s");
    assert!(
        matches!(&console.effects[..], [Effect::Shell(target)] if target.instance().as_str() == "i-0aa1aaaa")
    );
    let mut console = servers("production");
    console.press("s q esc s");
    assert_eq!(console.effects, []);
    console.press("y");
    assert!(matches!(&console.effects[..], [Effect::Shell(_)]));
}

fn with_key(pinned: &[&str]) -> Console {
    let mut console = servers("staging");
    let host_key = Some(HostKeyQuestion {
        presented: Some("ED25519 SHA256:new".into()),
        pinned: pinned.iter().map(|key| (*key).to_owned()).collect(),
        note: None,
    });
    console.changed(|snapshot| {
        let measured = Measured { host_key, ..Measured::default() };
        snapshot.measured.insert("i-0aa1aaaa".into(), measured.into());
    });
    console
}

#[test]
fn a_new_host_key_is_trusted_by_a_typed_yes_only() {
    let mut console = with_key(&[]);
    console.press("s y enter");
    assert_eq!(console.effects, []);
    console.write("es").press("enter");
    let [Effect::Trust { target, fingerprint, replaces: false }] = &console.effects[..] else {
        panic!("{:?}", console.effects)
    };
    assert_eq!((target.instance().as_str(), fingerprint.as_str()), ("i-0aa1aaaa", "ED25519 SHA256:new"));
}

#[test]
fn a_changed_host_key_wants_the_servers_id() {
    let mut console = with_key(&["ED25519 SHA256:old"]);
    console.press("K").write("yes").press("enter esc");
    assert_eq!(console.effects, []);
    console.press("K").write("i-0aa1aaaa").press("enter");
    assert!(matches!(&console.effects[..], [Effect::Trust { replaces: true, .. }]));
}

#[test]
fn a_run_refused_for_its_host_key_asks_the_same_question() {
    let mut console = with_run(runs::every_state);
    for _ in 0..10 {
        console.press("down");
    }
    console.press("K");
    let Some(Overlay::Question(question)) = &console.state.overlay else { panic!("a question") };
    assert!(question.lines.iter().any(|(_, line)| line.contains(&runs::key().fingerprint())));
    assert!(question.on_enter().is_none() && question.on_key('y').is_none());
    console.write("yes");
    let Some(Overlay::Question(question)) = &console.state.overlay else { panic!("a question") };
    assert!(matches!(question.on_enter(), None | Some(Then::Trust { .. })));
}

#[test]
fn a_flood_from_twenty_servers_keeps_its_bounds_and_the_keys_work_meanwhile() {
    let ids: Vec<String> = (0..20).map(|n| format!("i-{n:08x}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut console = with_run(|ticket| runs::run(ticket, "yes", &ids));
    let text = "some line of output that is neither long nor short\n".repeat(500);
    for _ in 0..20 {
        let batch = (0..20).map(|host| (Ticket(1), runs::lines(host, Stream::Out, &text))).collect();
        console.send(Event::News(batch)).press("down");
        assert!(console.state.dirty);
    }
    let run = console.state.run().unwrap();
    let kept: usize = run.members.iter().map(|member| member.pane.lines.bytes()).sum();
    let came: u64 = run.members.iter().map(|member| member.pane.lines.end()).sum();
    assert_eq!(came, 200_000);
    assert!(kept <= 24 << 20, "{kept} bytes are kept");
    assert_eq!(console.selected(), ids[19]);
}

#[test]
fn only_logs_on_the_screen_are_followed_and_a_gap_is_told() {
    let mut console = servers("staging");
    console.press("l enter");
    let [Effect::Follow(wish)] = &console.effects[..] else { panic!("{:?}", console.effects) };
    let (ticket, names) = (wish.ticket, wish.hosts[0].1.iter().map(|log| log.id.name()).collect::<Vec<_>>());
    assert!(names.contains(&"nginx-error".to_owned()) && !names.contains(&"journal".to_owned()), "{names:?}");
    console.press("esc");
    assert_eq!(console.effects[1..], [Effect::Unfollow(ticket)]);
    console.wait(std::time::Duration::from_secs(60)).press("]");
    assert!(matches!(&console.effects[2..], [Effect::Follow(again)] if again.ticket == ticket));
    let logs = console.state.logs().unwrap();
    assert!(logs.pane.lines.last().unwrap().text.as_str().contains("not followed from"));
}

#[test]
fn lines_of_several_servers_come_in_the_order_of_their_own_times() {
    let mut console = servers("production");
    console.press("l right enter");
    let ticket = console.state.logs().unwrap().ticket;
    let line = |host, second: u32| {
        let text = format!("2026-11-22 02:59:{second:02} UTC [7] LOG: {second}");
        (ticket, runs::lines(host, Stream::Out, &text))
    };
    console.send(Event::News(vec![line(0, 30), line(0, 40), line(1, 35), line(2, 20)]));
    assert_eq!(console.state.logs().unwrap().pane.count(), 0, "each waits for earlier ones");
    console.wait(std::time::Duration::from_secs(2));
    let logs = console.state.logs().unwrap();
    let ends: Vec<String> =
        logs.pane.texts().map(|entry| entry.text.as_str().rsplit(' ').next().unwrap().to_owned()).collect();
    assert_eq!(ends, ["20", "30", "35", "40"]);
}

#[test]
fn logs_are_followed_also_with_read_only_and_their_command_is_copied() {
    let mut console = servers("staging");
    console.state.read_only = true;
    console.press("l right down space enter c");
    assert!(matches!(&console.effects[0], Effect::Follow(_)));
    let Some(Effect::Copy(command)) = console.effects.last() else { panic!("a command") };
    assert!(command.contains("logs staging --role web --log ") && command.ends_with("--follow"), "{command}");
}

#[test]
fn logs_that_cannot_be_followed_say_why() {
    let mut console = servers("staging");
    console.press("l enter");
    let ticket = console.state.logs().unwrap().ticket;
    console.send(Event::NotFollowed(ticket, "there is no way".into()));
    let logs = console.state.logs().unwrap();
    assert!(logs.is_over() && logs.pane.lines.last().unwrap().text.as_str().contains("there is no way"));
    console.effects.clear();
    console.press("f");
    assert!(matches!(&console.effects[..], [Effect::Follow(_)]), "{:?}", console.effects);
}

#[test]
fn saved_commands_are_found_by_their_names() {
    let mut console = servers("staging");
    console.state.preferences.snippets = [("free space".to_owned(), "df -h".to_owned())].into();
    console.press("x").write("space").press("down enter y");
    assert_eq!(wishes(&console)[0].0, "df -h");
}

#[test]
fn what_was_asked_about_being_over_nothing_is_asked_any_more() {
    let mut console = with_run(|ticket| {
        let mut run = runs::run(ticket, "true", &["i-0a11aaaa"]);
        run.take(runs::began(0), runs::lines_at());
        run
    });
    console.press("ctrl-c");
    assert!(matches!(console.state.overlay, Some(Overlay::Question(_))));
    console.send(Event::News(vec![(Ticket(1), runs::ended(0, Outcome::Done { code: 0 }, 0))]));
    assert!(console.state.overlay.is_none());
    console.press("ctrl-c");
    assert_eq!(console.effects, [Effect::LeaveSoon], "the record's last word is still waited for");
    console.send(Event::News(vec![(Ticket(1), finished())]));
    assert_eq!(console.effects.last(), Some(&Effect::Quit));
}
