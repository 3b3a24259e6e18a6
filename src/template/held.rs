//! How secrets stand in a server's settings, by the template that these are written from. Filled with marks in the place of
//! secrets, the template shows in which lines, and between which texts, each of them is. What stands in the same places of
//! the real settings is the secret there. Nothing of a server is ever run, and what cannot be told for certain is said to be
//! so.

use std::collections::{BTreeMap, BTreeSet};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::config::secrets::Secret;
use crate::fleet::{Gap, Held, Hit, Pattern};

/// What a filter of a template would change, in the middle of each mark.
const ODD: &str = "'\"\\%&<>/@: +#é";

/// A line with less around its gaps would fit too many.
const FEWEST: usize = 3;

/// A digest that says nothing without its key.
pub type Key = [u8; 32];

/// How a secret on a server stands to the one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the same.
    Same,
    /// It is another one.
    Differs,
    /// There is one there, and none here.
    OnlyThere,
    /// The settings there have none.
    NotThere,
    /// The settings are not such that it can be told.
    Unclear,
}

/// Why no value can be read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoValue {
    /// The template has none.
    NotInSettings,
    /// The server's settings have none.
    NotThere,
    /// It stands there in a way that leaves more than one answer, or through a filter.
    Unclear,
    /// Different ones stand in several places.
    Several,
}

/// What stands in the place of what differs.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    /// Nothing else has it in it.
    prefix: String,
    names: Vec<String>,
}

impl Marks {
    pub(super) fn new(prefix: &str, names: impl IntoIterator<Item = String>) -> Self {
        Self { prefix: prefix.to_owned(), names: names.into_iter().collect() }
    }

    /// Each secret with its mark.
    pub(super) fn secrets(&self) -> impl Iterator<Item = (String, String)> {
        let mark = |(n, name): (usize, &String)| {
            (name.clone(), format!("{prefix}{n}x{ODD}{prefix}{n}z", prefix = self.prefix))
        };
        self.names.iter().enumerate().map(mark)
    }

    /// In the place of what nobody asks for.
    pub(super) fn any(&self, n: usize) -> String {
        format!("{}{n}a", self.prefix)
    }
}

/// A file with secrets in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShapeFile {
    /// Where it is on a server.
    pub path: String,
    /// Lines with secrets in them, each kind once.
    pub patterns: Vec<Pattern>,
    /// Lines that fit a pattern and have no secret in them.
    pub known: Vec<String>,
}

/// Where secrets stand in files of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shapes {
    /// The files, the settings first.
    pub files: Vec<ShapeFile>,
    /// For each pattern of each file the lines there that are so, in their order: which secrets are in its gaps.
    lines: Vec<Vec<Vec<String>>>,
    /// All secrets that are asked about.
    names: BTreeSet<String>,
    /// Those that the template uses in a way that cannot be read back.
    unclear: BTreeSet<String>,
}

impl Shapes {
    /// Of the text of a file with marks in it, made of a template that uses these names.
    pub(super) fn of(path: String, text: &str, marks: &Marks, used: &BTreeSet<String>) -> Self {
        let mut shapes = Self { names: marks.names.iter().cloned().collect(), ..Self::default() };
        let mut file = ShapeFile { path, ..ShapeFile::default() };
        let mut plain = Vec::new();
        for line in text.split('\n') {
            let (pattern, names) = marked(line, marks, &mut shapes.unclear);
            let Some(pattern) = pattern else { continue };
            if pattern.gaps.is_empty() {
                plain.push(line);
            }
            if names.is_empty() {
                continue;
            }
            if pattern.texts.iter().map(|text| text.trim().len()).sum::<usize>() < FEWEST {
                shapes.unclear.extend(names);
                continue;
            }
            let place = file.patterns.iter().position(|known| *known == pattern).unwrap_or_else(|| {
                file.patterns.push(pattern);
                shapes.lines.push(Vec::new());
                file.patterns.len() - 1
            });
            shapes.lines[place].push(names);
        }
        let fits = |line: &&str| file.patterns.iter().any(|pattern| pattern.read(line).is_some());
        file.known = plain.into_iter().filter(fits).map(str::to_owned).collect();
        let seen: BTreeSet<&String> = shapes.lines.iter().flatten().flatten().collect();
        let lost = shapes.names.iter().filter(|name| used.contains(*name) && !seen.contains(name));
        let lost: Vec<String> = lost.cloned().collect();
        shapes.unclear.extend(lost);
        shapes.files.push(file);
        shapes
    }

