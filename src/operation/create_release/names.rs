//! The names of a release and its image.

use super::super::code::Code;
use super::super::release::prefix;
use super::super::{Facts, Refused};

/// The longest name that an image may have.
const LONGEST: usize = 128;

/// Names with the time and the code in them: unique, and read again by everybody.
pub(in super::super) struct Names {
    pub(in super::super) image: String,
    pub(in super::super) release: String,
}

impl Names {
    pub(in super::super) fn new(facts: &Facts<'_>, code: &Code) -> Result<Self, Refused> {
        let time = facts.now.strftime("%Y.%m.%d-%H.%M.%S");
        let rest = format!("{time}_{}", code.changeset);
        let image = format!("{}_{}_web_{rest}", facts.topology.deployment, facts.place.name);
        let fits = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
        if image.chars().count() > LONGEST || !image.chars().all(fits) {
            return Err(Refused::State(format!(
                "EC2 takes no image named `{}`: a name has at most {LONGEST} letters, digits and ()[] ./-'@_. Give a \
                 shorter --changeset, or other names to deployment and environment",
                crate::fleet::text::one_line(&image)
            )));
        }
        Ok(Self { image, release: format!("{}{rest}", prefix(facts)) })
    }
}
