//! What keymap files may say, and what is said of their mistakes.

use std::path::{Path, PathBuf};

use super::*;
use crate::config::Problem;
use crate::console::action::TABLE;
use crate::console::chord::parse_sequence;

fn user(text: &str) -> (Keymap, Vec<Problem>) {
    let read = |name: &str| (name == "mine").then(|| (PathBuf::from("mine.toml"), text.to_owned()));
    load("mine", Path::new("quarterdeck.toml"), &read)
}

fn meaning(keymap: &Keymap, context: Context, keys: &str) -> Lookup {
    keymap.lookup(&[context], &parse_sequence(keys).unwrap())
}

fn messages(text: &str) -> Vec<String> {
    user(text).1.iter().map(ToString::to_string).collect()
}

#[test]
fn the_shipped_keymaps_have_no_mistakes() {
    for name in BUILTIN {
        let (keymap, problems) = load(name, Path::new("quarterdeck.toml"), &|_| None);
        assert_eq!(problems, [], "{name}");
        assert_eq!(keymap.name, name);
    }
}

#[test]
fn every_action_has_a_key_in_every_shipped_keymap_but_those_the_palette_is_for() {
    for name in BUILTIN {
        let keymap = Keymap::builtin(name).unwrap();
        for row in TABLE {
            let bound = Context::ALL.iter().any(|c| keymap.keys_for(*c, row.action).next().is_some());
            assert!(bound, "{name}: {}", row.name);
        }
    }
}

#[test]
fn vim_changes_only_what_it_names() {
    let vim = Keymap::builtin("vim").unwrap();
    assert_eq!(meaning(&vim, Context::Table, "g g"), Lookup::Action(Action::First));
    assert_eq!(meaning(&vim, Context::Table, "g"), Lookup::Pending);
    assert_eq!(meaning(&vim, Context::Table, "down"), Lookup::Action(Action::Down));
    assert_eq!(meaning(&vim, Context::Everywhere, "?"), Lookup::Action(Action::Help));
}

#[test]
fn a_users_file_changes_only_what_it_names_and_none_unbinds() {
    let (keymap, problems) = user("[table]\n\"x\" = \"down\"\n\"j\" = \"none\"\n");
    assert_eq!(problems, []);
    assert_eq!(meaning(&keymap, Context::Table, "x"), Lookup::Action(Action::Down));
    assert_eq!(meaning(&keymap, Context::Table, "j"), Lookup::Nothing);
    assert_eq!(meaning(&keymap, Context::Table, "k"), Lookup::Action(Action::Up));
}

#[test]
fn a_users_file_may_inherit_vim() {
    let (keymap, problems) = user("inherits = \"vim\"\n[table]\n\"x\" = \"down\"\n");
    assert_eq!(problems, []);
    assert_eq!(meaning(&keymap, Context::Table, "g g"), Lookup::Action(Action::First));
    assert_eq!(meaning(&keymap, Context::Table, "x"), Lookup::Action(Action::Down));
}

#[test]
fn a_users_file_of_a_built_in_name_changes_the_built_in_one() {
    let read = |name: &str| {
        (name == "vim").then(|| (PathBuf::from("vim.toml"), "[table]\n\"x\" = \"last\"\n".to_owned()))
    };
    let (keymap, problems) = load("vim", Path::new("quarterdeck.toml"), &read);
    assert_eq!(problems, []);
    assert_eq!(meaning(&keymap, Context::Table, "g g"), Lookup::Action(Action::First));
    assert_eq!(meaning(&keymap, Context::Table, "x"), Lookup::Action(Action::Last));
}

