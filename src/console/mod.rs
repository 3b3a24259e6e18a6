//! The full-screen console: state, a pure `reduce(state, event) -> effects`, and views that draw state.
//!
//! Nothing in a view or a reducer waits. Only `runtime` and `terminal` touch the world.

pub mod action;
pub mod age;
pub mod arrange;
pub mod chord;
pub mod chronicle;
mod clock;
pub mod command;
pub mod dialogs;
pub mod event;
pub mod findings;
pub mod help;
pub mod keymap;
pub mod layout;
mod limits;
pub mod line;
pub mod links;
pub mod matching;
pub mod palette;
pub mod panes;
pub mod past;
pub mod reduce;
mod rest;
pub mod runtime;
pub mod screen;
pub mod setup;
pub mod state;
pub mod svg;
pub mod table;
pub mod tables;
pub mod terminal;
pub mod theme;
pub mod trail;
pub mod views;
mod ways;
pub mod widgets;
pub mod work;

pub use runtime::{ConsoleError, Setup, run};
