//! A host key and its fingerprint.

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The types that a pinned key may have: what ssh servers offer today.
const TYPES: &[&str] =
    &["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"];

/// A public host key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostKey {
    kind: &'static str,
    blob: String,
}

impl HostKey {
    /// The key in a line `ssh-ed25519 AAAA… comment`. None if it is no key: the type inside the blob must be
    /// the one in front of it.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let kind = words.next()?;
        let blob = words.next()?;
        let kind = TYPES.iter().find(|known| **known == kind)?;
        let bytes = decode(blob)?;
        let length = usize::try_from(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?)).ok()?;
        let inside = bytes.get(4..4_usize.checked_add(length)?)?;
        (inside == kind.as_bytes()
            && bytes.len() > 4 + length
            && encode(&bytes) == blob.trim_end_matches('='))
        .then(|| Self { kind, blob: blob.to_owned() })
    }

    /// The Ed25519 key with this public half.
    #[must_use]
    pub fn ed25519(public: &[u8; 32]) -> Self {
        let kind = "ssh-ed25519";
        let mut bytes = Vec::with_capacity(51);
        for part in [kind.as_bytes(), public] {
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(0).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self { kind, blob: encode(&bytes) }
    }

    /// The type, `ssh-ed25519`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// As `ssh-keygen -l` shows it: `SHA256:` and 43 characters.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(decode(&self.blob).unwrap_or_default());
        format!("SHA256:{}", encode(&digest))
    }

    /// Whether this is its fingerprint, with or without its type in front.
    #[must_use]
    pub fn has_fingerprint(&self, text: &str) -> bool {
        let word = text.split_ascii_whitespace().next_back().unwrap_or("");
        word.trim_end_matches('=') == self.fingerprint()
    }

    /// Type and key, as they stand in a `known_hosts` file.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.kind, self.blob)
    }
}

/// Type and fingerprint, as people compare them.
impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.kind.trim_start_matches("ssh-").split('-').next().unwrap_or(self.kind);
        write!(f, "{} {}", short.to_ascii_uppercase(), self.fingerprint())
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({self})")
    }
}

impl Serialize for HostKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 without padding.
fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for n in 0..=chunk.len() {
            let digit = usize::try_from(word >> (18 - 6 * n) & 63).unwrap_or(0);
            out.push(char::from(ALPHABET[digit]));
        }
    }
    out
}

/// Base64 with or without padding.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let digits = text.trim_end_matches('=').as_bytes();
    for chunk in digits.chunks(4) {
        let mut word = 0_u32;
        for digit in chunk {
            let value = ALPHABET.iter().position(|known| known == digit)?;
            word = word << 6 | u32::try_from(value).ok()?;
        }
        word <<= 6 * (4 - chunk.len());
        if chunk.len() == 1 {
            return None;
        }
        out.extend_from_slice(&word.to_be_bytes()[1..chunk.len()]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with ssh-keygen for this test; the private half was thrown away.
    const LINE: &str = include_str!("testdata/ed25519.pub");
    const PRINT: &str = include_str!("testdata/ed25519.fingerprint");

    #[test]
    fn the_fingerprint_is_the_one_ssh_keygen_shows() {
        assert_eq!(HostKey::parse(LINE).unwrap().fingerprint(), PRINT.trim());
        assert_eq!(HostKey::parse(LINE).unwrap().to_string(), format!("ED25519 {}", PRINT.trim()));
    }

    #[test]
    fn a_key_made_of_its_public_half_is_the_one_that_is_read() {
        let key = HostKey::ed25519(&[7; 32]);
        assert_eq!(HostKey::parse(&key.line()), Some(key));
    }

    #[test]
    fn what_is_no_key_is_none() {
        let blob = LINE.split(' ').nth(1).unwrap();
        for line in [
            String::new(),
            "ssh-ed25519".into(),
            "ssh-ed25519 AAAA".into(),
            "ssh-ed25519 !!!!".into(),
            format!("ssh-rsa {blob}"),
            format!("ssh-made-up {blob}"),
            format!("ssh-ed25519 {}", &blob[..20]),
        ] {
            assert_eq!(HostKey::parse(&line), None, "{line:?}");
        }
    }

    #[test]
    fn base64_goes_both_ways() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", b"abcd", &[0xff; 7]] {
            assert_eq!(decode(&encode(bytes)).unwrap(), bytes);
        }
        assert_eq!(encode(b"abcd"), "YWJjZA");
    }
}
