//! Notes, which are parameters of Systems Manager.

use aws_sdk_ssm::types::Parameter;

use super::time;
use crate::cloud::Note;

/// A note; none when it has no name. Its name and text are kept as they are, for they are data that somebody reads,
/// never shown as they stand: a shortened record would be a broken one.
pub fn note(found: &Parameter) -> Option<Note> {
    Some(Note {
        name: found.name()?.to_owned(),
        text: found.value().unwrap_or_default().to_owned(),
        written_at: time(found.last_modified_date()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_note_is_kept_whole() {
        let text = format!("{{\"lines\":\"{}\"}}", "x\n".repeat(1_500));
        let found = Parameter::builder().name("/quarterdeck/a").value(&text).build();
        assert_eq!(note(&found).unwrap().text, text);
        assert_eq!(note(&Parameter::builder().value("x").build()), None);
    }
}
