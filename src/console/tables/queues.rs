//! An environment's queues and caches, and who works on them.

use super::empty;
use super::pages;
use crate::console::state::State;
use crate::console::table::Table;
use crate::fleet::{EnvironmentName, Role, Topic};

/// A panel for every cache server, then one for every worker.
pub fn build(state: &State, environment: &EnvironmentName) -> Table {
    let caches = [Topic::RabbitMq, Topic::Redis, Topic::Memcached];
    let mut rows = pages::rows(state, environment, &[Role::Cache], &caches);
    rows.extend(pages::rows(state, environment, &[Role::Worker, Role::Combo], &[Topic::Celery]));
    let nothing = format!(
        "· {environment} has no cache server and no worker.\nNone is tagged cache or worker; the page of its servers \
         lists what there is."
    );
    Table {
        columns: pages::COLUMNS.to_vec(),
        rows,
        empty: empty::reading(state, &state.snapshot.servers, &nothing),
        spaced: true,
        ..Table::default()
    }
}
