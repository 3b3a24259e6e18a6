//! Checks that several questions share: what is known of an answer without looking anywhere.

use super::event::Found;
use super::question::Verdict;
use crate::fleet::words::nearest;

/// Whether it can be a Python package.
pub(super) fn identifier(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether it can be the name of an environment: a part of names in AWS and of paths.
pub(super) fn plain_name(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    first
        && text.len() <= 20
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// A path below the project's directory.
pub(super) fn path(text: &str) -> Verdict {
    if text.starts_with(['/', '~']) || text.split('/').any(|part| part == "..") {
        Verdict::Bad("a path from the top of the repository is wanted, such as requirements.txt".into())
    } else {
        Verdict::fine()
    }
}

/// One of several.
pub(super) fn among(text: &str, known: &[&str]) -> Verdict {
    if known.contains(&text) {
        return Verdict::fine();
    }
    let near = nearest(text, known.iter().copied());
    let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Verdict::Bad(format!("it is one of {}{near}", known.join(", ")))
}

/// A domain without scheme, port and path.
pub(super) fn domain(text: &str) -> Result<(), String> {
    let labels: Vec<&str> = text.trim_start_matches('.').split('.').collect();
    let label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if labels.len() >= 2 && text.len() <= 253 && labels.iter().all(label) {
        Ok(())
    } else {
        Err(format!("`{text}` is no domain: write it as www.example.com, without scheme, port and path"))
    }
}

/// What the file of a module makes of `module:name`.
pub(super) fn module(answer: &str, found: &Found, here: bool) -> Verdict {
    let (module, name) = answer.split_once(':').unwrap_or((answer, ""));
    let file = format!("{}.py", module.replace('.', "/"));
    match found {
        Found::Text(Ok(Some(text))) if defines(text, name) => Verdict::Good(format!("{file} defines {name}")),
        Found::Text(Ok(Some(_))) => Verdict::Doubt(format!(
            "{file} is here, but assigns no `{name}`: Gunicorn would not find it. enter once more keeps it"
        )),
        Found::Text(Ok(None)) if here => Verdict::Doubt(format!(
            "there is no {file} here: Gunicorn would not find it. enter once more keeps it"
        )),
        Found::Text(Err(why)) => Verdict::Unsure(format!("not known whether {file} defines it: {why}")),
        _ => Verdict::Unsure(format!("not known whether {file} is there: the code is not in this directory")),
    }
}

/// Whether a Python text gives this name a value at its outermost level.
fn defines(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let assigned = line.strip_prefix(name).is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.starts_with('=') && !rest.starts_with("==") || rest.starts_with(':')
        });
        let defined = ["def ", "class "].iter().any(|word| {
            line.strip_prefix(word)
                .and_then(|rest| rest.strip_prefix(name))
                .is_some_and(|rest| rest.starts_with(['(', ':']))
        });
        let imported = (line.starts_with("from ") || line.starts_with("import "))
            && line.split([' ', ',']).any(|word| word == name);
        assigned || defined || imported
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_python_would_find_it() {
        for (text, is) in [
            ("application = get_wsgi_application()\n", true),
            ("application: object = x\n", true),
            ("def application(environ, start):\n", true),
            ("from shop.app import application\n", true),
            ("    application = 1\n", false),
            ("applications = 1\n", false),
            ("# application = 1\n", false),
            ("if application == 1: pass\n", false),
        ] {
            assert_eq!(defines(text, "application"), is, "{text}");
        }
    }

    #[test]
    fn domains_and_names_are_told_from_what_is_none() {
        for good in ["www.example.com", ".example.com", "a-b.co"] {
            assert_eq!(domain(good), Ok(()), "{good}");
        }
        for bad in ["localhost", "http://a.b", "a.b/c", "a.b:80", "a..b", "-a.b", "*.a.b", ""] {
            assert!(domain(bad).is_err(), "{bad}");
        }
        assert!(identifier("shop_2") && !identifier("2shop") && !identifier("my-shop") && !identifier(""));
        assert!(plain_name("staging-2") && !plain_name("Staging") && !plain_name("a_b") && !plain_name(""));
    }
}
