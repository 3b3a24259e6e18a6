//! Deploys: what they have in common, and one file for each way.

mod before;
pub(super) mod full;
pub(super) mod in_place;
mod migrations;
mod point;
pub(super) mod serial;
mod workers;

pub(super) use before::choose_release;
pub use migrations::asks_repo;
pub(super) use workers::plan as worker;
