//! What is found, when it is told, and what comes first.

mod causes;
mod found;
mod kit;
mod lasting;
mod machines;
pub(crate) mod runbooks;
mod speed;
