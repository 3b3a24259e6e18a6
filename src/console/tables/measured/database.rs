//! PostgreSQL.

use super::{Line, Subject};
use crate::fleet::measured::{Postgres, Replica, Slot, Standby};
use crate::fleet::thresholds::judge;
use crate::fleet::{Gauge, Severity, words};

impl Subject<'_> {
    pub(super) fn postgres(&self, postgres: &Postgres) -> Vec<Line> {
        let mut lines = vec![self.standing(postgres)];
        if let Some(replica) = &postgres.replica {
            lines.extend(self.replica(replica));
        }
        lines.push(self.connections(postgres));
        lines.push(self.oldest(postgres));
        lines.extend(postgres.database_bytes.map(|bytes| Line::plain("database", words::bytes(bytes))));
        lines.extend(postgres.standbys.iter().map(|standby| self.standby(standby)));
        lines.extend(postgres.slots.iter().map(|slot| self.slot(postgres, slot)));
        if let (Some(keep), false) = (postgres.wal_keep, postgres.in_recovery) {
            let slots = postgres.slot_keep.map_or("slots hold back without a bound".to_owned(), |bytes| {
                format!("slots hold back {} at most", words::bytes(bytes))
            });
            lines.push(Line::plain("kept WAL", words::bytes(keep)).and([slots]));
        }
        lines
    }

    fn standing(&self, postgres: &Postgres) -> Line {
        let wanted = self.server.role.role == crate::fleet::Role::DbReplica;
        let severity = if wanted == postgres.in_recovery { Severity::Ok } else { Severity::Down };
        let words = if postgres.in_recovery { "replica" } else { "primary" };
        let started = postgres.started_at.map(|at| format!("started {} ago", self.since(at)));
        let timeline = postgres.timeline.map(|timeline| format!("timeline {timeline}"));
        let position = postgres.position.as_ref().map(|position| format!("at {position}"));
        Line::judged(format!("PostgreSQL {}", postgres.version), severity, words)
            .and([timeline, position, started].into_iter().flatten())
    }

    fn replica(&self, replica: &Replica) -> Vec<Line> {
        let limits = self.state.preferences.thresholds.lag_seconds;
        let behind = replica.behind.filter(|bytes| *bytes > 0);
        let behind = behind.map(|bytes| format!("{} received and not replayed", words::bytes(bytes)));
        let paused = replica.paused.then(|| "somebody paused it".to_owned());
        let (mut severity, words) = replica.delay.map_or((Severity::Unknown, "?".to_owned()), |delay| {
            (judge(delay, limits), format!("{} behind", words::seconds(delay)))
        });
        if replica.paused {
            severity = severity.max(Severity::Warn);
        }
        let replay = Line::judged("replay", severity, words)
            .and([behind, paused].into_iter().flatten())
            .drawn(self.bars(Gauge::ReplayDelay, Some(limits), None));
        let sender = replica.sender.as_ref().map(|sender| format!("from {sender}"));
        let heard = replica.heard.map(|seconds| format!("heard {} ago", words::seconds(seconds)));
        let (severity, words) = replica
            .receiver
            .as_deref()
            .map_or((Severity::Down, "none: it hears nothing from its primary"), |state| {
                (Severity::Ok, state)
            });
        let receiver = Line::judged("receiver", severity, words).and([sender, heard].into_iter().flatten());
        let conflicts = Line::plain("conflicts", words::grouped(replica.conflicts))
            .and(["queries cancelled for the replay"]);
        vec![replay, receiver, conflicts]
    }

    fn connections(&self, postgres: &Postgres) -> Line {
        let (connections, limits) = (&postgres.connections, self.state.preferences.thresholds.connections);
        let severity = connections.percent().map_or(Severity::Unknown, |percent| judge(percent, limits));
        let words = format!("{} of {}", connections.total(), connections.most);
        let most = f64::from(connections.most) / 100.0;
        let bars = self.bars(Gauge::Connections, Some((limits.0 * most, limits.1 * most)), None);
        let waiting = (connections.waiting > 0).then(|| format!("{} wait for a lock", connections.waiting));
        let states = [
            format!("{} active", connections.active),
            format!("{} idle", connections.idle),
            format!("{} idle in a transaction", connections.idle_in_transaction),
        ];
        Line::judged("connections", severity, words).and(states.into_iter().chain(waiting)).drawn(bars)
    }

    fn oldest(&self, postgres: &Postgres) -> Line {
        let Some(age) = postgres.oldest_transaction else { return Line::plain("oldest", "no transaction") };
        let severity = judge(age, self.state.preferences.thresholds.oldest_transaction);
        let line = Line::judged("oldest", severity, words::seconds(age));
        line.and(postgres.oldest_who.as_ref().map(|who| format!("transaction of {who}")))
    }

    /// A replica as its primary sees it.
    fn standby(&self, standby: &Standby) -> Line {
        let limits = self.state.preferences.thresholds.lag_seconds;
        let by_lag = standby.replay_lag.map_or(Severity::Ok, |seconds| judge(seconds, limits));
        let streams = if standby.state == "streaming" { Severity::Ok } else { Severity::Changing };
        let behind = |what: &str, bytes: Option<u64>| {
            bytes.filter(|bytes| *bytes > 0).map(|bytes| format!("{} not {what}", words::bytes(bytes)))
        };
        let lag = standby.replay_lag.map(|seconds| format!("replays {} behind", words::seconds(seconds)));
        let whole = (standby.replay_behind == Some(0)).then(|| "all replayed".to_owned());
        let name = standby.address.as_deref().unwrap_or(&standby.name);
        let rest = [
            lag,
            whole,
            behind("sent", standby.sent_behind),
            behind("flushed", standby.flush_behind),
            behind("replayed", standby.replay_behind),
            Some(standby.sync.clone()),
            Some(words::name(&standby.name)),
        ];
        Line::judged(format!("standby {name}"), streams.max(by_lag), standby.state.as_str())
            .and(rest.into_iter().flatten())
    }

    /// A slot, and what it holds back against what it may.
    fn slot(&self, postgres: &Postgres, slot: &Slot) -> Line {
        let severity = slot.severity(self.state.preferences.thresholds.retained_wal_mb);
        let used = if slot.active { "in use" } else { "nobody uses it" };
        let held = slot.retained.map_or("holds back ?".to_owned(), |retained| {
            let bound = postgres.slot_keep.map_or("no bound".to_owned(), words::bytes);
            format!("holds back {} of {bound}", words::bytes(retained))
        });
        let status = slot.status.as_ref().map(|status| format!("WAL {status}"));
        Line::judged(format!("slot {}", words::name(&slot.name)), severity, used)
            .and([Some(held), status].into_iter().flatten())
    }
}
