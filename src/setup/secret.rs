//! Secrets that are made: long, and only of characters that every service and every shell takes.

pub use crate::config::secrets::{LENGTH, of_bytes};

/// Secrets that nothing works without.
pub(super) const ALWAYS: [&str; 3] = ["database_password", "broker_password", "secret_key"];

/// Whether a secret of this name is nobody's but ours, so that any value will do.
#[must_use]
pub(super) fn is_ours(name: &str) -> bool {
    ALWAYS.contains(&name) || matches!(name, "luks_passphrase" | "cache_password" | "redis_password")
}

/// Why a value cannot be this secret. Nothing of it is repeated.
///
/// # Errors
/// Why not, and what to do.
pub fn fits(name: &str, value: &str) -> Result<(), &'static str> {
    if value.chars().any(char::is_control) {
        return Err("has control characters: paste it without them");
    }
    if value.chars().count() > 500 {
        return Err("is longer than 500 characters, which no secret of a service is");
    }
    let strict = matches!(name, "database_password" | "broker_password");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~+".contains(c);
    if strict && !value.chars().all(plain) {
        return Err("has characters that not every service takes: letters, digits and - _ . ~ + are safe");
    }
    if is_ours(name) && value.chars().count() < 12 {
        return Err("is shorter than 12 characters: whoever reaches the service would guess it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_and_of_characters_that_everybody_takes() {
        let bytes: Vec<u8> = (0..=255).collect();
        let secret = of_bytes(&bytes).unwrap();
        assert_eq!(secret.expose().len(), LENGTH);
        assert!(secret.expose().chars().all(|c| c.is_ascii_alphanumeric()));
        assert_eq!(fits("database_password", secret.expose()), Ok(()));
        // 248 and above would make the first eight letters likelier.
        assert!(of_bytes(&[255; 200]).is_none() && of_bytes(&bytes[..LENGTH - 1]).is_none());
    }

    #[test]
    fn what_a_service_would_not_take_is_refused_without_repeating_it() {
        for (name, value) in [
            ("database_password", "hunter22'hunter22"),
            ("broker_password", "hunter22@hunter22"),
            ("secret_key", "hunter22"),
            ("smtp_password", "hunter22\nx"),
        ] {
            let why = fits(name, value).unwrap_err();
            assert!(!why.contains("hunter22"), "{why}");
        }
        assert_eq!(fits("smtp_password", "a b'c"), Ok(()));
    }
}
