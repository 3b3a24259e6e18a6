//! The people who work on the servers: a file of public keys for each, and beside it, where there is one,
//! `<name>.gecos` with the full name.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::fleet::Person;
use crate::fleet::text::one_line;

/// No file of keys is larger, in bytes.
const LARGEST: u64 = 64 * 1024;
/// The most people.
const MOST: usize = 500;

/// Kinds of public keys that sshd takes.
const KINDS: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// Names that no person has: what would be changed is the system's.
const TAKEN: [&str; 8] = ["root", "daemon", "bin", "sys", "sync", "nobody", "postgres", "rabbitmq"];

/// Reads the people of a directory, in the order of their names.
///
/// # Errors
/// The first file that cannot be used: which, in which line, why, and what to do.
pub fn load(dir: &Path) -> Result<Vec<Person>, String> {
    let wrong = |error: std::io::Error| format!("{} cannot be read: {error}", dir.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(wrong)? {
        let name = entry.map_err(wrong)?.file_name();
        let name = name.into_string().map_err(|name| {
            format!("{}: the name “{}” is no text; give the file another one", dir.display(), name.display())
        })?;
        // What editors and version control leave is nobody.
        if !name.starts_with('.') && !name.ends_with('~') && !has_ending(&name, "gecos") {
            names.push(name);
        }
    }
    names.sort();
    if names.len() > MOST {
        return Err(format!(
            "{} holds {} files; at most {MOST} people are possible",
            dir.display(),
            names.len()
        ));
    }
    names.into_iter().map(|name| person(dir, name)).collect()
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == ending)
}

fn person(dir: &Path, user: String) -> Result<Person, String> {
    let path = dir.join(&user);
    let shown = one_line(&path.display().to_string());
    if !is_user(&user) {
        return Err(format!(
            "{shown}: a file here is named as its user is called: small letters, digits, - and _, at most 32, and no \
             user of the system. Give it another name, or move it elsewhere"
        ));
    }
    let text = read(&path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let mut keys = Vec::new();
    for (number, line) in (1_usize..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Err(why) = judge(line) {
            return Err(format!("{shown}:{number}: {why}"));
        }
        keys.push(line.to_owned());
    }
    if keys.is_empty() {
        return Err(format!("{shown} holds no key: write a public key into it, or remove the file"));
    }
    let full_name = read(&dir.join(format!("{user}.gecos"))).unwrap_or_default();
    let full_name = full_name.lines().next().unwrap_or_default().trim();
    // A colon would end the field of /etc/passwd.
    let full_name = one_line(full_name).replace([':', '\n'], " ");
    Ok(Person { user, full_name, keys })
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let length = fs::File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if length as u64 > LARGEST {
        return Err(std::io::Error::other("it is larger than 64 KB, which no file of keys is"));
    }
    Ok(text)
}

/// Whether a person's user may be called so.
#[must_use]
pub fn is_user(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    first && name.len() <= 32 && name.bytes().all(fits) && !TAKEN.contains(&name)
}

/// Looks at a line that should be a public key. Nothing of a private key is repeated.
///
/// # Errors
/// Why it is none, and what to do.
pub fn judge(line: &str) -> Result<(), &'static str> {
    if line.contains("PRIVATE KEY") || line.starts_with("PuTTY-User-Key-File") {
        return Err(
            "this is a private key: take it out of the repository at once and make another one; the public key \
                    belongs here, the file that ends with .pub",
        );
    }
    if line.chars().any(char::is_control) {
        return Err("there are control characters in this line; take them out");
    }
    let mut words = line.split_whitespace();
    // Options may stand before the kind.
    let Some(kind) = words.find(|word| KINDS.contains(word)) else {
        return Err(
            "this is no public key: a line begins with its kind, such as ssh-ed25519. Paste the whole line of the \
                    .pub file, or take it out",
        );
    };
    let body = words.next().unwrap_or_default();
    if is_of_kind(body, kind) {
        Ok(())
    } else {
        Err(
            "this key is broken off or garbled: what follows its kind does not belong to it. Paste the whole line of \
             the .pub file",
        )
    }
}

/// Whether the text, in base 64, begins with the name of the kind, and goes on after it.
fn is_of_kind(body: &str, kind: &str) -> bool {
    let Some(bytes) = decoded(body) else { return false };
    let Ok(length) = u32::try_from(kind.len()) else { return false };
    let head: Vec<u8> = length.to_be_bytes().into_iter().chain(kind.bytes()).collect();
    // An Ed25519 key, the shortest, is 32 bytes after a length of four.
    bytes.starts_with(&head) && bytes.len() >= head.len() + 36
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop";

    fn people(files: &[(&str, &str)]) -> Result<Vec<Person>, String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let told = load(dir.path());
        told.map_err(|why| why.replace(dir.path().to_str().unwrap(), "users"))
    }

    #[test]
    fn each_file_is_a_user_with_keys_and_a_full_name() {
        let options = format!("# at home\n\n{KEY}\nno-pty,command=\"a b\" {KEY}\n");
        let all = people(&[("bob", KEY), ("ana", &options), ("ana.gecos", "Ana: Maria\nx"), (".git", "?")]);
        let all = all.unwrap();
        assert_eq!(all.iter().map(|one| one.user.as_str()).collect::<Vec<_>>(), ["ana", "bob"]);
        assert_eq!((all[0].full_name.as_str(), all[0].keys.len()), ("Ana  Maria", 2));
        assert_eq!((all[1].full_name.as_str(), all[1].keys.clone()), ("", vec![KEY.to_owned()]));
    }

    #[test]
    fn garbage_and_private_keys_are_refused_with_file_and_line_and_nothing_of_them_is_told() {
        let private = "# mine\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n";
        let broken = &KEY[..40];
        for (text, place, why) in [
            (private, "users/ana:2:", "private key"),
            ("hello\n", "users/ana:1:", "no public key"),
            (broken, "users/ana:1:", "garbled"),
            (
                "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
                "users/ana:1:",
                "garbled",
            ),
            ("\n# nothing\n", "users/ana ", "holds no key"),
        ] {
            let told = people(&[("ana", text)]).unwrap_err();
            assert!(told.starts_with(place) && told.contains(why), "{told}");
            assert!(!told.contains("b3BlbnNz") && !told.contains("hello"), "{told}");
        }
        let named = |name: &'static str| people(&[(name, KEY)]).unwrap_err();
        for name in ["root", "Ana", "id_rsa.pub", "a b", "-a"] {
            assert!(named(name).contains("named as its user"), "{name}");
        }
    }
}
