//! Logs of servers: which there are on a server of a role and where, what time and level their lines have, and
//! lines of many logs as one, in the order of time. Pure.

mod filter;
mod id;
mod level;
mod merge;
mod places;
mod scan;
mod stamp;
mod table;
#[cfg(test)]
mod tests;

pub use filter::Filter;
pub use id::LogId;
pub use level::Level;
pub use merge::Merge;
pub use places::{Places, Said};
pub use stamp::{Context, Stamp, stamp};
pub use table::{Log, logs_of};
