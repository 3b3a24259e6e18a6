use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

use super::depth::{degrade, degrade_color, rgb};
use super::*;
use crate::fleet::Severity;

fn shipped(name: &str, depth: Depth) -> Theme {
    let (theme, problems) = load(name, &BTreeMap::new(), depth);
    assert_eq!(problems, [], "{name}");
    theme
}

fn own(text: &str) -> (Theme, Vec<String>) {
    let file = UserTheme { file: "themes/own.toml".into(), text: text.into() };
    let (theme, problems) = load("own", &BTreeMap::from([("own".to_owned(), file)]), Depth::True);
    (theme, problems.iter().map(ToString::to_string).collect())
}

/// The contrast of two colours as WCAG counts it, 1 to 21.
fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
    let light = |(r, g, b): (u8, u8, u8)| {
        let part = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    };
    let (a, b) = (light(a), light(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_shipped_theme_is_without_mistakes_and_has_every_scope() {
    assert!(SHIPPED.len() >= 7);
    for (name, _) in SHIPPED {
        let theme = shipped(name, Depth::True);
        assert_eq!(theme.styles.len(), Scope::ALL.len(), "{name}");
    }
}

#[test]
fn what_matters_can_be_read_on_its_ground_in_every_theme_of_colours() {
    for (name, _) in SHIPPED {
        let theme = shipped(name, Depth::True);
        let Some(ground) = theme.style(Scope::Text).bg.and_then(rgb) else { continue };
        for scope in Scope::ALL {
            let style = theme.style(scope);
            let Some(fg) = style.fg.and_then(rgb) else { continue };
            let own = style.bg.and_then(rgb).unwrap_or(ground);
            let least = if matches!(scope, Scope::OverlayFrame | Scope::ChartAxis) { 1.5 } else { 3.0 };
            assert!(
                contrast(fg, own) >= least,
                "{name}: {} on its own ground: {:.1}",
                scope.name(),
                contrast(fg, own)
            );
        }
        for severity in Severity::ALL {
            let fg = theme.style(Scope::Severity(severity)).fg.and_then(rgb).unwrap();
            for under in [Scope::Selection, Scope::Header, Scope::HeaderProduction] {
                let under_rgb = theme.style(under).bg.and_then(rgb).unwrap();
                let ratio = contrast(fg, under_rgb);
                assert!(ratio >= 3.0, "{name}: {severity:?} on {}: {ratio:.1}", under.name());
            }
        }
    }
}

#[test]
fn selection_and_badges_stand_out_without_any_colour() {
    for (name, _) in SHIPPED {
        let theme = shipped(name, Depth::None);
        for scope in [Scope::Selection, Scope::BadgeProduction, Scope::BadgeSandbox, Scope::Toast] {
            let style = theme.style(scope);
            assert!(style.add_modifier.contains(Modifier::REVERSED), "{name}: {}", scope.name());
        }
        for scope in Scope::ALL {
            assert_eq!(
                (theme.style(scope).fg, theme.style(scope).bg),
                (None, None),
                "{name}: {}",
                scope.name()
            );
        }
    }
}

#[test]
fn sixteen_colours_never_put_a_colour_on_itself() {
    for (name, _) in SHIPPED {
        for depth in [Depth::Sixteen, Depth::Indexed] {
            let theme = shipped(name, depth);
            let ground = theme.style(Scope::Text).bg;
            for scope in Scope::ALL {
                let style = theme.style(scope);
                let under = style.bg.or(ground);
                let told = style.add_modifier.contains(Modifier::REVERSED) || style.fg == Some(Color::Reset);
                assert!(
                    told || style.fg.is_none() || style.fg != under,
                    "{name}: {} {depth:?}",
                    scope.name()
                );
                assert!(!matches!(style.fg, Some(Color::Rgb(..))), "{name}: {}", scope.name());
            }
        }
    }
}

#[test]
fn a_missing_scope_falls_back_to_its_parent() {
    let text = "[scopes]\nseverity = \"red\"\ntext = \"white\"\n";
    let file = UserTheme { file: "mono.toml".into(), text: text.into() };
    // A file of a shipped theme's name changes only what it names.
    let (theme, problems) = load("mono", &BTreeMap::from([("mono".to_owned(), file)]), Depth::True);
    assert_eq!(problems, []);
    assert_eq!(theme.style(Scope::Severity(Severity::Ok)).fg, Some(Color::Red));
    assert_eq!(theme.style(Scope::Text).fg, Some(Color::White));
    assert!(theme.style(Scope::Severity(Severity::Down)).add_modifier.contains(Modifier::UNDERLINED));
}

#[test]
fn a_file_changes_only_what_it_names() {
    let (theme, problems) = own(
        "inherits = \"light\"\n[palette]\nred = \"#010203\"\n[scopes]\nkey = { fg = \"red\", bold = true }\n",
    );
    assert_eq!(problems, [""; 0]);
    let light = shipped("light", Depth::True);
    assert_eq!(theme.style(Scope::Text), light.style(Scope::Text));
    assert_eq!(theme.style(Scope::Key), Style::new().fg(Color::Rgb(1, 2, 3)).bold());
    // The parent's scopes see the new palette.
    assert_eq!(theme.style(Scope::Severity(Severity::Down)).fg, Some(Color::Rgb(1, 2, 3)));
}

#[test]
fn every_mistake_is_told_with_its_place_and_the_nearest_right_name() {
    let text = "inherits = \"drak\"\nscoops = 1\n[palette]\nfg = \"#12345\"\n[scopes]\n\"severity.don\" = \"red\"\nkey = { fgg = \"red\", bold = 1 }\ntitle = \"rde\"\ntext = 3\nfooter = \"light-green\"\n";
    let (theme, problems) = own(text);
    assert_eq!(
        problems,
        [
            "themes/own.toml:1:12: error: there is no theme `drak` to inherit from; did you mean “dark”?",
            "themes/own.toml:2:1: error: unknown key `scoops`; did you mean “scopes”?",
            "themes/own.toml:4:6: error: `#12345` is no colour: write #rrggbb, a number to 255 or a name",
            "themes/own.toml:6:1: error: unknown scope `severity.don`; did you mean “severity.down”?",
            "themes/own.toml:7:9: error: unknown attribute `fgg`; did you mean “fg”?",
            "themes/own.toml:7:29: error: `bold` wants true or false",
            "themes/own.toml:8:9: error: unknown colour `rde`; did you mean “red”?",
            "themes/own.toml:9:8: error: `text` wants a colour or a table",
        ]
    );
    assert_eq!(theme.style(Scope::Footer).fg, Some(Color::LightGreen), "the good lines stay");
}

#[test]
fn broken_and_circular_files_still_give_a_theme() {
    for text in ["[scopes", "\u{0}\u{1}", "[scopes]\nkey = { fg = ", "a = a\nb = \n[scopes]\nkey = \"red\"\n"]
    {
        let (theme, problems) = own(text);
        assert!(!problems.is_empty(), "{text:?}");
        assert_eq!(theme.style(Scope::Text), shipped("dark", Depth::True).style(Scope::Text));
    }
    let file = |parent: &str| UserTheme { file: "x".into(), text: format!("inherits = \"{parent}\"") };
    let user = BTreeMap::from([("a".to_owned(), file("b")), ("b".to_owned(), file("a"))]);
    let (theme, problems) = load("a", &user, Depth::True);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(theme.style(Scope::Text), shipped("dark", Depth::True).style(Scope::Text));
}

#[test]
fn an_unknown_theme_is_told_and_dark_is_used() {
    let (theme, problems) = load("gruvboks", &BTreeMap::new(), Depth::True);
    assert_eq!(problems[0].suggestion.as_deref(), Some("gruvbox"));
    assert_eq!(theme.style(Scope::Key), shipped("dark", Depth::True).style(Scope::Key));
}

#[test]
fn nested_tables_say_the_same_as_dotted_names() {
    let (theme, problems) =
        own("[scopes.severity]\ndown = \"light-blue\"\n[scopes.severity.warn]\nfg = \"light-red\"\n");
    assert_eq!(problems, [""; 0]);
    assert_eq!(theme.style(Scope::Severity(Severity::Down)).fg, Some(Color::LightBlue));
    assert_eq!(theme.style(Scope::Severity(Severity::Warn)).fg, Some(Color::LightRed));
}

#[test]
fn the_terminals_colours_are_known_from_its_environment() {
    let detect = |pairs: &[(&str, &str)]| {
        let pairs: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Depth::detect(|name| pairs.get(name).cloned())
    };
    assert_eq!(detect(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
    assert_eq!(detect(&[("TERM", "xterm-256color")]), Depth::Indexed);
    assert_eq!(detect(&[("TERM", "linux")]), Depth::Sixteen);
    assert_eq!(detect(&[("TERM", "dumb"), ("COLORTERM", "truecolor")]), Depth::None);
    assert_eq!(detect(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Depth::None);
    assert_eq!(detect(&[("NO_COLOR", ""), ("COLORTERM", "24bit")]), Depth::True);
}

#[test]
fn colours_become_the_nearest_that_the_terminal_has() {
    assert_eq!(degrade_color(Color::Rgb(255, 0, 0), Depth::Indexed), Color::Indexed(196));
    assert_eq!(degrade_color(Color::Rgb(250, 90, 90), Depth::Sixteen), Color::LightRed);
    assert_eq!(degrade_color(Color::Cyan, Depth::Sixteen), Color::Cyan);
    let faint_ground = Style::new().bg(Color::Rgb(10, 10, 20));
    let ground = Some(Color::Rgb(0, 0, 0));
    assert!(degrade(faint_ground, ground, Depth::Sixteen).add_modifier.contains(Modifier::REVERSED));
}
