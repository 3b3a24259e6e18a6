//! Services: systemd's units, Supervisor's programs, Celery's tasks, `PgBouncer`'s pools, and what the site
//! answers on the server itself.

use super::{Look, TroubleKind};
use crate::fleet::measured::{HttpAnswer, Program, Unit};
use crate::fleet::thresholds::judge;
use crate::fleet::{Role, Severity, Topic, words};

impl Unit {
    /// How bad its state is; what is not installed is idle.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match (self.active.as_str(), self.sub.as_str()) {
            ("not-found" | "", _) => Severity::Idle,
            ("activating", "auto-restart") => Severity::Warn,
            ("active", _) => Severity::Ok,
            ("activating" | "deactivating" | "reloading", _) => Severity::Changing,
            _ => Severity::Down,
        }
    }
}

impl Program {
    /// How bad its state is. What somebody stopped on purpose is a warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.state.as_str() {
            "RUNNING" => Severity::Ok,
            "STARTING" | "STOPPING" => Severity::Changing,
            "STOPPED" => Severity::Warn,
            "UNKNOWN" | "" => Severity::Unknown,
            _ => Severity::Down,
        }
    }

    /// Whether it is Celery's beat, which belongs on exactly one server: `production-celerybeat` as FabulAWS names it,
    /// or `beat` as some projects do. `heartbeat` is another thing.
    #[must_use]
    pub fn is_beat(&self) -> bool {
        let is_word = |word: &str| matches!(word, "beat" | "celerybeat");
        let words = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_word);
        words(&self.name) || words(&self.group)
    }
}

impl HttpAnswer {
    /// How bad an answer is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        if self.status == 200 { Severity::Ok } else { Severity::Down }
    }

    /// The status, or that there is none.
    #[must_use]
    pub fn word(&self) -> String {
        if self.status == 0 { "no answer".into() } else { self.status.to_string() }
    }
}

impl Look<'_> {
    pub(super) fn units(&mut self) {
        let Some(units) = self.measured.units() else { return };
        self.about(Topic::Units);
        for unit in &units.units {
            let (name, severity) = (words::name(&unit.name), unit.severity());
            let short = format!("{name} {}", unit.active);
            let text = match severity {
                Severity::Warn => format!("has {name} start again and again"),
                _ => format!("has {name} {}", unit.active),
            };
            if severity >= Severity::Warn {
                self.add_about(Some(&unit.name), severity, TroubleKind::Unit, short, text);
            }
        }
    }

    pub(super) fn supervisor(&mut self) {
        let Some(supervisor) = self.measured.supervisor() else { return };
        self.about(Topic::Supervisor);
        for program in &supervisor.programs {
            let (name, severity) = (words::name(&program.name), program.severity());
            let state = program.state.to_lowercase();
            if severity >= Severity::Unknown {
                let text = format!("has {name} {state}");
                let short = format!("{name} {state}");
                self.add_about(Some(&program.name), severity, TroubleKind::Program, short, text);
            }
            let restarts = program.restarts.unwrap_or(0);
            let severity = judge(f64::from(restarts), self.yardstick.thresholds.restarts);
            let text = format!("started {name} {restarts} times in the last hour");
            let short = format!("{name} restarts {restarts}");
            self.add_about(Some(&program.name), severity, TroubleKind::Restarts, short, text);
        }
    }

    pub(super) fn site(&mut self) {
        let Some(site) = self.measured.site() else { return };
        self.about(Topic::Site);
        if site.maintenance {
            let text = "has the maintenance page up";
            self.add(Severity::Warn, TroubleKind::Maintenance, "maintenance page", text);
        }
        if site.health_override {
            let text = "answers its health check from a file, whatever Django says";
            self.add(Severity::Warn, TroubleKind::HealthOverride, "health override", text);
        }
        for (who, answer) in [("nginx", &site.nginx), ("gunicorn", &site.gunicorn)] {
            // Nginx only hands on what Gunicorn says.
            let same = who == "gunicorn"
                && site.nginx.as_ref().map(|a| a.status) == answer.as_ref().map(|a| a.status);
            let Some(answer) = answer.as_ref().filter(|_| !same) else { continue };
            let how = match answer.status {
                0 => format!("gets no answer from {who} to its own health check"),
                status => format!("answers its own health check with {status} ({who})"),
            };
            // While the maintenance page is up, that is what everybody gets.
            let severity =
                if site.maintenance { answer.severity().min(Severity::Warn) } else { answer.severity() };
            self.add(severity, TroubleKind::HealthCheck, format!("{who} {}", answer.word()), how);
        }
    }

    pub(super) fn celery(&mut self) {
        let Some(celery) = self.measured.celery() else { return };
        self.about(Topic::Celery);
        if celery.workers.is_empty() && self.plays(&[Role::Worker, Role::Combo]) {
            let text = "has no Celery worker that answers";
            self.add(Severity::Down, TroubleKind::Celery, "no celery worker", text);
        }
        let running = celery.workers.iter().flat_map(|worker| &worker.running);
        let longest =
            running.filter_map(|task| Some((task.seconds?, task))).max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((seconds, task)) = longest {
            let (name, time) = (words::name(&task.name), words::seconds(seconds));
            let text = format!("runs the task {name} for {time}");
            let short = format!("task {}", words::short_seconds(seconds));
            self.add(judge(seconds, self.yardstick.thresholds.task_seconds), TroubleKind::Task, short, text);
        }
    }

    pub(super) fn pgbouncer(&mut self) {
        let Some(pgbouncer) = self.measured.pgbouncer() else { return };
        self.about(Topic::PgBouncer);
        let waiting: u32 = pgbouncer.pools.iter().map(|pool| pool.clients_waiting).sum();
        let longest = pgbouncer.pools.iter().map(|pool| pool.longest_wait).fold(0.0, f64::max);
        let severity = judge(f64::from(waiting), self.yardstick.thresholds.pgbouncer_waiting);
        let clients = words::count(u64::from(waiting), "client");
        let text = format!("keeps {clients} of PgBouncer waiting, the first for {}", words::seconds(longest));
        self.add(severity, TroubleKind::PgBouncer, format!("pgbouncer {waiting} waiting"), text);
    }
}
