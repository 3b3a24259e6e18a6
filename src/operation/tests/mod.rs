//! Planners, on environments as they should be and spoiled by the test.

mod app_servers;
mod branches;
mod cdn;
mod combo;
mod create_foundation;
mod create_release;
mod deploys;
mod fixture;
mod groups;
mod names;
mod new_server;
mod new_volume;
mod refusals;
mod releases;
mod room;
mod rules;
mod settings;
mod terminating;
mod upgrades;
mod upkeep;

use fixture::{World, migration, show, steps, template, the, waits_for};

use super::*;
