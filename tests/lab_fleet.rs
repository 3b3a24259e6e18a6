//! The real program, a cloud that others wrote, and a whole environment of real servers: AWS → SSH → service and back.
//!
//! The hosts are those of `tests/lab/environment`: PostgreSQL with a streaming replica, RabbitMQ, Redis and Memcached,
//! Celery under Supervisor, Nginx before Gunicorn and Django, all through PgBouncer and Stunnel. The instances of the
//! endpoint in `tests/cloud` have their addresses.
//!
//! Needs root on Debian or Ubuntu, and `tests/lab/setup --services` to have run. Where that is not so, each test says
//! that it was left out, and why; with `QUARTERDECK_LAB=required` in the environment it fails instead.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "moto/kit.rs"]
#[allow(dead_code)] // what only the tests on the endpoint alone need
mod cloud;
#[path = "lab_fleet/fleet.rs"]
mod fleet;
#[path = "lab_fleet/lab.rs"]
mod lab;
#[path = "support/terminal.rs"]
mod terminal;

#[path = "lab_fleet/baking.rs"]
mod baking;
#[path = "lab_fleet/bare.rs"]
mod bare;
#[path = "lab_fleet/building.rs"]
mod building;
#[path = "lab_fleet/copying.rs"]
mod copying;
#[path = "lab_fleet/curing.rs"]
mod curing;
#[path = "lab_fleet/deploying.rs"]
mod deploying;
#[path = "lab_fleet/environment.rs"]
mod environment;
#[path = "lab_fleet/guided.rs"]
mod guided;
#[path = "lab_fleet/logins.rs"]
mod logins;
#[path = "lab_fleet/measured.rs"]
mod measured;
#[path = "lab_fleet/moving.rs"]
mod moving;
#[path = "lab_fleet/recreating.rs"]
mod recreating;
#[path = "lab_fleet/release.rs"]
mod release;
#[path = "lab_fleet/replacing.rs"]
mod replacing;
#[path = "lab_fleet/replicas.rs"]
mod replicas;
#[path = "lab_fleet/rotating.rs"]
mod rotating;
#[path = "lab_fleet/running.rs"]
mod running;
#[path = "lab_fleet/secrets.rs"]
mod secrets;
#[path = "lab_fleet/serving.rs"]
mod serving;
#[path = "lab_fleet/times.rs"]
mod times;
#[path = "lab_fleet/traffic.rs"]
mod traffic;
#[path = "lab_fleet/trouble.rs"]
mod trouble;
