//! Reads `quarterdeck.toml`: every mistake with its place, good rows stay.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::preference_keys::{KEYS, SNIPPETS, TABLES, snippet};
use super::preferences::{Known, Preferences};
use super::problem::{Position, Problem, ProblemSeverity, Problems};
use super::source;
use crate::fleet::EnvironmentName;
use crate::fleet::words::nearest;

/// Puts what `file` says into the preferences and returns what is wrong with it; no file, no problem.
pub(super) fn apply(file: &Path, known: &Known, preferences: &mut Preferences) -> Vec<Problem> {
    let mut problems = Problems::of(file);
    if file.symlink_metadata().is_ok()
        && let Some(text) = source::read(file, &mut problems)
    {
        apply_text(&text, known, preferences, &mut problems);
    }
    problems.into_sorted()
}

fn apply_text(text: &str, known: &Known, preferences: &mut Preferences, problems: &mut Problems) {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = position(text, error.span().map_or(0, |span| span.start));
        problems.error(at, format!("this is not TOML: {}", error.message()));
    }
    for (word, value) in document.get_ref() {
        let at = position(text, word.span().start);
        let inner = TABLES.iter().any(|(table, _)| table == word.get_ref());
        match value.get_ref() {
            DeValue::Table(rows) if word.get_ref() == SNIPPETS => {
                for (name, value) in rows {
                    if let Err(wanted) = snippet(preferences, name.get_ref(), value.get_ref()) {
                        let (at, kind) = (position(text, value.span().start), kind(value.get_ref()));
                        let name = name.get_ref();
                        problems.error(
                            at,
                            format!("`{SNIPPETS}.{name}` wants {wanted}, not {kind}; it is left out"),
                        );
                    }
                }
            }
            DeValue::Table(rows) if inner => {
                for (row, value) in rows {
                    let at = position(text, row.span().start);
                    apply_key(text, word.get_ref(), (row.get_ref(), at), value, preferences, problems);
                }
            }
            other if inner => {
                problems.error(at, format!("`{}` wants a table, not {}", word.get_ref(), kind(other)));
            }
            _ => apply_key(text, "", (word.get_ref(), at), value, preferences, problems),
        }
    }
    order_intervals(text, &document, preferences, problems);
    known_environments(text, &document, &known.environments, preferences, problems);
    known_name(text, &document, "keymap", &known.keymaps, &mut preferences.keymap, problems);
    known_name(text, &document, "theme", &known.themes, &mut preferences.theme, problems);
}

fn apply_key(
    text: &str,
    table: &str,
    (word, at): (&str, Position),
    value: &Spanned<DeValue<'_>>,
    preferences: &mut Preferences,
    problems: &mut Problems,
) {
    let full = if table.is_empty() { word.to_owned() } else { format!("{table}.{word}") };
    if let Some(key) = KEYS.iter().find(|key| key.table == table && key.name == word) {
        if let Err(wanted) = (key.set)(preferences, value.get_ref()) {
            let at = position(text, value.span().start);
            if problems.any_on(at.line) {
                return; // what is read from a broken line is a guess
            }
            let kind = kind(value.get_ref());
            problems.error(at, format!("`{full}` wants {wanted}, not {kind}; it stays as it was"));
        }
        return;
    }
    if let Some(key) = KEYS.iter().find(|key| key.name == word) {
        let place = if key.table.is_empty() {
            "at the top of the file".into()
        } else {
            format!("in [{}]", key.table)
        };
        problems.error(at, format!("unknown key `{full}`; `{word}` belongs {place}"));
        return;
    }
    let tables = TABLES.iter().filter(|_| table.is_empty()).map(|(name, _)| *name);
    let right = nearest(word, KEYS.iter().filter(|key| key.table == table).map(|key| key.name).chain(tables));
    let what = format!("unknown key `{full}`; it is left out");
    problems.add(ProblemSeverity::Error, at, &what, right.map(str::to_owned));
}

/// Fast is not slower than normal, nor normal than idle.
fn order_intervals(
    text: &str,
    document: &Spanned<DeTable<'_>>,
    preferences: &mut Preferences,
    problems: &mut Problems,
) {
    let Some((word, _)) = document.get_ref().iter().find(|(word, _)| word.get_ref() == "intervals") else {
        return;
    };
    let paces = &mut preferences.intervals;
    if paces.fast > paces.normal || paces.normal > paces.idle {
        let (fast, normal, idle) = (paces.fast.as_secs(), paces.normal.as_secs(), paces.idle.as_secs());
        problems.error(
            position(text, word.span().start),
            format!("fast {fast}s, normal {normal}s and idle {idle}s are not in this order; the slower ones are raised"),
        );
        paces.normal = paces.normal.max(paces.fast);
        paces.idle = paces.idle.max(paces.normal);
    }
}

