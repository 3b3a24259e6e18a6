//! Names of regions: their shape, and which one was probably meant.

use crate::fleet::region::KNOWN;

/// What is wrong with the shape of this name, or nothing: `us-east-1` is right, `us-east-1a` is a zone.
/// Only the shape is judged, for the name becomes part of a host name.
pub fn complaint(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('-').collect();
    let words = |parts: &[&str]| {
        parts.len() >= 2 && parts.iter().all(|p| !p.is_empty() && p.chars().all(|c| c.is_ascii_lowercase()))
    };
    let (last, rest) = parts.split_last()?;
    let digits = last.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let numbered = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    if words(rest) && numbered && digits == *last {
        return None;
    }
    if words(rest) && numbered {
        let region = name.trim_end_matches(|c: char| c.is_ascii_lowercase());
        return Some(format!("it is an availability zone; its region is {region}"));
    }
    Some(nearest(name).map_or_else(
        || "a region looks like us-east-1".to_owned(),
        |near| format!("a region looks like us-east-1; did you mean {near}?"),
    ))
}

/// The known region whose name is nearest, if this is none itself and one is near.
pub fn nearest(name: &str) -> Option<&'static str> {
    if KNOWN.contains(&name) {
        return None;
    }
    let lower = name.to_ascii_lowercase().replace(['_', ' '], "-");
    KNOWN
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&lower, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_region_has_the_shape_of_one() {
        for name in KNOWN {
            assert_eq!(complaint(name), None, "{name}");
            assert_eq!(nearest(name), None, "{name}");
        }
        assert_eq!(complaint("ap-southwest-9"), None);
    }

    #[test]
    fn a_zone_given_as_a_region_is_told_so() {
        assert_eq!(
            complaint("us-east-1a").as_deref(),
            Some("it is an availability zone; its region is us-east-1")
        );
    }

    #[test]
    fn what_can_be_no_host_name_is_refused_with_the_nearest_region() {
        assert!(complaint("US-East-1").unwrap().contains("did you mean us-east-1?"));
        assert!(complaint("eu_west_1").unwrap().contains("did you mean eu-west-1?"));
        for name in ["", "-", "x", "us-east-", "us--1", "evil.example.com/#", "us-east-1\n", "é-é-1"] {
            assert!(complaint(name).is_some(), "{name:?}");
        }
    }

    #[test]
    fn a_misspelt_region_names_the_nearest_one() {
        assert_eq!(nearest("us-est-1"), Some("us-east-1"));
        assert_eq!(nearest("somewhere-else-entirely-7"), None);
    }
}
