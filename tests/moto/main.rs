//! The real program against a cloud that others wrote: moto, behind a front that counts requests and injects faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bad_input;
mod certificates;
mod change;
#[cfg(unix)]
mod console;
mod cost;
mod deploying;
mod doctor;
mod founding;
mod inventory;
mod kit;
mod library;
mod locks;
mod operations;
mod room;
#[cfg(unix)]
#[path = "../support/terminal.rs"]
mod terminal;
