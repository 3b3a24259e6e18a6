//! All that is known of one server, each fact with where it comes from and how old it is.

mod measured;

use super::cells::{dim, left, now_of, said, state as stated, text, unknown};
use super::empty;
use super::facts::{Fact, list, plain_text, source};
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Cell, Column, Piece, Table};
use crate::console::theme::Scope;
use crate::console::widgets::spark;
use crate::fleet::{EnvironmentName, InstanceId, Measure, MetricKey, Server, Severity, Standing, Subject};

const COLUMNS: [Column; 5] = [
    left("FACT", 15, 26, 0),
    left("VALUE", 44, 110, 0),
    left("AGE", 4, 6, 1),
    left("FROM", 28, 60, 2),
    left("READ", 20, 20, 3),
];

struct Facts<'a> {
    state: &'a State,
    server: &'a Server,
    from: [Cell; 3],
    all: Vec<Fact>,
}

/// The server's page.
pub fn build(state: &State, id: &InstanceId) -> Table {
    let snapshot = &state.snapshot;
    let mut rows = Vec::new();
    if let Some(server) = snapshot.server(id) {
        let mut facts = Facts { state, server, from: source(state, &snapshot.servers), all: Vec::new() };
        facts.wrong();
        facts.standing();
        facts.reach();
        facts.health();
        facts.release();
        facts.cpu();
        facts.measured();
        facts.group();
        facts.addresses();
        facts.machine();
        facts.tags();
        rows = facts.all.into_iter().map(Fact::row).collect();
    }
    let gone = format!(
        "· There is no server {id} in this deployment any more.\nAWS forgets a terminated instance after about an \
         hour. Go back, or up to its environment."
    );
    Table {
        columns: COLUMNS.to_vec(),
        rows,
        empty: empty::reading(state, &snapshot.servers, &gone),
        spaced: true,
        ..Table::default()
    }
}

fn row_of(what: Cell, value: Cell, [age, from, read]: [Cell; 3]) -> Vec<Cell> {
    vec![what, value, age, from, read]
}

