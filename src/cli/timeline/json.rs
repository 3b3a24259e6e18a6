//! What `timeline --json` prints: a shape of its own, versioned, described in `docs/timeline-json.md`.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::whereabouts::Whereabouts;
use crate::timeline::{Entry, Timeline};

/// The shape's version.
const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    whereabouts: Whereabouts,
    since: Timestamp,
    until: Timestamp,
    recorded_since: Option<Timestamp>,
    gaps: Vec<Gap>,
    entries: &'a [Entry],
}

#[derive(Debug, Serialize)]
struct Gap {
    from: Timestamp,
    to: Timestamp,
}

/// The document.
pub(super) fn document(whereabouts: Whereabouts, timeline: &Timeline) -> Document<'_> {
    Document {
        version: VERSION,
        whereabouts,
        since: timeline.since,
        until: timeline.until,
        recorded_since: timeline.recorded,
        gaps: timeline.gaps().map(|(from, to)| Gap { from, to }).collect(),
        entries: &timeline.entries,
    }
}
