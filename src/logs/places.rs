//! A log may be in one of several places: that the others are empty is no news, that all are is.

use super::LogId;

/// What to make of a complaint about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is no complaint about an absent file: show it as it is.
    Other,
    /// Nobody needs to know.
    Nothing,
    /// Show this in its place.
    Instead(String),
}

/// Which places of a server's logs turned out to be empty.
#[derive(Clone, Debug)]
pub struct Places {
    /// By source: the log, its file, and whether it is known to be absent.
    files: Vec<(LogId, String, bool)>,
    /// Logs that also come from the journal.
    journal: Option<LogId>,
}

impl Places {
    /// For the files that are followed and the logs they belong to, in the order of the sources; one more log is the
    /// journal's.
    #[must_use]
    pub fn new(files: &[String], ids: &[LogId]) -> Self {
        let journal = ids.get(files.len()).cloned();
        let files = ids.iter().zip(files).map(|(id, file)| (id.clone(), file.clone(), false)).collect();
        Self { files, journal }
    }

    /// A line that a server's `tail` said about a source.
    pub fn hear(&mut self, source: usize, text: &str) -> Said {
        if !(text.contains("cannot open") && text.contains("No such file")) {
            return Said::Other;
        }
        let Some((id, _, absent)) = self.files.get_mut(source) else { return Said::Other };
        *absent = true;
        let id = id.clone();
        let of_log = || self.files.iter().filter(|(other, ..)| *other == id);
        if self.journal.as_ref() == Some(&id) || of_log().any(|(.., absent)| !absent) {
            return Said::Nothing;
        }
        let places: Vec<&str> = of_log().map(|(_, file, _)| file.as_str()).collect();
        Said::Instead(format!("there is no log {id} here yet: looked for {}", places.join(" and ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_log_that_is_nowhere_is_told() {
        let ids = [LogId::NginxError, LogId::NginxError, LogId::Memcached, LogId::Memcached];
        let files = ["/a.log", "/b.log", "/m.log"].map(str::to_owned);
        let mut places = Places::new(&files, &ids);
        let gone = |file: &str| format!("tail: cannot open '{file}' for reading: No such file or directory");
        assert_eq!(places.hear(0, &gone("/a.log")), Said::Nothing);
        assert_eq!(places.hear(2, &gone("/m.log")), Said::Nothing, "the journal has it");
        let Said::Instead(text) = places.hear(1, &gone("/b.log")) else { panic!() };
        assert!(text.contains("nginx-error") && text.contains("/a.log and /b.log"), "{text}");
        assert_eq!(places.hear(0, "tail: cannot open '/a.log' for reading: Permission denied"), Said::Other);
        assert_eq!(places.hear(9, &gone("/x")), Said::Other);
    }
}