impl Facts<'_> {
    fn add(&mut self, section: &str, what: &str, value: Cell) {
        self.add_from(section, what, value, self.from.clone());
    }

    fn add_from(&mut self, section: &str, what: &str, value: Cell, from: [Cell; 3]) {
        self.all.push(Fact::new(section, what, row_of(plain_text(what), value, from)));
    }

    fn known(&mut self, section: &str, what: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(section, what, plain_text(value));
        }
    }

    fn standing(&mut self) {
        let server = self.server;
        let name = server.name.as_deref().map_or_else(unknown, |n| text(n, Scope::TextStrong));
        self.add("server", "id", plain_text(server.id.as_str()));
        self.add("server", "name", name);
        let environment = server.environment.as_ref().map_or("none", EnvironmentName::as_str);
        self.add("server", "environment", plain_text(environment));
        let standing = match server.role.standing {
            Standing::Active => stated(Severity::Ok, format!("{}, in use", server.role.role)),
            Standing::Pending => {
                stated(Severity::Changing, format!("{}, still being built (PENDING)", server.role.role))
            }
            Standing::Old => stated(Severity::Idle, format!("{}, decommissioned (OLD)", server.role.role)),
        };
        self.add("server", "role", standing);
        let mut power = stated(super::state_of::power_severity(server), server.power.word());
        if let Some(reason) = server.power_reason.as_deref().filter(|r| !r.is_empty()) {
            power.pieces.push(Piece::new(format!("  {reason}"), Scope::TextDim));
        }
        self.add("server", "state", power);
        let launched = server.launched_at.map_or_else(unknown, |at| {
            let words = age::ago(at, self.state.now);
            let mut cell = text(words, Scope::Text);
            cell.pieces.push(Piece::new(format!("  {}", super::facts::moment(at)), Scope::TextDim));
            cell
        });
        self.add("server", "launched", launched);
    }

    /// What each load balancer of the environment says.
    fn health(&mut self) {
        let (state, server) = (self.state, self.server);
        let names = server
            .environment
            .as_ref()
            .and_then(|name| state.topology.environment(name))
            .map_or(&[][..], |place| place.load_balancers.as_slice());
        for name in names {
            let Some(reading) = state.snapshot.health.get(name) else { continue };
            let from = source(state, reading);
            let (severity, cell, why) = match state.snapshot.health_of(name, &server.id) {
                Some(health) => {
                    let severity = health.severity();
                    (severity, stated(severity, health.state.word()), health.description.clone())
                }
                None if reading.value().is_some() => (Severity::Idle, dim("not a member"), None),
                None => (Severity::Unknown, unknown(), None),
            };
            let mut fact =
                Fact::new("balancer", name.as_str(), row_of(plain_text(name.as_str()), cell, from));
            if let Some(why) = why.filter(|w| !w.is_empty() && w != "N/A") {
                fact = fact.detail(vec![Piece::new(why, said(severity))]);
            }
            self.all.push(fact.with(severity));
        }
    }

    fn release(&mut self) {
        let snapshot = &self.state.snapshot;
        let release = snapshot.release_of_server(self.server);
        let from = source(self.state, &snapshot.launch);
        let value = release.changeset.as_ref().map_or_else(unknown, |c| {
            let made = release.made_at.map(|at| format!("made {}", age::ago(at, self.state.now)));
            list([Some(c.as_str().to_owned()), made].into_iter().flatten())
        });
        self.add_from("release", "changeset", value, from.clone());
        let behind = match snapshot.is_behind(self.server) {
            Some(true) => stated(Severity::Changing, "behind what its group launches now"),
            Some(false) => stated(Severity::Ok, "what its group launches now"),
            None if self.server.group.is_none() => dim("in no group, nothing to compare with"),
            None => unknown(),
        };
        self.add_from("release", "is", behind, from.clone());
        if let Some(launch) = release.launch.as_deref() {
            self.add_from("release", "launched from", plain_text(launch), from);
        }
        let images = source(self.state, &snapshot.images);
        let id = &self.server.image;
        let name = snapshot.images.value().and_then(|all| all.get(id)).and_then(|i| i.name.clone());
        let gone = snapshot.images.value().is_some_and(|all| !all.contains_key(id));
        let name = name.or_else(|| gone.then(|| "not found any more".to_owned()));
        self.add_from(
            "release",
            "image",
            list([Some(id.as_str().to_owned()), name].into_iter().flatten()),
            images,
        );
    }

    fn group(&mut self) {
        let Some(name) = &self.server.group else { return };
        let snapshot = &self.state.snapshot;
        let from = source(self.state, &snapshot.groups);
        self.add("group", "launched by", plain_text(name.as_str()));
        let value = match snapshot.group(name).map(|g| g.member(&self.server.id)) {
            Some(Some(member)) => {
                let health = if member.healthy { "healthy" } else { "held for unhealthy" };
                let protected = member.protected.then_some("protected from scale-in");
                let severity = match (member.healthy, member.lifecycle.as_str()) {
                    (false, _) => Severity::Down,
                    (true, "InService") => Severity::Ok,
                    _ => Severity::Changing,
                };
                let words = [Some(member.lifecycle.as_str()), Some(health), protected];
                stated(severity, words.into_iter().flatten().collect::<Vec<_>>().join(", "))
            }
            Some(None) => stated(Severity::Warn, "not a member (any more)"),
            None => unknown(),
        };
        self.add_from("group", "member", value, from);
    }

    fn cpu(&mut self) {
        let key = MetricKey { subject: Subject::Server(self.server.id.clone()), measure: Measure::Cpu };
        let Some(reading) = self.state.snapshot.metrics.get(&key) else { return };
        let from = source(self.state, reading);
        let limits = Some(self.state.preferences.thresholds.cpu);
        let mut value = match now_of(self.state, Some(reading)) {
            Ok(last) => text(format!("{last:.0}%  "), said(spark::judge(last, limits))),
            Err(instead) => text(format!("{}  ", instead.text), instead.scope),
        };
        if let Some(series) = reading.value() {
            let missing = series.missing(self.state.now, self.state.between_metrics());
            value.pieces.extend(spark::bars(series, 40, missing, limits, Measure::Cpu.full()));
        }
        self.add_from("load", "cpu", value, from);
    }

    fn addresses(&mut self) {
        let server = self.server;
        self.known("network", "private address", server.private_address.as_deref());
        self.known("network", "public address", server.public_address.as_deref());
        self.known("network", "private name", server.private_dns.as_deref());
        self.known("network", "public name", server.public_dns.as_deref());
        self.add("network", "zone", plain_text(server.zone.as_str()));
        let place = [server.vpc.as_deref(), server.subnet.as_deref()];
        self.add("network", "vpc, subnet", list(place.into_iter().flatten()));
        self.add("network", "security groups", list(&server.security_groups));
    }

    fn machine(&mut self) {
        let server = self.server;
        self.add("instance", "type", plain_text(&server.instance_type));
        self.known("instance", "key pair", server.key_name.as_deref());
        self.known("instance", "profile", server.instance_profile.as_deref());
        for (device, volume) in &server.volumes {
            self.add("instance", device, plain_text(volume));
        }
    }

    fn tags(&mut self) {
        for (name, value) in &self.server.tags {
            self.add("tags", name, plain_text(value));
        }
    }
}
