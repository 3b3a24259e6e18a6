//! Secrets that are made: long, and only of characters that every service and every shell takes.

use super::Secret;

/// How many characters a secret has that is made: 40 of 62 kinds are 238 bits.
pub const LENGTH: usize = 40;

/// A secret of random bytes; none while there are too few. Bytes that would make some characters likelier than others
/// are left out.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> Option<Secret> {
    const CHARACTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let most = 256 / CHARACTERS.len() * CHARACTERS.len();
    let even = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < most);
    let text: String =
        even.map(|byte| char::from(CHARACTERS[byte % CHARACTERS.len()])).take(LENGTH).collect();
    (text.len() == LENGTH).then(|| Secret::new(text))
}

/// A secret of the system's random source.
///
/// # Errors
/// When that gives none.
pub fn made() -> Result<Secret, String> {
    let mut bytes = [0; LENGTH * 4];
    loop {
        getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random bytes: {error}"))?;
        if let Some(secret) = of_bytes(&bytes) {
            return Ok(secret);
        }
    }
}
