//! What stands in a segment, one record a line. The shapes have a version; short names, for there are many lines.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::number::Number;
use super::thing::{State, Thing};
use crate::fleet::InstanceId;

/// The version of these shapes. Fields may be added without a new one.
pub(super) const VERSION: u32 = 1;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "l", rename_all = "kebab-case")]
pub enum Line {
    /// The first line.
    Head {
        /// The version of the shapes.
        version: u32,
        /// When the segment began.
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        at: Timestamp,
        /// Seconds of the cloud's clock per second of ours.
        pace: f64,
    },
    /// The servers that later lines name by their place.
    Ids {
        /// In order.
        ids: Vec<InstanceId>,
    },
    /// How it stands: of everything, or of what is seen for the first time.
    Is {
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        at: Timestamp,
        /// Whether it is everything, in the place of what was known.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        whole: bool,
        /// Things in one state, together.
        of: Vec<Alike>,
    },
    /// Something has turned.
    Turned {
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        at: Timestamp,
        /// It may have turned any time since then: nobody looked.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "jiff::fmt::serde::timestamp::second::optional"
        )]
        after: Option<Timestamp>,
        /// What.
        #[serde(flatten)]
        thing: Thing,
        /// The state before; none when it was not there.
        #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
        from: Option<State>,
        /// The state now; none when it is gone.
        #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
        to: Option<State>,
        /// What speaks for it.
        #[serde(rename = "e", default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<String>,
    },
    /// Somebody looked; numbers as they were.
    Looked {
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        at: Timestamp,
        /// Those that were known.
        #[serde(rename = "v", default, skip_serializing_if = "BTreeMap::is_empty")]
        values: BTreeMap<Number, f64>,
    },
    /// Numbers that CloudWatch keeps, of the minute that begins then. A later line for the same minute counts.
    Points {
        /// The minute.
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        at: Timestamp,
        /// Those that were known.
        #[serde(rename = "v")]
        values: BTreeMap<Number, f64>,
    },
    /// Numbers of every server, in the order of the last `ids`.
    Servers {
        /// When.
        #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
        at: Timestamp,
        /// Load in hundredths, memory, disk and the role's own number, by spaces; servers by commas.
        #[serde(rename = "v")]
        values: String,
    },
    /// A scaling activity, as far as it was known then. A later line of the same id counts.
    Activity(Box<Told>),
    /// Something that a later version wrote.
    #[serde(other)]
    Other,
}

impl Line {
    /// Of which moment it is, where it is of one.
    #[must_use]
    pub const fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Head { at, .. }
            | Self::Is { at, .. }
            | Self::Turned { at, .. }
            | Self::Looked { at, .. }
            | Self::Points { at, .. }
            | Self::Servers { at, .. } => Some(*at),
            Self::Ids { .. } | Self::Activity(_) | Self::Other => None,
        }
    }
}

/// Things of one kind and name in one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alike {
    /// The thing; its server is told by place.
    #[serde(flatten)]
    pub(super) thing: Thing,
    /// The state.
    #[serde(flatten)]
    pub(super) state: State,
    /// The servers, by their place; nothing where it is no server's.
    #[serde(rename = "on", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) servers: Vec<u32>,
}

/// A scaling activity, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// AWS's id.
    pub(super) id: String,
    /// When it began.
    pub(super) began: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Timestamp>,
    /// What.
    pub(super) what: String,
    /// Why, in AWS's words.
    pub(super) why: String,
    /// How it went, in AWS's word.
    pub(super) status: String,
    /// What AWS says of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}
