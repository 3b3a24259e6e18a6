//! Deploys: what they have in common, and one file for each way.

mod before;
mod cdn;
pub(super) mod full;
pub(super) mod in_place;
mod migrations;
mod new_relic;
mod point;
pub(super) mod serial;
mod workers;

pub(super) use before::newer_than;
pub(super) use migrations::schema_of;
pub(super) use point::pin;
pub(super) use workers::plan as worker;
