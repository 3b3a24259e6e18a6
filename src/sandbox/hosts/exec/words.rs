//! A command line taken apart, as far as simulated servers understand one.

/// When a command runs, after the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    /// After `;`, or first.
    Always,
    /// After `&&`.
    Success,
    /// After `||`.
    Failure,
}

/// One command of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) joint: Joint,
    pub(super) words: Vec<String>,
}

/// The commands of a line; a complaint for what a simulated server does not understand.
pub(super) fn split(line: &str) -> Result<Vec<Part>, String> {
    let mut parts = vec![Part { joint: Joint::Always, words: Vec::new() }];
    let mut word: Option<String> = None;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        Some(end) if end == c => break,
                        Some('\\') if c == '"' => word.extend(characters.next()),
                        Some(other) => word.push(other),
                        None => return Err("Syntax error: Unterminated quoted string".to_owned()),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(characters.next().filter(|c| *c != '\n')),
            ';' | '\n' | '&' | '|' => {
                end(&mut parts, &mut word);
                let twice = characters.next_if_eq(&c).is_some();
                let joint = match (c, twice) {
                    (';' | '\n', _) => Joint::Always,
                    ('&', true) => Joint::Success,
                    ('|', true) => Joint::Failure,
                    _ => return Err(format!("`{c}` is more than it understands")),
                };
                parts.push(Part { joint, words: Vec::new() });
            }
            '>' if word.as_deref() == Some("2") && characters.clone().take(2).eq(['&', '1']) => {
                word = None;
                characters.by_ref().take(2).for_each(drop);
            }
            '>' | '<' | '`' | '(' | ')' | '$' | '*' => {
                return Err(format!("`{c}` is more than it understands"));
            }
            '#' if word.is_none() => break,
            c if c.is_whitespace() => end(&mut parts, &mut word),
            c => word.get_or_insert_default().push(c),
        }
    }
    end(&mut parts, &mut word);
    parts.retain(|part| !part.words.is_empty());
    Ok(parts)
}

fn end(parts: &mut [Part], word: &mut Option<String>) {
    if let (Some(part), Some(word)) = (parts.last_mut(), word.take()) {
        part.words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<(Joint, String)> {
        split(line).unwrap().into_iter().map(|part| (part.joint, part.words.join("|"))).collect()
    }

    #[test]
    fn words_quotes_and_joints_are_a_shells() {
        assert_eq!(words(r#"echo 'a  b' "c\"d" e\ f"#), [(Joint::Always, "echo|a  b|c\"d|e f".to_owned())]);
        assert_eq!(
            words("true && echo a||false;date 2>&1 # why"),
            [
                (Joint::Always, "true".to_owned()),
                (Joint::Success, "echo|a".to_owned()),
                (Joint::Failure, "false".to_owned()),
                (Joint::Always, "date".to_owned()),
            ]
        );
        assert_eq!(words(" "), []);
    }

    #[test]
    fn what_is_not_understood_is_said_and_not_guessed() {
        for line in ["ls | wc", "a &", "echo $HOME", "cat < x", "echo 'a", "echo `date`", "a > b"] {
            assert!(split(line).is_err(), "{line}");
        }
    }
}