#[test]
fn all_mistakes_are_told_at_once_and_the_good_rows_stay() {
    let text = "\
[tabel]
\"x\" = \"down\"
[table]
\"x\" = \"dwon\"
\"hyper-q\" = \"upp\"
\"z\" = 7
\"v\" = \"servers\"
\"w\" = \"up\"
[input]
\"a\" = \"close\"
";
    let expected = [
        "mine.toml:1:2: error: there is no section `tabel`; did you mean `table`?",
        "mine.toml:4:7: error: there is no action `dwon`; did you mean `down`?",
        "mine.toml:5:1: error: `hyper-q` is no key; write for example g, G, ctrl-d, pageup, esc or f5",
        "mine.toml:5:13: error: there is no action `upp`; did you mean `up`?",
        "mine.toml:6:7: error: a key wants the name of an action in quotes, or \"none\"",
        "mine.toml:7:7: error: `servers` does nothing in [table]; bind it in [environment]",
        "mine.toml:10:1: error: this key could no longer be typed in filter and palette; use it with ctrl or alt",
    ];
    assert_eq!(messages(text), expected);
    let (keymap, _) = user(text);
    assert_eq!(meaning(&keymap, Context::Table, "w"), Lookup::Action(Action::Up));
}

#[test]
fn broken_toml_leaves_a_keymap_that_works() {
    for text in
        ["[table", "\"x\" = ", "]]]\u{0}", "[table]\n\"x\" = \"down\"\n\"x\" = \"up\"\n", "\u{feff}\u{fffd}"]
    {
        let (keymap, problems) = user(text);
        assert!(!problems.is_empty(), "{text:?}");
        assert_eq!(meaning(&keymap, Context::Everywhere, "?"), Lookup::Action(Action::Help), "{text:?}");
    }
}

#[test]
fn sequences_that_can_never_be_reached_are_reported() {
    let found = messages("[table]\n\"j j\" = \"last\"\n");
    let expected = "mine.toml:2:1: error: `j j` can never be reached: `j` runs `down` first; unbind that with \"j\" = \"none\"";
    assert_eq!(found, [expected]);
    assert_eq!(messages("[table]\n\"j\" = \"none\"\n\"j j\" = \"last\"\n"), Vec::<String>::new());
}

#[test]
fn a_key_that_hides_an_inherited_sequence_is_noted_and_wins() {
    let (keymap, problems) = user("inherits = \"vim\"\n[table]\n\"g\" = \"last\"\n");
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].to_string(), "mine.toml:3:1: note: `g` hides `g g`, which was `first`");
    assert_eq!(meaning(&keymap, Context::Table, "g"), Lookup::Action(Action::Last));
}

#[test]
fn the_same_key_written_in_two_ways_is_a_conflict() {
    let found = messages("[table]\n\"X\" = \"last\"\n\"shift-x\" = \"first\"\n");
    assert_eq!(found, ["mine.toml:3:1: error: `X` is bound twice here; `last` stays"]);
}

#[test]
fn files_that_inherit_each_other_end_somewhere() {
    let read = |name: &str| {
        let other = match name {
            "a" => "b",
            "b" => "a",
            _ => return None,
        };
        Some((PathBuf::from(format!("{name}.toml")), format!("inherits = \"{other}\"\n")))
    };
    let (keymap, problems) = load("a", Path::new("quarterdeck.toml"), &read);
    let expected = "b.toml:1:12: error: there is no other keymap `a` to inherit; `default` is used";
    assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    assert_eq!(meaning(&keymap, Context::Everywhere, "?"), Lookup::Action(Action::Help));
}

#[test]
fn a_keymap_that_does_not_exist_is_told_with_the_nearest_name() {
    let (keymap, problems) = load("vmi", Path::new("quarterdeck.toml"), &|_| None);
    let expected =
        "quarterdeck.toml:1:1: error: there is no keymap `vmi`; `default` is used; did you mean `vim`?";
    assert_eq!(problems[0].to_string(), expected);
    assert_eq!(meaning(&keymap, Context::Everywhere, "?"), Lookup::Action(Action::Help));
}

#[test]
fn whatever_is_unbound_one_can_still_leave_and_finish_typing() {
    let (keymap, _) = user(
        "[everywhere]\n\"ctrl-c\" = \"none\"\n[input]\n\"ctrl-c\" = \"none\"\n\"esc\" = \"none\"\n\"enter\" = \"none\"\n",
    );
    assert_eq!(meaning(&keymap, Context::Everywhere, "ctrl-c"), Lookup::Action(Action::Quit));
    assert_eq!(meaning(&keymap, Context::Input, "esc"), Lookup::Action(Action::Close));
    assert_eq!(meaning(&keymap, Context::Input, "enter"), Lookup::Action(Action::Open));
}
