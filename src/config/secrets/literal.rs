//! Plain assignments as Python writes them: `name = 'text'`. They are read, never executed.

use std::ops::Range;

/// An assignment, or why a line is none, with its place.
pub(super) type Statement = Result<(String, String), Fault>;

/// An assignment, and where it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assigned {
    pub(super) name: String,
    /// From its line's beginning to its end, the comment behind it included.
    pub(super) whole: Range<usize>,
    /// The value as it is written.
    pub(super) value: Range<usize>,
}

/// Something that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) what: String,
}

/// Reads every statement. What is no plain assignment is a fault, and the rest is read on from the next line.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut cursor = Cursor { rest: text, line: 1, column: 1 };
    let mut all = Vec::new();
    loop {
        cursor.skip_empty();
        if cursor.rest.is_empty() {
            return all;
        }
        match cursor.statement() {
            Ok(Some(found)) => all.push(Ok(found)),
            Ok(None) => {}
            Err(fault) => {
                all.push(Err(fault));
                cursor.skip_line();
            }
        }
    }
}

/// The assignments of a text that begins with no byte order mark, in their order.
pub(super) fn assigned(text: &str) -> Vec<Assigned> {
    let mut cursor = Cursor { rest: text, line: 1, column: 1 };
    let mut all = Vec::new();
    loop {
        cursor.skip_empty();
        if cursor.rest.is_empty() {
            return all;
        }
        let begins = text.len() - cursor.rest.len();
        match cursor.assignment(text.len()) {
            Ok(Some((name, _, value))) => {
                let ends = text.len() - cursor.rest.len();
                let blank = text[value.clone()].len() - text[value.clone()].trim_end().len();
                let value = value.start..value.end - blank;
                all.push(Assigned { name, whole: begins..ends, value });
            }
            Ok(None) => {}
            Err(_) => cursor.skip_line(),
        }
    }
}

/// A value as a literal that is read as it: one line, in quotes.
pub(super) fn written(value: &str) -> String {
    let mut out = String::from("'");
    for c in value.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out + "'"
}

