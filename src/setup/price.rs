//! What servers cost, roughly: enough to tell a small one from a large one. Approximate on purpose; AWS's own price
//! list is the only one that counts.

/// A type and what one of it costs a month, on demand, in dollars: in a cheap and in a dear region.
const TYPES: &[(&str, u32, u32)] = &[
    ("t3.micro", 7, 12),
    ("t3.small", 15, 24),
    ("t3.medium", 30, 48),
    ("t3.large", 60, 97),
    ("t3.xlarge", 120, 195),
    ("m5.large", 70, 112),
    ("m5.xlarge", 140, 224),
    ("m5.2xlarge", 280, 447),
    ("c5.large", 62, 96),
    ("c5.xlarge", 124, 192),
    ("r5.large", 92, 147),
    ("r5.xlarge", 184, 294),
    ("r5.2xlarge", 368, 587),
];

/// Words for the price of a type: `$$ about $70–112 a month`; none where it is not known.
pub(super) fn words(kind: &str) -> Option<String> {
    let (_, low, high) = TYPES.iter().find(|(name, ..)| *name == kind)?;
    let class = match low {
        0..40 => "$",
        40..130 => "$$",
        _ => "$$$",
    };
    Some(format!("{class} about ${low}–{high} a month"))
}

/// The types that are offered for a role, the usual one first.
pub(super) fn offered(role: &str) -> &'static [&'static str] {
    match role {
        "db-primary" | "db-replica" => {
            &["m5.large", "t3.medium", "t3.large", "m5.xlarge", "r5.large", "r5.xlarge", "m5.2xlarge"]
        }
        "cache" => &["t3.medium", "t3.small", "t3.large", "r5.large"],
        "worker" => &["t3.medium", "t3.small", "t3.large", "m5.large", "c5.large", "m5.xlarge"],
        _ => &["t3.medium", "t3.small", "t3.large", "c5.large", "m5.large", "c5.xlarge"],
    }
}

/// The type that will do where nobody waits for it.
pub(super) fn small(role: &str) -> &'static str {
    if role.starts_with("db-") { "t3.medium" } else { "t3.small" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_offered_has_a_price_class() {
        for role in ["db-primary", "db-replica", "cache", "worker", "web"] {
            for kind in offered(role).iter().chain([&small(role)]) {
                assert!(words(kind).is_some(), "{kind}");
            }
        }
        assert_eq!(words("t3.small").as_deref(), Some("$ about $15–24 a month"));
        assert_eq!(words("x9.huge"), None);
    }
}
