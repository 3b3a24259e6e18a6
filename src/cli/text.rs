//! Small texts that several commands print.

use std::io::Write;

use serde::Serialize;

use super::exit::Stop;
use crate::config::nearest;
use crate::fleet::text::one_line;

/// That a name is not known, the nearest right one, and all of them.
pub(crate) fn no_such(what: &str, name: &str, known: &[&str]) -> String {
    let name = one_line(name);
    let near = nearest(&name, known.iter().copied());
    let hint = near.map_or_else(String::new, |near| format!(" Did you mean “{near}”?"));
    let all = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    format!("There is no {what} “{name}”.{hint} Known: {all}.")
}

/// One JSON document with a line feed at its end.
pub(crate) fn write_json(out: &mut dyn Write, document: &impl Serialize) -> Result<(), Stop> {
    serde_json::to_writer_pretty(&mut *out, document).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_gives_the_nearest_right_one_and_all_of_them() {
        let text = no_such("environment", "prodution", &["testing", "production"]);
        assert_eq!(
            text,
            "There is no environment “prodution”. Did you mean “production”? Known: testing, production."
        );
        assert!(no_such("environment", "x\u{1b}[2J", &[]).contains("x·[2J"));
    }
}
