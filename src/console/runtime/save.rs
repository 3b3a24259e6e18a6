//! Writes what a pane shows, or all that its server printed, to a file of the operator's.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::console::panes::{CLIPBOARD, Entry, Kept, Whole};
use crate::engine::store::{OutputLine, read_output};
use crate::remote::clean_text::CleanText;

/// Writes a new file, readable by its owner only: what servers print is nobody else's business. Where it is and how
/// many lines it has is returned; the error says what to do.
pub(super) fn write(path: &str, lines: &Kept) -> Result<(PathBuf, usize), String> {
    let path = match path.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().map_or_else(|| PathBuf::from(path), |home| home.join(rest)),
        None => PathBuf::from(path),
    };
    if let Kept::OnDisk(whole) = lines {
        check(whole)?;
    }
    let written = create(&path, lines);
    let path = std::path::absolute(&path).unwrap_or(path);
    match written {
        Ok(count) => Ok((path, count)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(format!("{} exists already: choose another name", path.display()))
        }
        Err(error) => Err(format!("{} was not written: {error}", path.display())),
    }
}

fn create(path: &Path, lines: &Kept) -> io::Result<usize> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut file = BufWriter::new(file);
    let mut count = 0;
    match lines {
        Kept::Here(text) => {
            count = text.lines().count();
            file.write_all(text.as_bytes())?;
        }
        Kept::OnDisk(whole) => each(whole, |line| {
            count += 1;
            writeln!(file, "{line}")
        })?,
    }
    file.flush()?;
    Ok(count)
}

/// The newest lines, as many as a clipboard takes, and how many there are in all.
pub(super) fn newest(whole: &Whole) -> Result<(Vec<String>, usize), String> {
    check(whole)?;
    let (mut newest, mut bytes, mut all) = (VecDeque::<String>::new(), 0, 0);
    let read = each(whole, |line| {
        all += 1;
        bytes += line.len() + 1;
        newest.push_back(line.to_owned());
        while bytes > CLIPBOARD {
            bytes -= newest.pop_front().map_or(bytes, |oldest| oldest.len() + 1);
        }
        Ok(())
    });
    read.map_err(|error| format!("{} was not read: {error}", whole.file.display()))?;
    Ok((newest.into(), all))
}

/// Records of old runs are given up.
fn check(whole: &Whole) -> Result<(), String> {
    if whole.file.exists() { Ok(()) } else { Err(format!("{} is there no more", whole.file.display())) }
}

fn each(whole: &Whole, mut each: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    let all = whole.test.is_open();
    read_output(&whole.file, |OutputLine { at, stream, text }| {
        if all {
            return each(&text);
        }
        let entry = Entry { at, stream, origin: 0, level: None, text: CleanText::one_line(&text) };
        if whole.test.passes(&entry) { each(&text) } else { Ok(()) }
    })?;
    whole.open.iter().try_for_each(|line| each(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::panes::Test;

    fn here(text: &str) -> Kept {
        Kept::Here(text.into())
    }

    #[test]
    fn a_file_that_exists_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.txt").display().to_string();
        let (written, lines) = write(&path, &here("one\n")).unwrap();
        assert!(written.ends_with("out.txt") && lines == 1);
        assert!(write(&path, &here("two\n")).unwrap_err().contains("exists already"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\n");
        assert!(write(&format!("{path}/x"), &here("")).unwrap_err().contains("was not written"));
    }

    #[test]
    fn what_is_on_disk_is_saved_whole_as_far_as_it_is_wanted_and_copied_as_far_as_it_fits() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("i-1.txt");
        let line = |n: usize| format!("2026-11-22T12:00:00.123Z {} line {n}\n", ["out", "err"][n % 2]);
        std::fs::write(&file, (0..10_000).map(line).collect::<String>()).unwrap();
        let whole = |test| Kept::OnDisk(Whole { file: file.clone(), test, open: vec!["50%".into()] });
        let path = dir.path().join("saved.txt").display().to_string();
        assert_eq!(write(&path, &whole(Test::default())).unwrap().1, 10_001);
        let saved = std::fs::read_to_string(&path).unwrap();
        assert!(saved.starts_with("line 0\nline 1\n") && saved.ends_with("line 9999\n50%\n"));
        let errors = dir.path().join("errors.txt").display().to_string();
        assert_eq!(write(&errors, &whole(Test::default().only_errors(true))).unwrap().1, 5_001);

        let Kept::OnDisk(all) = whole(Test::default()) else { panic!() };
        let (lines, count) = newest(&all).unwrap();
        assert_eq!((count, lines.last().map(String::as_str)), (10_001, Some("50%")));
        let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
        assert!((CLIPBOARD - 100..=CLIPBOARD).contains(&bytes), "{bytes}");
        std::fs::remove_file(&file).unwrap();
        assert!(newest(&all).unwrap_err().contains("no more"));
    }
}
