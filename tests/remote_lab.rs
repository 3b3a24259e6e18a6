//! The openssh adapter against hosts of the lab: real Linux systems with systemd, sshd and sudo on this machine,
//! which can be frozen, cut off, rebooted and rebuilt.
//!
//! Needs root on Debian or Ubuntu, and `tests/lab/setup` to have run. Where that is not so, each test says that it
//! was left out, and why; with `QUARTERDECK_LAB=required` in the environment it fails instead.
// The scripts need a Linux server, and here the server is this machine.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "remote_lab/host.rs"]
mod host;

#[path = "remote_lab/durable.rs"]
mod durable;
#[path = "remote_lab/failures.rs"]
mod failures;
#[path = "remote_lab/root.rs"]
mod root;
