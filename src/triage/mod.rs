//! What is wrong in an environment, why, and what is safe to do about it. Pure: the same facts and the same memory
//! give the same findings.
//!
//! Rules (a table, [`table::RULES`]) look at the newest snapshot and give symptoms. A symptom becomes a finding once it
//! has lasted as long as its rule says, and stays one until it has been away as long ([`Memory`]). Findings that follow
//! from another one fold under it ([`causes`]), and each has a runbook: the safest action first ([`runbook`]).

pub mod causes;
mod examine;
pub mod finding;
pub mod kind;
pub mod memory;
mod patient;
mod rules;
pub mod runbook;
pub mod table;

#[cfg(test)]
pub(crate) mod tests;

pub use examine::{Triage, examine, look};
pub use finding::{Evidence, Finding, Key};
pub use kind::Kind;
pub use memory::{Acknowledged, Entry, Level, Memory, Noted};
pub use patient::Patient;
pub use runbook::{Remedy, Step};
