//! Reads a small text file, with a clear message for everything a path can turn out to be.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::problem::{Position, Problems};

/// The largest file that is read, in bytes. Real ones are some ten thousand.
pub const LARGEST_FILE: u64 = 1 << 20;

/// The text of `path`, or nothing when it cannot be read; why is in `problems`.
pub fn read(path: &Path, problems: &mut Problems) -> Option<String> {
    let bytes = match bytes(path) {
        Ok(bytes) => bytes,
        Err(what) => {
            problems.error(Position::START, what);
            return None;
        }
    };
    text(bytes, problems)
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let facts = fs::metadata(path).map_err(|error| unreadable(error.kind(), &error.to_string()))?;
    if facts.is_dir() {
        return Err("this is a directory; name the file in it".into());
    }
    if !facts.is_file() {
        return Err("this is not a regular file; name a file on disk".into());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(error.kind(), &error.to_string()))?;
    file.take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(error.kind(), &error.to_string()))?;
    if bytes.len() as u64 > LARGEST_FILE {
        let megabytes = facts.len().max(LARGEST_FILE + 1).div_ceil(1_000_000);
        return Err(format!(
            "this file has about {megabytes} MB; at most 1 MB is read, is it the right file?"
        ));
    }
    Ok(bytes)
}

fn unreadable(kind: ErrorKind, error: &str) -> String {
    match kind {
        ErrorKind::NotFound => "no such file; look at the path".into(),
        ErrorKind::PermissionDenied => "you may not read this file; look at its owner and mode".into(),
        _ => format!("cannot be read: {error}"),
    }
}

/// Bytes as text: UTF-8, without its byte order mark.
pub fn text(mut bytes: Vec<u8>, problems: &mut Problems) -> Option<String> {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        bytes.drain(..3);
        problems.note(
            Position::START,
            "begins with a byte order mark, which is ignored; save it as UTF-8 without one",
        );
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        problems.error(Position::START, "this is UTF-16; save it as UTF-8");
        return None;
    }
    if let Some(offset) = bytes.iter().position(|byte| matches!(byte, 0..=8 | 14..=31 | 127)) {
        let at = position(&bytes, offset);
        let byte = bytes[offset];
        problems.error(
            at,
            format!("holds the control byte 0x{byte:02x}; this is no text file, or it is damaged here"),
        );
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let what = format!("the byte 0x{:02x} is not UTF-8; save the file as UTF-8", bytes[offset]);
            problems.error(position(&bytes, offset), what);
            None
        }
    }
}

fn position(bytes: &[u8], offset: usize) -> Position {
    let before = &bytes[..offset];
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    Position {
        line: before.split(|byte| *byte == b'\n').count(),
        column: String::from_utf8_lossy(&before[start..]).chars().count() + 1,
    }
}