    /// With another file.
    pub(super) fn and(mut self, more: Self) -> Self {
        self.files.extend(more.files);
        self.lines.extend(more.lines);
        self.names.extend(more.names);
        self.unclear.extend(more.unclear);
        self
    }

    /// Where a file has secrets in quotes, servers that FabulAWS has made have them without.
    pub(super) fn or_bare(mut self) -> Self {
        let Some(file) = self.files.first_mut() else { return self };
        let bare = |pattern: &Pattern| {
            let mut bare = pattern.clone();
            let last = bare.gaps.last_mut().filter(|gap| **gap == Gap::Doubled)?;
            *last = Gap::Bare;
            let [.., before, after] = bare.texts.as_mut_slice() else { return None };
            *before = before.strip_suffix('\'')?.to_owned();
            *after = after.strip_prefix('\'')?.to_owned();
            Some(bare)
        };
        let more: Vec<(Pattern, Vec<Vec<String>>)> = file
            .patterns
            .iter()
            .zip(&self.lines)
            .filter_map(|(one, lines)| Some((bare(one)?, lines.clone())))
            .collect();
        for (pattern, lines) in more {
            file.patterns.push(pattern);
            self.lines.push(lines);
        }
        self
    }

    /// Whether no secret stands there.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.unclear.is_empty()
    }

    /// The secrets that are asked about.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// What a server's settings have of each secret.
    fn told<V: Clone + PartialEq>(&self, hits: &[Hit<V>]) -> BTreeMap<&str, Result<V, NoValue>> {
        let mut found: BTreeMap<&str, Vec<V>> = BTreeMap::new();
        let mut unclear: BTreeSet<&str> = self.unclear.iter().map(String::as_str).collect();
        let twice =
            |hit: &&Hit<V>| hits.iter().any(|other| other.line == hit.line && other.pattern != hit.pattern);
        for (place, lines) in self.lines.iter().enumerate() {
            let there: Vec<&Hit<V>> = hits.iter().filter(|hit| hit.pattern == place).collect();
            let same = lines.iter().all(|names| *names == lines[0]);
            let in_order = there.len() == lines.len();
            let clear = there.iter().all(|hit| hit.values.is_some()) && !there.iter().any(twice);
            if there.is_empty() {
                continue;
            }
            if !clear || !(same || in_order) {
                unclear.extend(lines.iter().flatten().map(String::as_str));
                continue;
            }
            for (n, hit) in there.iter().enumerate() {
                let names = if in_order { &lines[n] } else { &lines[0] };
                for (name, value) in names.iter().zip(hit.values.iter().flatten()) {
                    found.entry(name).or_default().push(value.clone());
                }
            }
        }
        let in_template: BTreeSet<&str> = self.lines.iter().flatten().flatten().map(String::as_str).collect();
        let of = |name: &str| match found.get(name).map(Vec::as_slice) {
            Some([first, rest @ ..]) if rest.iter().all(|other| other == first) => Ok(first.clone()),
            Some([_, ..]) => Err(NoValue::Several),
            _ if unclear.contains(name) => Err(NoValue::Unclear),
            _ if in_template.contains(name) => Err(NoValue::NotThere),
            _ => Err(NoValue::NotInSettings),
        };
        self.names.iter().map(|name| (name.as_str(), of(name))).collect()
    }

    /// The secrets themselves, as a server told them. Where settings have none of a name, what FabulAWS has kept counts.
    #[must_use]
    pub fn read_back(&self, held: &Held<Vec<u8>>) -> BTreeMap<String, Result<Secret, NoValue>> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).map(Secret::new).map_err(|_| NoValue::Unclear);
        let kept = |name: &str| {
            let kept = held.kept.iter().find(|(of, value)| of == name && !value.is_empty());
            kept.map(|(_, value)| value.clone())
        };
        let told = self.told(&held.hits).into_iter().map(|(name, value)| {
            let value = match value {
                Err(why @ (NoValue::NotInSettings | NoValue::NotThere)) => kept(name).ok_or(why),
                other => other,
            };
            (name.to_owned(), value.and_then(text))
        });
        told.collect()
    }

    /// How they stand to those here, as a server told digests by a key.
    #[must_use]
    pub fn compare(
        &self,
        held: &Held<Vec<u8>>,
        key: &Key,
        here: &BTreeMap<String, Secret>,
    ) -> BTreeMap<String, Standing> {
        let told = self.told(&held.hits).into_iter().map(|(name, value)| {
            let standing = match (value, here.get(name)) {
                (Ok(_), None) => Standing::OnlyThere,
                (Ok(there), Some(here)) if there == digest(key, here.expose().as_bytes()) => Standing::Same,
                (Ok(_), Some(_)) | (Err(NoValue::Several), _) => Standing::Differs,
                (Err(NoValue::NotInSettings | NoValue::NotThere), _) => Standing::NotThere,
                (Err(NoValue::Unclear), _) => Standing::Unclear,
            };
            (name.to_owned(), standing)
        });
        told.collect()
    }
}

