//! An environment's databases: the primary, its replicas, and what each says of the other.

use super::empty;
use super::pages;
use crate::console::state::State;
use crate::console::table::Table;
use crate::fleet::{EnvironmentName, Role, Topic};

/// A panel for every database server.
pub fn build(state: &State, environment: &EnvironmentName) -> Table {
    let roles = [Role::DbPrimary, Role::Combo, Role::DbReplica];
    let rows = pages::rows(state, environment, &roles, &[Topic::Postgres]);
    let nothing = format!(
        "· {environment} has no database server.\nNone is tagged db-primary or db-replica; the page of its servers \
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