struct Cursor<'t> {
    rest: &'t str,
    line: usize,
    column: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn eat(&mut self, word: &str) -> bool {
        let is = self.rest.starts_with(word);
        if is {
            word.chars().for_each(|_| {
                self.next();
            });
        }
        is
    }

    fn fault<T>(&self, what: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { line: self.line, column: self.column, what: what.into() })
    }

    fn skip_blanks(&mut self) {
        while self.eat("\\\n") || self.eat("\\\r\n") || matches!(self.peek(), Some(' ' | '\t' | '\r')) {
            if matches!(self.peek(), Some(' ' | '\t' | '\r')) {
                self.next();
            }
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|c| c != '\n') {
            self.next();
        }
    }

    /// Blank lines and comments.
    fn skip_empty(&mut self) {
        loop {
            match self.peek() {
                Some('#') => self.skip_line(),
                Some(c) if c.is_whitespace() => {
                    self.next();
                }
                _ => return,
            }
        }
    }

    /// One statement; nothing for a text that is only said.
    fn statement(&mut self) -> Result<Option<(String, String)>, Fault> {
        Ok(self.assignment(self.rest.len())?.map(|(name, value, _)| (name, value)))
    }

    /// The same with the place of the value in a text of this length.
    fn assignment(&mut self, length: usize) -> Result<Option<(String, String, Range<usize>)>, Fault> {
        if self.column > 1 {
            return self.fault("an assignment begins at the line's beginning");
        }
        if self.at_text() {
            self.value()?;
            self.ends()?;
            return Ok(None);
        }
        let name = self.word();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return self.fault("this is no assignment; only lines such as `name = 'text'` are read");
        }
        self.skip_blanks();
        if self.rest.starts_with("==") || !self.eat("=") {
            return self.fault(format!(
                "`{name}` begins no plain assignment: only lines such as `name = 'text'` are read, nothing is executed"
            ));
        }
        self.skip_blanks();
        let begins = length - self.rest.len();
        let value = self.value()?;
        let place = begins..length - self.rest.len();
        self.ends()?;
        Ok(Some((name, value, place)))
    }

    fn ends(&mut self) -> Result<(), Fault> {
        self.skip_blanks();
        match self.peek() {
            None | Some('\n') => Ok(()),
            Some('#') => {
                self.skip_line();
                Ok(())
            }
            Some(_) => self.fault("only a plain text, number, True, False or None can be read as a value"),
        }
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || *c == '_') {
            word.push(c);
            self.next();
        }
        word
    }

    /// Whether a text begins here, with its prefix if it has one.
    fn at_text(&self) -> bool {
        let letters = self.rest.chars().take_while(|c| "rRuUbBfF".contains(*c)).count();
        letters <= 2 && self.rest[letters..].starts_with(['\'', '"'])
    }

    fn value(&mut self) -> Result<String, Fault> {
        if self.eat("(") {
            self.skip_empty();
            let inner = self.texts(true)?;
            if !self.eat(")") {
                return self.fault("a `)` is missing, or there is more than one text in the brackets");
            }
            return Ok(inner);
        }
        if self.at_text() {
            return self.texts(false);
        }
        let sign = if self.eat("-") { "-" } else { "" };
        let mut word = self.word();
        if word.starts_with(|c: char| c.is_ascii_digit()) && self.eat(".") {
            word = format!("{word}.{}", self.word());
        }
        let number = word.starts_with(|c: char| c.is_ascii_digit());
        match word.as_str() {
            "None" if sign.is_empty() => Ok(String::new()),
            "True" | "False" if sign.is_empty() => Ok(word),
            _ if number => Ok(format!("{sign}{word}")),
            _ => self.fault("the value is no plain text, number, True, False or None: it is not read, and nothing is executed"),
        }
    }

    /// Texts that stand side by side are one.
    fn texts(&mut self, in_brackets: bool) -> Result<String, Fault> {
        let mut all = String::new();
        while self.at_text() {
            all.push_str(&self.text()?);
            if in_brackets { self.skip_empty() } else { self.skip_blanks() }
        }
        Ok(all)
    }

    fn text(&mut self) -> Result<String, Fault> {
        let mut raw = false;
        while let Some(c) = self.peek().filter(char::is_ascii_alphabetic) {
            if matches!(c, 'f' | 'F') {
                return self.fault("a text with f before it is computed: it is not read");
            }
            raw |= matches!(c, 'r' | 'R');
            self.next();
        }
        let Some(quote @ ('\'' | '"')) = self.next() else { return self.fault("a text was to begin here") };
        let mut end = quote.to_string();
        let twice = format!("{quote}{quote}");
        let long = self.rest.starts_with(&twice);
        if long {
            self.eat(&twice);
            end.push_str(&twice);
        }
        let mut out = String::new();
        loop {
            if self.eat(&end) {
                return Ok(out);
            }
            if !long && self.peek() == Some('\n') {
                return self.fault("the text has no end on its line");
            }
            match self.next() {
                None => return self.fault("the text has no end"),
                Some('\r') if self.peek() == Some('\n') => {}
                Some('\\') if raw => {
                    out.push('\\');
                    out.extend(self.next());
                }
                Some('\\') => self.escape(&mut out)?,
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Fault> {
        let Some(c) = self.next() else { return self.fault("the text has no end") };
        let known = match c {
            '\n' => return Ok(()),
            '\\' | '\'' | '"' => c,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => self.code(2, 16)?,
            'u' => self.code(4, 16)?,
            'U' => self.code(8, 16)?,
            'N' => return self.fault("a character by its name is not read: write it as it is"),
            '0'..='7' => {
                let more = self.rest.chars().take(2).take_while(|c| ('0'..='7').contains(c)).count();
                let digits: String = std::iter::once(c).chain(self.rest.chars().take(more)).collect();
                (0..more).for_each(|_| {
                    self.next();
                });
                let code = u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32);
                code.unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            // What is no escape stays as it is written.
            other => {
                out.push('\\');
                other
            }
        };
        out.push(known);
        Ok(())
    }

    fn code(&mut self, digits: usize, radix: u32) -> Result<char, Fault> {
        let text: String = self.rest.chars().take(digits).collect();
        let code = u32::from_str_radix(&text, radix).ok().and_then(char::from_u32);
        let Some(code) = code.filter(|_| text.chars().count() == digits) else {
            return self.fault("this is no character's number");
        };
        (0..digits).for_each(|_| {
            self.next();
        });
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        statements(text).into_iter().map(|found| found.unwrap_or_else(|fault| panic!("{fault:?}"))).collect()
    }

    fn value(text: &str) -> String {
        read(&format!("x = {text}\n")).remove(0).1
    }

    #[test]
    fn plain_assignments_are_read_as_python_would() {
        let text = "# -*- coding: utf-8 -*-\n\"\"\"Secrets.\n\nnone = 'here'\"\"\"\nimport_key = 'a'  # why\nb=\"it's\"\n\
                    long = '''one\ntwo'''\n\nboth = ('one '\n        # of two\n        'two')\nn = 5432\nf = -1.5\nno = None\nyes = True\n";
        let names = [
            ("import_key", "a"),
            ("b", "it's"),
            ("long", "one\ntwo"),
            ("both", "one two"),
            ("n", "5432"),
            ("f", "-1.5"),
            ("no", ""),
            ("yes", "True"),
        ];
        assert_eq!(read(text), names.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn escapes_are_understood_or_left_as_they_are() {
        assert_eq!(value(r#"'a\'b"\x41\u00e4\101\n\q\\'"#), "a'b\"AäA\n\\q\\");
        assert_eq!(value(r"r'\n\''"), r"\n\'");
        assert_eq!(value(r#"u"ä" b'c' "#), "äc");
        assert_eq!(value("'one' \\\n 'two'"), "onetwo");
    }

    #[test]
    fn what_would_have_to_be_executed_is_a_fault_and_the_rest_is_read() {
        let text = "import os\na = os.environ['A']\nb = 'x' + 'y'\nif True:\n    c = 'd'\ng = f'{a}'\nh = 'open\ni = 'read'\n";
        let all = statements(text);
        let good: Vec<_> = all.iter().filter_map(|one| one.as_ref().ok()).collect();
        assert_eq!(good, [&("i".to_owned(), "read".to_owned())]);
        let lines: Vec<_> = all.iter().filter_map(|one| one.as_ref().err()).map(|fault| fault.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7]);
    }

    proptest! {
        #[test]
        fn any_value_comes_back_as_it_was_written(value in any::<String>()) {
            prop_assert_eq!(read(&format!("secret = {}\n", written(&value))), [("secret".to_owned(), value)]);
        }

        #[test]
        fn nothing_makes_it_panic_or_hang(text in any::<String>(), python in "[a-z='\"()\\\\\n #rf0-9]{0,60}") {
            statements(&text);
            statements(&python);
        }
    }
}
