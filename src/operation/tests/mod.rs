//! Planners, on environments as they should be and spoiled by the test.

mod app_servers;
mod branches;
mod cdn;
mod certificates;
mod combo;
mod copies;
mod create_foundation;
mod create_release;
mod deploys;
mod fixture;
mod groups;
mod names;
mod new_server;
mod new_volume;
mod promote;
mod push_secrets;
mod reboot;
mod recreate_environment;
mod refusals;
mod releases;
mod replace_cache;
mod replicas;
mod restart_celery;
mod room;
mod rotate_secret;
mod rules;
mod settings;
mod terminating;
mod unlock;
mod upgrades;
mod upkeep;

use fixture::{World, migration, show, steps, template, the, waits_for};

use super::*;
