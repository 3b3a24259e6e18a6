//! How secrets stand in the settings of a server: lines with gaps in which values are, and what was found in them.

/// What is in a gap of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gap {
    /// Something that differs between servers, such as an address. Nobody asks what.
    Any,
    /// A secret as it is.
    Plain,
    /// A secret as it stands in an address: `%40` for `@`.
    Percent,
    /// A secret whose single quotes are doubled.
    Doubled,
    /// A secret without quotes around it: a word that begins with none.
    Bare,
}

impl Gap {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Plain => "plain",
            Self::Percent => "percent",
            Self::Doubled => "doubled",
            Self::Bare => "bare",
        }
    }

    /// The secret of which this stands there; none where it is nobody's.
    #[must_use]
    pub fn value(self, text: &str) -> Option<String> {
        match self {
            Self::Any => None,
            Self::Plain | Self::Bare => Some(text.to_owned()),
            Self::Percent => unquoted(text),
            Self::Doubled => (!text.replace("''", "").contains('\'')).then(|| text.replace("''", "'")),
        }
    }
}

/// A line of settings without what is in its gaps. There is one text more than there are gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    /// What stands before, between and after the gaps.
    pub texts: Vec<String>,
    /// What is in them.
    pub gaps: Vec<Gap>,
}

/// A line of a server's settings that fits a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit<V> {
    /// Which line, counted from none.
    pub line: usize,
    /// Which pattern, by its place.
    pub pattern: usize,
    /// What is in the gaps that hold secrets, in their order; none where that can be read in more than one way.
    pub values: Option<Vec<V>>,
}

/// What a server told of the secrets in its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<V> {
    /// Whether the file is there.
    pub is_there: bool,
    /// The lines that fit.
    pub hits: Vec<Hit<V>>,
    /// What FabulAWS has kept in a file for each secret, by its name.
    pub kept: Vec<(String, V)>,
}

impl Pattern {
    /// The texts in the gaps of a line that fits; `Some(None)` where it fits in more than one way, none where it does not.
    #[must_use]
    pub fn read<'l>(&self, line: &'l str) -> Option<Option<Vec<&'l str>>> {
        let (first, rest) = self.texts.split_first()?;
        let (last, between) = rest.split_last()?;
        let inside = line.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
        let (mut early, mut left) = (Vec::new(), inside);
        for text in between {
            let (value, after) = left.split_once(text.as_str())?;
            early.push(value);
            left = after;
        }
        early.push(left);
        let (mut late, mut left) = (Vec::new(), inside);
        for text in between.iter().rev() {
            // What was found from the left is found from the right.
            let (before, value) = left.rsplit_once(text.as_str())?;
            late.push(value);
            left = before;
        }
        late.push(left);
        late.reverse();
        let is_bare = |text: &str| !text.starts_with('\'') && !text.contains(char::is_whitespace);
        let fits = |(text, gap): (&&str, &Gap)| *gap != Gap::Bare || is_bare(text);
        if !early.iter().zip(&self.gaps).all(fits) {
            return None;
        }
        Some((early == late).then_some(early))
    }
}

/// What percent signs stand for; none where one stands for nothing, or the bytes are no text.
fn unquoted(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2)?;
        rest = &rest[2..];
        let digits = std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(texts: &[&str]) -> Pattern {
        let gaps = vec![Gap::Plain; texts.len() - 1];
        Pattern { texts: texts.iter().map(|text| (*text).to_owned()).collect(), gaps }
    }

    #[test]
    fn a_line_is_read_where_that_can_be_done_in_one_way_only() {
        let read = |texts: &[&str], line: &'static str| pattern(texts).read(line);
        assert_eq!(read(&["a = '", "'"], "a = 'it's'"), Some(Some(vec!["it's"])));
        assert_eq!(read(&["a = '", "'"], "a = '"), None, "the quote is one, not two");
        assert_eq!(read(&["a = '", "'"], "b = 'x'"), None);
        assert_eq!(read(&["", ":", "@h"], "u:p@h"), Some(Some(vec!["u", "p"])));
        assert_eq!(read(&["", ":", "@h"], "u:p:q@h"), Some(None));
        assert_eq!(read(&["", "", ""], "ab"), Some(None));
    }

    #[test]
    fn quotes_that_are_doubled_are_undone_and_a_bare_word_has_none() {
        assert_eq!(Gap::Doubled.value("it''s"), Some("it's".into()));
        assert_eq!(Gap::Doubled.value("it's"), None);
        assert_eq!(Gap::Doubled.value("'''"), None);
        let bare = Pattern { texts: vec!["password=".into(), String::new()], gaps: vec![Gap::Bare] };
        assert_eq!(bare.read("password=it's"), Some(Some(vec!["it's"])));
        assert_eq!(bare.read("password='x'"), None);
        assert_eq!(bare.read("password=x y"), None);
    }

    #[test]
    fn percent_signs_are_undone_and_what_stands_for_nothing_is_no_value() {
        assert_eq!(unquoted("a%40%C3%A9/-"), Some("a@é/-".into()));
        for bad in ["%", "%4", "%+4", "%zz", "%ff", "%é"] {
            assert_eq!(unquoted(bad), None, "{bad}");
        }
    }
}