/// A read-only environment that does not exist protects nothing: the nearest one is read-only then.
fn known_environments(
    text: &str,
    document: &Spanned<DeTable<'_>>,
    environments: &[EnvironmentName],
    preferences: &mut Preferences,
    problems: &mut Problems,
) {
    let listed = document.get_ref().iter().find(|(word, _)| word.get_ref() == "read_only_environments");
    let Some(items) = listed.and_then(|(_, value)| value.get_ref().as_array()) else { return };
    if environments.is_empty() {
        return;
    }
    for item in items {
        let Some(name) = item.get_ref().as_str() else { continue };
        if environments.iter().any(|known| known.as_str() == name) {
            continue;
        }
        let right = nearest(name, environments.iter().map(EnvironmentName::as_str));
        let what =
            format!("`read_only_environments` names `{name}`, which is no environment of this project");
        problems.add(
            ProblemSeverity::Error,
            position(text, item.span().start),
            &what,
            right.map(str::to_owned),
        );
        preferences.read_only_environments.extend(right.map(EnvironmentName::new));
    }
}

/// A keymap or theme that does not exist is left at its default.
fn known_name(
    text: &str,
    document: &Spanned<DeTable<'_>>,
    key: &str,
    known: &[String],
    chosen: &mut String,
    problems: &mut Problems,
) {
    let row = document.get_ref().iter().find(|(word, _)| word.get_ref() == key);
    let Some((value, name)) = row.and_then(|(_, value)| Some((value, value.get_ref().as_str()?))) else {
        return;
    };
    if known.is_empty() || known.iter().any(|known| known == name) {
        return;
    }
    let default = Preferences::default();
    *chosen = if key == "theme" { default.theme } else { default.keymap };
    let what = format!("there is no {key} `{name}`; `{chosen}` is used");
    let right = nearest(name, known.iter().map(String::as_str));
    problems.add(ProblemSeverity::Error, position(text, value.span().start), &what, right.map(str::to_owned));
}

