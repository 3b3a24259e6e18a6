//! `keys` and `themes`: what the console would use here, from the same files through the same code.

use std::io::Write;

use serde::Serialize;

use super::args::Globals;
use super::columns::align;
use super::exit::{Exit, Stop};
use super::{complain, console, text};
use crate::config::Preferences;
use crate::console::action::Context;
use crate::console::chord;
use crate::console::runtime::load_look;
use crate::console::state::Look;
use crate::console::theme::SHIPPED;
use crate::fleet::text::one_line;

/// The shapes' version.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct KeysJson<'a> {
    version: u32,
    keymap: &'a str,
    keys: Vec<KeyJson>,
}

#[derive(Serialize)]
struct KeyJson {
    context: &'static str,
    keys: String,
    action: &'static str,
    description: &'static str,
}

#[derive(Serialize)]
struct ThemesJson<'a> {
    version: u32,
    theme: &'a str,
    themes: Vec<ThemeJson>,
}

#[derive(Serialize)]
struct ThemeJson {
    name: String,
    shipped: bool,
    description: Option<String>,
}

/// Loads what the console would use, and tells what is wrong with it; there is always something to use.
fn load(globals: &Globals) -> (Look, Preferences) {
    let places = console::places(globals);
    let (preferences, problems) = places.preferences();
    let look = load_look(&places, &preferences, &problems);
    for problem in &look.problems {
        complain(&format!("quarterdeck: {}", one_line(problem)));
    }
    (look, preferences)
}

/// Prints the keymap in use.
pub(crate) fn keys(globals: &Globals, out: &mut dyn Write) -> Result<Exit, Stop> {
    let (look, _) = load(globals);
    let keys: Vec<KeyJson> = Context::ALL
        .into_iter()
        .flat_map(|context| {
            look.keymap.rows(context).map(move |(keys, action)| KeyJson {
                context: context.name(),
                keys: chord::show_sequence(keys),
                action: action.name(),
                description: action.row().description,
            })
        })
        .collect();
    if globals.json {
        text::write_json(out, &KeysJson { version: VERSION, keymap: &look.keymap.name, keys })?;
    } else {
        writeln!(out, "keymap  {}\n", one_line(&look.keymap.name))?;
        let rows: Vec<_> = keys
            .iter()
            .map(|k| [k.context.to_owned(), k.keys.clone(), k.action.to_owned(), k.description.to_owned()])
            .collect();
        for line in align(["WHERE", "KEYS", "ACTION", "WHAT IT DOES"], &rows) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Prints the themes there are; a star marks the one in use.
pub(crate) fn themes(globals: &Globals, out: &mut dyn Write) -> Result<Exit, Stop> {
    let (look, preferences) = load(globals);
    let themes: Vec<ThemeJson> = look
        .themes
        .iter()
        .map(|theme| {
            let file = SHIPPED.iter().find(|(name, _)| *name == theme.name).map(|(_, text)| *text);
            ThemeJson {
                name: one_line(&theme.name),
                shipped: file.is_some(),
                description: file.and_then(summary),
            }
        })
        .collect();
    if globals.json {
        text::write_json(out, &ThemesJson { version: VERSION, theme: &preferences.theme, themes })?;
    } else {
        let rows: Vec<_> = themes
            .into_iter()
            .map(|theme| {
                let mark = if theme.name == look.theme.name { "*" } else { " " };
                let own = || "your own".to_owned();
                [mark.to_owned(), theme.name, theme.description.unwrap_or_else(own)]
            })
            .collect();
        for line in align([" ", "THEME", "WHAT IT IS"], &rows) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The first line of a theme's file says what it is.
fn summary(file: &str) -> Option<String> {
    file.lines().next()?.strip_prefix('#').map(|line| line.trim().to_owned())
}
