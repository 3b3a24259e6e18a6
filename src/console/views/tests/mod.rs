//! Screens as people see them: snapshots of every screen, page, overlay and designed state in four sizes.

pub(crate) mod fixture;
pub(crate) mod happened;
mod hits;
mod lock_shots;
mod measured;
mod old_numbers;
mod plan_shots;
pub(crate) mod plans;
mod run_shots;
pub(crate) mod runs;
pub(crate) mod shots;
pub(crate) use shots::line;
mod sizes;