fn kind(value: &DeValue<'_>) -> String {
    let shown = |text: &str| format!("`{text}`");
    match value {
        DeValue::Integer(number) => shown(number.as_str()),
        DeValue::Float(number) => shown(number.as_str()),
        DeValue::Boolean(flag) => shown(&flag.to_string()),
        DeValue::String(text) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "this list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::preference_keys::{default_text, text as written};
    use super::*;

    fn read(text: &str) -> (Preferences, Vec<String>) {
        let (mut preferences, mut problems) = (Preferences::default(), Problems::of(Path::new("q.toml")));
        let known = Known {
            environments: ["staging", "production"].map(EnvironmentName::from).to_vec(),
            keymaps: vec!["default".into(), "vim".into()],
            themes: vec!["dark".into(), "light".into()],
        };
        apply_text(text, &known, &mut preferences, &mut problems);
        (preferences, problems.into_sorted().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_default_file_without_its_comment_marks_says_the_defaults() {
        let text: String = default_text()
            .lines()
            .map(|line| {
                line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n"
            })
            .collect();
        assert!(text.contains("\nsurge_queue = ["), "{text}");
        let (mut changed, mut problems) = (Preferences::default(), Problems::of(Path::new("q.toml")));
        changed.keymap = "vim".into();
        changed.thresholds.cpu = (1.0, 2.0);
        changed.intervals.fast = Duration::from_secs(7);
        apply_text(&text, &Known::default(), &mut changed, &mut problems);
        assert_eq!(problems.into_sorted(), []);
        assert_eq!(changed, Preferences::default());
        assert_eq!(read(&default_text()).0, Preferences::default());
    }

    #[test]
    fn preferences_that_are_written_are_read_as_they_were() {
        let mut preferences =
            Preferences { theme: "a \"b\" \\ c".into(), mouse: false, ..Preferences::default() };
        preferences.intervals.idle = Duration::from_secs(300);
        preferences.intervals.metrics = Duration::from_secs(90);
        preferences.thresholds.cpu = (50.5, 60.0);
        preferences.read_only_environments.insert("production".into());
        preferences.ssh.user = Some("jane".into());
        preferences.ssh.identity = Some("~/.ssh/work".into());
        preferences.ssh.check_host_keys = false;
        preferences.snippets.insert("who is \"there\"".into(), "w | sort\\t'".into());
        let (mut again, mut problems) = (Preferences::default(), Problems::of(Path::new("q.toml")));
        apply_text(&written(&preferences), &Known::default(), &mut again, &mut problems);
        assert_eq!(problems.into_sorted(), []);
        assert_eq!(again, preferences);
    }

    #[test]
    fn good_rows_stay_and_every_mistake_is_named_with_its_place() {
        let (preferences, problems) = read(concat!(
            "theme = \"light\"\nkeymp = \"vim\"\nmouse = \"no\"\nfast = 3\n",
            "read_only_environments = [\"prodution\"]\n",
            "[intervals]\nfast = 0\nnormal = \"20s\"\nslow = 3\n[thresholds]\ncpu = [95, 80]\n latency_ms = [100, 200.5]\n",
            "[colours]\nx = 1\n",
        ));
        assert_eq!(preferences.theme, "light");
        assert_eq!(preferences.intervals.normal, Duration::from_secs(20));
        assert_eq!(preferences.thresholds.latency_ms, (100.0, 200.5));
        assert!(preferences.read_only_environments.contains("production"));
        let expected = [
            "q.toml:2:1: error: unknown key `keymp`; it is left out; did you mean `keymap`?",
            "q.toml:3:9: error: `mouse` wants true or false, not \"no\"; it stays as it was",
            "q.toml:4:1: error: unknown key `fast`; `fast` belongs in [intervals]",
            "q.toml:5:27: error: `read_only_environments` names `prodution`, which is no environment of this project; \
             did you mean `production`?",
            "q.toml:7:8: error: `intervals.fast` wants whole seconds from 1 to 60, or text such as \"1s\", not `0`; it \
             stays as it was",
            "q.toml:9:1: error: unknown key `intervals.slow`; it is left out",
            "q.toml:11:7: error: `thresholds.cpu` wants [warn, down], from 0 to 100, the first not above the second, \
             not this list; it stays as it was",
            "q.toml:13:2: error: unknown key `colours`; it is left out",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn snippets_have_names_of_ones_own_and_the_way_to_servers_is_checked() {
        let (preferences, problems) = read(concat!(
            "[ssh]\nuser = \"jane\"\nidentty = \"/k\"\nconfig = \"ssh_config\"\ncheck_host_keys = false\n",
            "[snippets]\nuptime = \"uptime\"\n\"free space\" = \"df -h\"\nempty = \"\"\nlines = \"\"\"a\nb\"\"\"\n",
        ));
        assert_eq!(preferences.ssh.user.as_deref(), Some("jane"));
        assert!(!preferences.ssh.check_host_keys && preferences.ssh.config.is_none());
        let names: Vec<&str> = preferences.snippets.keys().map(String::as_str).collect();
        assert_eq!(names, ["free space", "uptime"]);
        let expected = [
            "q.toml:3:1: error: unknown key `ssh.identty`; it is left out; did you mean `identity`?",
            "q.toml:4:10: error: `ssh.config` wants a path in quotes that begins with / or ~/, not \"ssh_config\"; it \
             stays as it was",
            "q.toml:9:9: error: `snippets.empty` wants a command in quotes, on one line and at most 4000 characters \
             long, not \"\"; it is left out",
            "q.toml:10:9: error: `snippets.lines` wants a command in quotes, on one line and at most 4000 characters \
             long, not \"a·b\"; it is left out",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn broken_toml_is_named_and_what_is_whole_in_it_is_used() {
        let (preferences, problems) = read("theme = \"light\"\nascii = \nmouse = false\nmouse = true\n");
        assert_eq!(preferences.theme, "light");
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("q.toml:2:"), "{problems:?}");
        assert!(
            problems[1].starts_with("q.toml:4:1: error: this is not TOML: duplicate key"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_theme_that_does_not_exist_is_left_at_the_default() {
        let (preferences, problems) = read("theme = \"lihgt\"\n");
        assert_eq!(preferences.theme, "dark");
        assert_eq!(
            problems,
            ["q.toml:1:9: error: there is no theme `lihgt`; `dark` is used; did you mean `light`?"]
        );
    }

    #[test]
    fn intervals_out_of_order_are_raised() {
        let (preferences, problems) = read("[intervals]\nnormal = \"2m\"\n");
        assert_eq!(preferences.intervals.idle, Duration::from_secs(120));
        assert_eq!(problems.len(), 1);
    }
}
