//! The setup's screen as people see it, in four sizes, and what its keys do.

use std::fmt::Write as _;

use crossterm::event::KeyModifiers;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::*;
use crate::console::keymap::Keymap;
use crate::console::theme::{self, Depth};
use crate::console::views::tests::line;
use crate::setup::tests::{GIVEN, begin, facts, until, world};
use crate::setup::{Facts, Wizard};

fn look() -> Look {
    let (theme, problems) = theme::load("dark", &std::collections::BTreeMap::new(), Depth::True);
    assert_eq!(problems, []);
    Look { theme, keymap: Keymap::builtin("default").unwrap(), ..Look::default() }
}

fn drawn(state: &SetupState, size: (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    terminal.backend().buffer().clone()
}

fn screen(state: &SetupState, size: (u16, u16)) -> String {
    let buffer = drawn(state, size);
    (0..size.1).fold(String::new(), |mut out, y| {
        let _ = writeln!(out, "|{}", line(&buffer, y));
        out
    })
}

/// Presses a key, and lets the world answer.
fn press(state: &mut SetupState, code: KeyCode) {
    press_with(state, code, KeyModifiers::NONE);
}

fn press_with(state: &mut SetupState, code: KeyCode, modifiers: KeyModifiers) {
    let mut asks = state.reduce(Input::Key(KeyEvent::new(code, modifiers)));
    while let Some(ask) = asks.pop() {
        if let Ask::Setup(effect) = ask
            && let Some(event) = world(effect)
        {
            asks.extend(state.reduce(Input::Told(event)));
        }
    }
}

fn type_in(state: &mut SetupState, text: &str) {
    text.chars().for_each(|c| press(state, KeyCode::Char(c)));
}

fn shots(name: &str, make: impl Fn() -> Wizard, keys: impl Fn(&mut SetupState)) {
    let mut out = String::new();
    for size in [(40, 10), (80, 24), (120, 40), (200, 60)] {
        let mut state = SetupState::new(make(), look(), size);
        keys(&mut state);
        let _ = write!(out, "{}×{}\n{}", size.0, size.1, screen(&state, size));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, out);
    });
}

fn at(question: &str) -> impl Fn() -> Wizard + '_ {
    move || {
        let mut wizard = begin(facts());
        until(&mut wizard, question, GIVEN);
        wizard
    }
}

#[test]
fn the_first_question() {
    shots("setup_first", || begin(facts()), |_| {});
}

#[test]
fn an_answer_that_is_wrong() {
    shots("setup_wrong", at("domains:production"), |state| {
        type_in(state, "http://shop.example.com");
        press(state, KeyCode::Enter);
    });
}

#[test]
fn things_to_choose_from() {
    shots("setup_choice", at("size:web"), |state| press(state, KeyCode::Down));
}

#[test]
fn a_secret_is_dots() {
    shots("setup_secret", at("secret:production/smtp_password"), |state| type_in(state, "hunter22"));
}

#[test]
fn the_region_that_nobody_tells_of() {
    let make = || {
        let mut wizard = begin(Facts { sandbox: true, ..facts() });
        until(&mut wizard, "region", GIVEN);
        wizard.handle(Event::Accept);
        wizard.handle(Event::Offers("eu-west-1".into(), Err("no credentials: aws sso login".into())));
        until(&mut wizard, "zones", GIVEN);
        wizard
    };
    shots("setup_unknown", make, |_| {});
}

#[test]
fn the_files_before_they_are_written() {
    shots("setup_files", at("Review"), |_| {});
}

#[test]
fn the_file_of_secrets_before_it_is_written() {
    shots("setup_file_of_secrets", at("Review"), |state| press(state, KeyCode::Tab));
}

#[test]
fn what_comes_after() {
    shots("setup_written", at("Review"), |state| press(state, KeyCode::Enter));
}

#[test]
fn no_size_shows_a_secret_or_breaks_the_screen() {
    let mut state = SetupState::new(at("secret:production/smtp_password")(), look(), (80, 24));
    state.ascii = true;
    type_in(&mut state, "hunter22");
    for size in [(0, 0), (1, 1), (39, 9), (40, 10), (41, 60), (300, 10), (76, 15), (200, 60)] {
        if size.0 == 0 {
            continue;
        }
        let text = screen(&state, size);
        assert!(!text.contains("hunter"), "{text}");
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn offers_are_taken_with_the_arrows_and_typing_goes_on_from_them() {
    let mut state = SetupState::new(at("region")(), look(), (80, 24));
    press(&mut state, KeyCode::Down);
    press(&mut state, KeyCode::Down);
    assert_eq!(state.text(), "us-west-2");
    press(&mut state, KeyCode::Up);
    press(&mut state, KeyCode::Up);
    assert_eq!(state.text(), "", "above the first one is what was typed");
    press(&mut state, KeyCode::Down);
    press(&mut state, KeyCode::Backspace);
    type_in(&mut state, "2");
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.wizard.ground().get("region"), "us-east-2");
}

#[test]
fn a_choice_is_taken_by_its_row_and_letters_do_nothing() {
    let mut state = SetupState::new(at("static")(), look(), (80, 24));
    type_in(&mut state, "xyz");
    press(&mut state, KeyCode::Down);
    press(&mut state, KeyCode::Down);
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.wizard.ground().get("static"), "remote");
    press(&mut state, KeyCode::Esc);
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.wizard.ground().get("static"), "remote", "going back finds the answer chosen");
}

#[test]
fn a_private_key_that_is_pasted_is_refused_and_a_public_one_taken() {
    let mut state = SetupState::new(at("key")(), look(), (80, 24));
    state.reduce(Input::Paste("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n".into()));
    press(&mut state, KeyCode::Enter);
    let text = screen(&state, (80, 24));
    assert!(text.contains("private key") && !text.contains("b3Blbn"), "{text}");
    press_with(&mut state, KeyCode::Char('u'), KeyModifiers::CONTROL);
    assert!(!screen(&state, (80, 24)).contains("BEGIN"), "ctrl-u takes away all that was typed");
    state.reduce(Input::Paste(format!("{}\n", crate::setup::tests::KEY)));
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.wizard.ground().get("key"), crate::setup::tests::KEY);
}
