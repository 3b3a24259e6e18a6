//! Quarterdeck: a full-screen terminal operations console for the classic web stack on AWS.
//!
//! `ARCHITECTURE.md` has the picture and the directions; `tests/architecture.rs` proves them.

pub mod cli;
pub mod cloud;
pub mod config;
pub mod console;
pub mod doctor;
pub mod drill;
pub mod engine;
pub mod fleet;
pub mod history;
pub mod logs;
pub mod operation;
pub mod plan;
pub mod probe;
pub mod recipe;
pub mod refresh;
pub mod remote;
pub mod repo;
pub mod sandbox;
pub mod setup;
pub mod template;
pub mod timeline;
pub mod triage;
