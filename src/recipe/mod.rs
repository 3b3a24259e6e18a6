//! What is done on a server, as scripts for `sh`: pure functions of where things are and of typed parameters.
//!
//! Every script begins with a line `# sandbox: <verb> [arguments]`, by which simulated servers know what is done. It
//! stops at the first failure, says on its standard error why, may be run again at any time, holds no secret, and is run
//! as root or as the user who owns the code. [`bake`] is the one that would do harm on another server than the one that
//! is meant: it asks EC2 where it is, and tests never run it but below a directory of their own.

pub mod bake;
pub mod build;
pub mod cache;
pub mod celery;
pub mod code;
pub mod database;
pub mod health;
pub mod logs;
pub mod manage;
pub mod new_relic;
pub mod page;
mod script;
pub mod service_files;
pub mod services;
#[cfg(test)]
mod tests;
