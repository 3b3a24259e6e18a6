//! Deploys: what they have in common, and one file for each way.

mod before;
mod cdn;
pub(super) mod full;
pub(super) mod in_place;
mod migrations;
mod new_relic;
mod point;
pub(super) mod serial;
pub(super) mod workers;

pub(super) use before::{Ahead, ahead, newer_than, other_secrets};
pub(super) use in_place::take_out;
pub(super) use migrations::schema_of;
pub(super) use point::{make_room, pin};
pub(super) use workers::{can_be_asked, keeper_of_beat, plan as worker, runs_beat};
