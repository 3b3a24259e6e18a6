//! What servers print, as panes: lines kept within bounds, and views of them. Pure: lines come in as batches,
//! and nothing here waits, reads a file or looks at a clock.

mod groups;
mod host_state;
mod logs;
mod looks;
mod pane;
mod rows;
mod run;
mod scrollback;
mod shelf;
mod sieve;
mod whole;

#[cfg(test)]
mod tests;

pub use groups::{Likeness, likeness};
pub use host_state::HostState;
pub use logs::{FollowWish, Following, Logs, Origin};
pub use looks::Looks;
pub use pane::{Anchor, Pane, Room, Shown, Step};
pub use rows::{rows_of, segments};
pub use run::{Arrangement, Counts, ExecWish, Member, Run, Ticket};
pub use scrollback::{Bounds, Entry, Scrollback};
pub use shelf::Shelf;
pub use sieve::{Sieve, Test, find};
pub use whole::{CLIPBOARD, Kept, Whole};