/// A line with gaps in the place of marks, and the secrets in them; none where a mark is broken. Marks that a filter has
/// changed are noted.
fn marked(line: &str, marks: &Marks, unclear: &mut BTreeSet<String>) -> (Option<Pattern>, Vec<String>) {
    let (mut pattern, mut names, mut rest) = (Pattern::default(), Vec::new(), line);
    let mut text = String::new();
    let mut whole = true;
    while let Some(at) = rest.find(&marks.prefix) {
        text.push_str(&rest[..at]);
        rest = &rest[at + marks.prefix.len()..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = rest[..digits].to_owned();
        rest = &rest[digits..];
        if let Some(after) = rest.strip_prefix('a') {
            pattern.texts.push(std::mem::take(&mut text));
            pattern.gaps.push(Gap::Any);
            rest = after;
            continue;
        }
        let name = number.parse().ok().and_then(|n: usize| marks.names.get(n));
        let end = format!("{}{number}z", marks.prefix);
        let inside = rest.strip_prefix('x').and_then(|rest| rest.split_once(&end));
        let gap = inside.and_then(|(middle, _)| {
            let ways = [Gap::Plain, Gap::Percent, Gap::Doubled];
            ways.into_iter().find(|gap| gap.value(middle).as_deref() == Some(ODD))
        });
        let (Some(name), Some((_, after)), Some(gap)) = (name, inside, gap) else {
            unclear.extend(name.cloned());
            whole = false;
            continue;
        };
        pattern.texts.push(std::mem::take(&mut text));
        pattern.gaps.push(gap);
        names.push(name.clone());
        rest = after;
    }
    if !whole {
        unclear.extend(names);
        return (None, Vec::new());
    }
    pattern.texts.push(text + rest);
    (Some(pattern), names)
}

/// HMAC with SHA-256, as the program on the server makes it.
fn digest(key: &Key, value: &[u8]) -> Vec<u8> {
    // A key shorter than a block is one with zeros behind it, which leaves no length to be wrong.
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block.iter_mut().zip(key).for_each(|(byte, of_key)| *byte = *of_key);
    Hmac::<Sha256>::new(&block).chain_update(value).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PREFIX: &str = "QdX7mK";

    fn marks(names: &[&str]) -> Marks {
        Marks::new(PREFIX, names.iter().map(|name| (*name).to_owned()))
    }

    /// A text with marks in the place of `<name>`.
    fn filled(template: &str, values: impl Iterator<Item = (String, String)>) -> String {
        values.fold(template.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), &value))
    }

    fn shapes(template: &str, names: &[&str]) -> Shapes {
        let marks = marks(names);
        let used = names.iter().map(|name| (*name).to_owned()).collect();
        Shapes::of(String::new(), &filled(template, marks.secrets()), &marks, &used)
    }

    /// What the program on a server tells of a text.
    fn held(shapes: &Shapes, text: &str, say: impl Fn(&[u8]) -> Vec<u8>) -> Held<Vec<u8>> {
        let mut hits = Vec::new();
        for (line, words) in text.split('\n').enumerate() {
            let known = shapes.files[0].known.iter().filter(|one| *one == words).count();
            let doubtful = known > 0 && text.split('\n').filter(|one| *one == words).count() > known;
            if known > 0 && !doubtful {
                continue;
            }
            for (pattern, of) in shapes.files[0].patterns.iter().enumerate() {
                let Some(found) = of.read(words) else { continue };
                let values = found.filter(|_| !doubtful).and_then(|found| {
                    let secrets = found.into_iter().zip(&of.gaps).filter(|(_, gap)| **gap != Gap::Any);
                    secrets.map(|(text, gap)| Some(say(gap.value(text)?.as_bytes()))).collect()
                });
                hits.push(Hit { line, pattern, values });
            }
        }
        Held { is_there: true, hits, kept: Vec::new() }
    }

    fn back(template: &str, names: &[&str], text: &str) -> Vec<Result<String, NoValue>> {
        let shapes = shapes(template, names);
        let read = shapes.read_back(&held(&shapes, text, <[u8]>::to_vec));
        names.iter().map(|name| read[*name].clone().map(|secret| secret.expose().to_owned())).collect()
    }

    #[test]
    fn secrets_are_read_back_from_the_places_where_the_template_puts_them() {
        let template = "A = 1\n    'PASSWORD': '<db>',\nURL = 'amqp://shop:<queue>@10.0.0.9:5672/x'\n";
        let text = "A = 1\n    'PASSWORD': 'it's',\nURL = 'amqp://shop:a:b@10.0.0.9:5672/x'\n";
        assert_eq!(back(template, &["db", "queue"], text), [Ok("it's".into()), Ok("a:b".into())]);
        let other = "B = 2\n\n    'PASSWORD': 'it's',\nmore\n";
        assert_eq!(back(template, &["db", "queue"], other), [Ok("it's".into()), Err(NoValue::NotThere)]);
        assert_eq!(back("A = 1", &["db"], "A = 1"), [Err(NoValue::Unclear)], "used, and nowhere to be seen");
        let of_nobody = Shapes::of(String::new(), "A = 1", &marks(&["db"]), &BTreeSet::new());
        let mut empty = held(&of_nobody, "A = 1", <[u8]>::to_vec);
        assert_eq!(of_nobody.read_back(&empty)["db"], Err(NoValue::NotInSettings));
        empty.kept = vec![("db".into(), b"kept".to_vec())];
        assert_eq!(of_nobody.read_back(&empty)["db"], Ok(Secret::new("kept".into())));
    }

    #[test]
    fn lines_that_look_alike_are_told_by_their_order_and_constants_are_not_secrets() {
        let template = "P = '<a>'\nP = 'constant'\nP = '<b>'\n";
        let names = ["a", "b"];
        assert_eq!(
            back(template, &names, "P = '1'\nP = 'constant'\nP = '2'\n"),
            [Ok("1".into()), Ok("2".into())]
        );
        let one = back(template, &names, "P = '1'\nP = 'constant'\n");
        assert_eq!(one, [Err(NoValue::Unclear), Err(NoValue::Unclear)], "which it is nobody knows");
        assert_eq!(back("P = '<a>'\nP = '<a>'\n", &["a"], "P = '1'\n"), [Ok("1".into())]);
        assert_eq!(back("P = '<a>'\nP = '<a>'\n", &["a"], "P = '1'\nP = '2'\n"), [Err(NoValue::Several)]);
        assert_eq!(back("<a>\n", &["a"], "anything\n"), [Err(NoValue::Unclear)], "any line would fit");
    }

    #[test]
    fn what_a_filter_changes_is_read_back_only_where_that_can_be_undone() {
        let marks = marks(&["a"]);
        let used = BTreeSet::from(["a".to_owned()]);
        let with = |change: &dyn Fn(String) -> String| {
            let (_, mark) = marks.secrets().next().unwrap();
            Shapes::of(String::new(), &format!("A = '{}'", change(mark)), &marks, &used)
        };
        let percent = |mark: String| {
            mark.bytes().fold(String::new(), |text, byte| match byte {
                byte if byte.is_ascii_alphanumeric() => text + &char::from(byte).to_string(),
                byte => text + &format!("%{byte:02X}"),
            })
        };
        let shapes = with(&percent);
        let read = shapes.read_back(&held(&shapes, "A = 'p%40ss'", <[u8]>::to_vec));
        assert_eq!(read["a"], Ok(Secret::new("p@ss".into())));
        for change in [
            &(|mark: String| mark.to_uppercase()) as &dyn Fn(String) -> String,
            &|mark: String| mark.replace('\'', "\\'"),
            &|mark: String| mark[..10].to_owned(),
            &|mark: String| mark.replace('&', "&amp;"),
        ] {
            let shapes = with(change);
            let read = shapes.read_back(&held(&shapes, "A = 'x'", <[u8]>::to_vec));
            assert_eq!(read["a"], Err(NoValue::Unclear));
        }
    }

    #[test]
    fn a_password_of_pgbouncer_is_read_back_as_it_stands_there_and_as_fabulaws_has_written_it() {
        let marks = marks(&["db"]);
        let (_, mark) = marks.secrets().next().unwrap();
        let template = format!("x = port={} password='{}'", marks.any(1), mark.replace('\'', "''"));
        let shapes = Shapes::of(String::new(), &template, &marks, &["db".to_owned()].into()).or_bare();
        for (text, value) in [
            ("x = port=7432 password='it''s'", Ok(Secret::new("it's".into()))),
            ("x = port=7432 password=bare", Ok(Secret::new("bare".into()))),
            ("x = port=7432 password='it's'", Err(NoValue::Unclear)),
            ("y = port=7432 password=bare", Err(NoValue::NotThere)),
        ] {
            assert_eq!(shapes.read_back(&held(&shapes, text, <[u8]>::to_vec))["db"], value, "{text}");
        }
    }

    #[test]
    fn r16_which_secret_differs_is_told_without_a_value() {
        let shapes = shapes("A = '<a>'\nB = '<b>'\nC = '<c>'\n", &["a", "b", "c", "d"]);
        let key = [9; 32];
        let held = held(&shapes, "A = 'same'\nB = 'old'\nC = 'there'\n", |value| digest(&key, value));
        let here = [("a", "same"), ("b", "new"), ("d", "x")];
        let here = here.map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned()))).into();
        let told: Vec<Standing> = shapes.compare(&held, &key, &here).into_values().collect();
        assert_eq!(told, [Standing::Same, Standing::Differs, Standing::OnlyThere, Standing::Unclear]);
        let mut others = shapes.compare(&held, &[8; 32], &here).into_values();
        assert!(others.all(|one| one != Standing::Same), "another key fits nothing");
    }

    #[test]
    fn a_digest_is_hmac_as_others_make_it() {
        // By Python's hmac.
        let hex =
            digest(&[0x0b; 32], b"Hi There").iter().fold(String::new(), |text, b| text + &format!("{b:02x}"));
        assert_eq!(hex, "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
    }

    proptest! {
        #[test]
        fn what_is_read_back_is_what_was_written_or_it_is_said_that_it_cannot_be_told(
            lines in proptest::collection::vec("([AB] = )?['\"]?(<a>|<b>|x|:|@|'){0,4}['\"]?", 0..8),
            a in "[a:@'x= ]{0,6}|\\PC{0,6}",
            b in "[a:@'x= ]{0,6}|\\PC{0,6}",
        ) {
            // What would be filled in twice is no text of a template.
            prop_assume!(!a.contains('<') && !b.contains('<'));
            let template = lines.join("\n");
            let values = [("a".to_owned(), a.clone()), ("b".to_owned(), b.clone())];
            let text = filled(&template, values.into_iter());
            let read = back(&template, &["a", "b"], &text);
            for (read, value) in read.into_iter().zip([a, b]) {
                if let Ok(read) = read {
                    prop_assert_eq!(read, value, "{:?}", template);
                }
            }
        }

        #[test]
        fn lines_with_a_name_of_their_own_are_always_read_back(
            a in "[^\r\n<]{0,12}",
            b in "[^\r\n<@]{0,12}",
            more in proptest::collection::vec("[C-F] = '[a-z]{0,3}'", 0..5),
        ) {
            let template = format!("A = '<a>'\n{}\nB = 'amqp://u:<b>@h/v'", more.join("\n"));
            let values = [("a".to_owned(), a.clone()), ("b".to_owned(), b.clone())];
            let text = filled(&template, values.into_iter());
            prop_assert_eq!(back(&template, &["a", "b"], &text), [Ok(a), Ok(b)]);
        }
    }
}
