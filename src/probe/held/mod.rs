//! What is asked of a server to learn how secrets stand in its settings: whether they are those that somebody has, or which
//! they are. The script reads files by lines that it is told; it runs nothing of the project.

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::Serialize;

use crate::fleet::{Held, Hit, Layout, Pattern};

/// The program that looks.
const PROGRAM: &str = include_str!("read.py");

/// How long it may take, the way there apart.
const LIMIT: Duration = Duration::from_secs(10);

/// A file that is read.
#[derive(Clone, Debug, Serialize)]
pub struct HeldFile {
    /// Where it is.
    pub path: String,
    /// Lines with gaps.
    #[serde(serialize_with = "patterns")]
    pub patterns: Vec<Pattern>,
    /// Lines that fit a pattern and have no secret in them, each as often as it is there.
    pub known: Vec<String>,
}

/// What is asked. Prints nothing of its key.
#[derive(Clone)]
pub struct HeldQuestion {
    /// As whom they are read.
    pub user: String,
    /// The settings first.
    pub files: Vec<HeldFile>,
    /// Where FabulAWS keeps a file for each secret.
    pub home: String,
    /// Names of secrets whose file there is asked for.
    pub kept: Vec<String>,
    /// With a key only digests by it come back; without one the values do.
    pub key: Option<[u8; 32]>,
}

impl std::fmt::Debug for HeldQuestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldQuestion").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

/// As the program reads it.
#[derive(Serialize)]
struct Told<'a> {
    files: &'a [HeldFile],
    home: &'a str,
    key: String,
    kept: &'a [String],
}

#[derive(Serialize)]
struct ToldPattern<'a> {
    texts: &'a [String],
    gaps: Vec<&'static str>,
}

fn patterns<S: serde::Serializer>(all: &[Pattern], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(all.iter().map(|pattern| ToldPattern {
        texts: &pattern.texts,
        gaps: pattern.gaps.iter().map(|gap| gap.word()).collect(),
    }))
}

impl HeldQuestion {
    /// Of a server where things are so. Settings, and what PgBouncer reads, are for different users: root reads them all.
    #[must_use]
    pub fn of(layout: &Layout) -> Self {
        Self {
            user: "root".into(),
            files: Vec::new(),
            home: layout.home.clone(),
            kept: Vec::new(),
            key: None,
        }
    }

    /// How long it may take in all.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        Duration::from_secs(LIMIT.as_secs() + 10)
    }

    /// The script, POSIX shell, which reads [`HeldQuestion::input`] from its standard input. It holds no secret, and nothing
    /// that would help to guess one.
    #[must_use]
    pub fn script(&self) -> String {
        let quoted = |word: &str| format!("'{}'", word.replace('\'', r"'\''"));
        let (user, limit) = (quoted(&self.user), LIMIT.as_secs());
        format!(
            "cd / && export LC_ALL=C.UTF-8 || exit\nlook() {{ \"$@\" timeout -k 1 {limit} python3 -I -c {}; }}\n\
             if [ \"$(id -un)\" = {user} ]; then look env; else look sudo -n -u {user}; fi\n",
            quoted(PROGRAM)
        )
    }

    /// What it is told.
    #[must_use]
    pub fn input(&self) -> Vec<u8> {
        let digits = |text: String, byte: &u8| text + &format!("{byte:02x}");
        let key = self.key.iter().flatten().fold(String::new(), digits);
        let told = Told { files: &self.files, home: &self.home, key, kept: &self.kept };
        // Text and numbers only: there is nothing that could not be written.
        serde_json::to_vec(&told).unwrap_or_default()
    }
}

/// Takes apart what the server printed.
///
/// # Errors
/// When it broke off, or makes no sense.
pub fn read_held<'l>(lines: impl Iterator<Item = &'l str>) -> Result<Held<Vec<u8>>, String> {
    let mut held = Held { is_there: true, hits: Vec::new(), kept: Vec::new() };
    for line in lines {
        let odd = || "the server told of its settings in words that make no sense".to_owned();
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("end"), ..) => return Ok(held),
            (Some("none"), Some("0"), _) => held.is_there = false,
            (Some("hit"), Some(number), Some(pattern)) => {
                let number = number.parse().map_err(|_| odd())?;
                let pattern = pattern.parse().map_err(|_| odd())?;
                let words: Vec<&str> = words.collect();
                let values = match words.as_slice() {
                    ["?"] => None,
                    all => Some(all.iter().map(|word| bytes(word)).collect::<Option<_>>().ok_or_else(odd)?),
                };
                held.hits.push(Hit { line: number, pattern, values });
            }
            (Some("kept"), Some(name), Some(value)) if value != "?" => {
                held.kept.push((name.to_owned(), bytes(value).ok_or_else(odd)?));
            }
            // A profile's words, or a warning.
            _ => {}
        }
    }
    Err("the server's answer broke off while it told of its settings".into())
}

/// Bytes in pairs of digits, with dashes between them.
fn bytes(word: &str) -> Option<Vec<u8>> {
    if word == "-" {
        return Some(Vec::new());
    }
    let pair = |pair: &str| (pair.len() == 2).then(|| u8::from_str_radix(pair, 16).ok()).flatten();
    word.split('-').map(pair).collect()
}
