//! Planners, on environments as they should be and spoiled by the test.

mod deploys;
mod fixture;
mod groups;
mod names;
mod refusals;
mod releases;
mod rules;
mod upgrades;

use fixture::{World, migration, show, steps, the, waits_for};

use super::*;
