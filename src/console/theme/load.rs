//! From theme files to a theme: inheritance, palette, fallback to parent scopes, colour depth.

use std::collections::{BTreeMap, BTreeSet};

use ratatui::style::Style;

use super::depth::{Depth, degrade};
use super::file::{RawTheme, Reader, ThemeProblem, nearest};
use super::{Scope, Theme};

/// The themes that come with the console, as name and file.
pub const SHIPPED: [(&str, &str); 8] = [
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
    ("solarized-dark", include_str!("../../../themes/solarized-dark.toml")),
    ("gruvbox", include_str!("../../../themes/gruvbox.toml")),
    ("nord", include_str!("../../../themes/nord.toml")),
    ("terminal", include_str!("../../../themes/terminal.toml")),
];

/// A theme that stands in the operator's own directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserTheme {
    /// The file as messages name it.
    pub file: String,
    /// What it says.
    pub text: String,
}

fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// Every theme there is: the shipped ones, then the operator's own.
#[must_use]
pub fn names(user: &BTreeMap<String, UserTheme>) -> Vec<String> {
    let own = user.keys().filter(|n| shipped(n).is_none()).cloned();
    SHIPPED.iter().map(|(n, _)| (*n).to_owned()).chain(own).collect()
}

/// One file of the chain from a theme to its farthest ancestor.
struct Link<'a> {
    reader: Reader<'a>,
    raw: RawTheme,
}

/// Reads a theme as a terminal of this depth can show it. There is always a theme: what cannot be read is
/// taken from `dark`, and every mistake is told.
#[must_use]
pub fn load(name: &str, user: &BTreeMap<String, UserTheme>, depth: Depth) -> (Theme, Vec<ThemeProblem>) {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    let mut chain: Vec<Link<'_>> = Vec::new();
    let mut next = Some((name.to_owned(), false));
    if !user.contains_key(name) && shipped(name).is_none() {
        let all = names(user);
        problems.push(ThemeProblem {
            file: "theme".into(),
            line: 0,
            column: 0,
            what: format!("there is no theme `{name}`; there are {}", all.join(", ")),
            suggestion: nearest(name, all.iter().map(String::as_str)),
        });
        next = Some(("dark".to_owned(), true));
    }
    while let Some((current, only_shipped)) = next.take() {
        let own = if only_shipped { None } else { user.get(&current) };
        let (file, text) = match (own, SHIPPED.iter().find(|(n, _)| *n == current)) {
            (Some(own), _) => (own.file.as_str(), own.text.as_str()),
            (None, Some((name, text))) => (*name, *text),
            (None, None) => break,
        };
        let mut reader = Reader::new(file, text);
        let raw = reader.read();
        seen.insert((current.clone(), own.is_none()));
        next = match &raw.inherits {
            // A file of a shipped theme's name may build on that theme.
            Some((parent, _)) if *parent == current && own.is_some() && shipped(parent).is_some() => {
                Some((parent.clone(), true))
            }
            Some((parent, place)) if user.contains_key(parent) || shipped(parent).is_some() => {
                let step = (parent.clone(), !user.contains_key(parent));
                if seen.contains(&step) {
                    reader.problem(place, "themes inherit from each other in a circle", None);
                    Some(("dark".to_owned(), true)).filter(|dark| !seen.contains(dark))
                } else {
                    Some(step)
                }
            }
            Some((parent, place)) => {
                let all = names(user);
                let near = nearest(parent, all.iter().map(String::as_str));
                reader.problem(place, format!("there is no theme `{parent}` to inherit from"), near);
                Some(("dark".into(), true))
            }
            None if own.is_some() && shipped(&current).is_some() => Some((current.clone(), true)),
            None if own.is_some() => Some(("dark".into(), true)),
            None => None,
        };
        chain.push(Link { reader, raw });
    }
    let theme = merge(name, &mut chain, depth);
    problems.extend(chain.into_iter().flat_map(|link| link.reader.finish()));
    (theme, problems)
}

/// The nearest file wins, in palette and scopes alike; scopes nobody names fall back to their parents.
fn merge(name: &str, chain: &mut [Link<'_>], depth: Depth) -> Theme {
    let mut palette = BTreeMap::new();
    for link in chain.iter().rev() {
        palette.extend(link.raw.palette.clone());
    }
    let mut styles: BTreeMap<String, Style> = BTreeMap::new();
    for link in chain.iter_mut().rev() {
        for (scope, raw) in &link.raw.scopes {
            let style = link.reader.resolve(raw, &palette);
            styles.insert(scope.clone(), style);
        }
    }
    let find = |scope: Scope| {
        let mut name = scope.name();
        loop {
            match (styles.get(name), name.rsplit_once('.')) {
                (Some(style), _) => return *style,
                (None, Some((parent, _))) => name = parent,
                (None, None) => return styles.get("text").copied().unwrap_or_default(),
            }
        }
    };
    let ground = find(Scope::Text).bg;
    let styles = Scope::ALL.iter().map(|s| (*s, degrade(find(*s), ground, depth))).collect();
    Theme { name: name.to_owned(), styles }
}
