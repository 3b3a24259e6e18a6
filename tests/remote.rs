//! The openssh adapter against real sshds, started by the tests themselves on loopback, as whoever runs the
//! tests: every outcome, told apart. Needs OpenSSH's client and server; `tests/lab/setup` installs them.
// The scripts need a Linux server, and here the server is this machine.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "remote/sshd.rs"]
mod sshd;

#[path = "remote/commands.rs"]
mod commands;
#[path = "remote/connections.rs"]
mod connections;
#[path = "remote/endings.rs"]
mod endings;
#[path = "remote/engine.rs"]
mod engine;
#[path = "remote/files.rs"]
mod files;
#[path = "remote/framing.rs"]
mod framing;
#[path = "remote/keys.rs"]
mod keys;
