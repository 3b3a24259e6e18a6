//! A server's output as a file that is easy to grep: time, stream and text of every finished line.
//!
//! ```text
//! 2026-11-22T12:00:00.123Z out Reading package lists... Done
//! 2026-11-22T12:00:00.456Z err E: Could not get lock
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::remote::{Line, Stream};

/// No line that we wrote is longer: text is cut far below it.
const LONGEST: u64 = 1024 * 1024;

/// The file with what a server printed, in the directory of a run.
#[must_use]
pub fn output_in(dir: &Path, instance: &str) -> PathBuf {
    dir.join(file_name(instance))
}

pub(super) fn file_name(instance: &str) -> String {
    format!("{instance}.txt")
}

const fn word(stream: Stream) -> &'static str {
    match stream {
        Stream::Out => "out",
        Stream::Err => "err",
    }
}

/// Makes bytes of lines. Many lines have the same time: it is written out once.
#[derive(Debug, Default)]
pub(in crate::engine) struct Writer {
    at: Option<Timestamp>,
    time: String,
}

impl Writer {
    /// Appends a finished line.
    pub(in crate::engine) fn line(&mut self, line: &Line, to: &mut Vec<u8>) {
        if self.at != Some(line.at) {
            self.at = Some(line.at);
            self.time = format!("{:.3}", line.at);
        }
        let text = line.text.as_str();
        to.reserve(self.time.len() + text.len() + 6);
        to.extend_from_slice(self.time.as_bytes());
        to.extend_from_slice(match line.stream {
            Stream::Out => b" out ",
            Stream::Err => b" err ",
        });
        to.extend_from_slice(text.as_bytes());
        to.push(b'\n');
    }
}

/// A line as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// When it arrived, to a millisecond.
    pub at: Timestamp,
    /// Where it was printed.
    pub stream: Stream,
    /// The text: cleaned before it was written, and again now, for files can be changed.
    pub text: String,
}

impl OutputLine {
    fn parse(line: &str) -> Option<Self> {
        let (at, rest) = line.split_once(' ')?;
        let (stream, text) = rest.split_once(' ')?;
        let stream = [Stream::Out, Stream::Err].into_iter().find(|one| word(*one) == stream)?;
        let text = crate::remote::clean_text::CleanText::one_line(text).as_str().to_owned();
        Some(Self { at: at.parse().ok()?, stream, text })
    }
}

/// Reads a file of output line by line, giving each to `each`; what is no line of ours (a last one that was cut off
/// when the disk was full) is passed over. A file that is not there is empty.
///
/// # Errors
/// When it cannot be read, or `each` fails.
pub fn read_output(path: &Path, mut each: impl FnMut(OutputLine) -> io::Result<()>) -> io::Result<()> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let mut reader = BufReader::with_capacity(64 * 1024, file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if let Some(parsed) =
            line.strip_suffix(b"\n").and_then(|line| OutputLine::parse(&String::from_utf8_lossy(line)))
        {
            each(parsed)?;
        }
    }
}

/// Writes what a server printed to its file, made when the first line comes.
#[derive(Debug)]
pub(super) struct Output {
    path: std::path::PathBuf,
    file: Option<File>,
}

impl Output {
    pub(super) fn new(path: std::path::PathBuf) -> Self {
        Self { path, file: None }
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = match &mut self.file {
            Some(file) => file,
            none => none
                .insert(std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?),
        };
        file.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::clean_text::CleanText;

    #[test]
    fn a_line_can_be_read_back() {
        let at: Timestamp = "2026-11-22T12:00:00.5Z".parse().unwrap();
        let lines = [(Stream::Out, "one  two "), (Stream::Err, ""), (Stream::Out, "drei ä")];
        let (mut writer, mut bytes) = (Writer::default(), Vec::new());
        for (stream, text) in lines {
            let text = CleanText::one_line(text);
            writer.line(&Line { at, stream, source: None, unfinished: false, text }, &mut bytes);
        }
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(
            text.starts_with("2026-11-22T12:00:00.500Z out one  two \n2026-11-22T12:00:00.500Z err \n"),
            "{text}"
        );
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("o.txt");
        bytes.extend(b"2026-11-22T12:00:00.500Z out cut o");
        std::fs::write(&path, bytes).unwrap();
        let mut read = Vec::new();
        read_output(&path, |line| {
            read.push(line);
            Ok(())
        })
        .unwrap();
        assert_eq!(read.iter().map(|line| (line.stream, line.text.as_str())).collect::<Vec<_>>(), lines);
        assert!(read.iter().all(|line| line.at == at));
        read_output(&temp.path().join("absent"), |_| Err(io::Error::other("no line is there"))).unwrap();
    }
}
