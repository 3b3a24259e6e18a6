//! What EC2 says of the machine below a server: its status checks, what AWS plans for it, and how its CPU credits work.

use jiff::Timestamp;
use serde::Serialize;

/// How one of EC2's status checks ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckState {
    /// Passed.
    Ok,
    /// Failed.
    Impaired,
    /// The server has only just been started.
    Initializing,
    /// EC2 does not know, or there is no such check; a state that we do not know, too.
    #[default]
    Unknown,
}

impl CheckState {
    /// The state that EC2's word names.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "ok" => Self::Ok,
            "impaired" => Self::Impaired,
            "initializing" => Self::Initializing,
            _ => Self::Unknown,
        }
    }
}

/// One of EC2's status checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StatusCheck {
    /// How it ends.
    pub state: CheckState,
    /// Since when it fails, where EC2 says so.
    pub since: Option<Timestamp>,
}

impl StatusCheck {
    /// Whether it fails.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self.state, CheckState::Impaired)
    }
}

/// What AWS means to do with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// Its hardware goes: it is stopped then, or ended where its root disk goes with it (`instance-retirement`).
    Retirement,
    /// It is stopped, and started on other hardware (`instance-stop`).
    Stop,
    /// It is rebooted (`instance-reboot`).
    Reboot,
    /// Its host is rebooted (`system-reboot`).
    HostReboot,
    /// Its host's power or network is worked on (`system-maintenance`).
    Maintenance,
    /// Something that we do not know.
    Other,
}

impl EventKind {
    /// The kind that EC2's word names.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "instance-retirement" => Self::Retirement,
            "instance-stop" => Self::Stop,
            "instance-reboot" => Self::Reboot,
            "system-reboot" => Self::HostReboot,
            "system-maintenance" => Self::Maintenance,
            _ => Self::Other,
        }
    }

    /// Whether the server stands still from then on, unless it was moved to other hardware before.
    #[must_use]
    pub const fn ends_it(self) -> bool {
        matches!(self, Self::Retirement | Self::Stop)
    }
}

/// Something that AWS means to do with a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedEvent {
    /// What.
    pub kind: EventKind,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// In AWS's own words.
    pub words: String,
}

impl PlannedEvent {
    /// Whether it is still to come, or under way: EC2 lists events for a week after they have ended, and says so in
    /// their words.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        let said = |word: &str| self.words.trim_start().starts_with(word);
        !said("[Completed]") && !said("[Canceled]") && self.until.is_none_or(|until| until >= now)
    }
}

/// What EC2 says of the machine below a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MachineStatus {
    /// The hardware, and what AWS runs below the server.
    pub system: StatusCheck,
    /// The server's own system: whether it answers.
    pub instance: StatusCheck,
    /// Whether its volumes can be reached; only newer types are checked for that.
    pub disks: StatusCheck,
    /// What AWS plans.
    pub events: Vec<PlannedEvent>,
}

/// What happens to a server of a burstable type that has no CPU credits left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CreditMode {
    /// It is held at a part of its cores.
    Standard,
    /// It goes on, and what is over is billed.
    Unlimited,
}

impl CreditMode {
    /// What AWS gives a server of this type that nobody has said anything of; none where types like it have no credits.
    #[must_use]
    pub fn usual(instance_type: &str) -> Option<Self> {
        match instance_type.split('.').next()? {
            "t2" => Some(Self::Standard),
            "t3" | "t3a" | "t4g" => Some(Self::Unlimited),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_completed_or_canceled_is_no_longer_to_come() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let event = |words: &str, until| PlannedEvent {
            kind: EventKind::parse("instance-retirement"),
            from: Some(at(0)),
            until,
            words: words.into(),
        };
        assert!(event("The instance is running on degraded hardware", None).is_open(at(9_999)));
        assert!(event("Reboot", Some(at(60))).is_open(at(60)));
        assert!(!event("Reboot", Some(at(60))).is_open(at(61)));
        assert!(!event("[Completed] Reboot", None).is_open(at(0)));
        assert!(!event("[Canceled] Reboot", None).is_open(at(0)));
    }

    #[test]
    fn only_burstable_types_have_credits_and_newer_ones_go_on_without() {
        let usual = ["t2.micro", "t3.large", "t3a.small", "t4g.nano", "c5.large", "trn1.2xlarge", "?"];
        let usual = usual.map(CreditMode::usual);
        let unlimited = Some(CreditMode::Unlimited);
        assert_eq!(usual, [Some(CreditMode::Standard), unlimited, unlimited, unlimited, None, None, None]);
    }

    #[test]
    fn a_word_that_nobody_knows_fails_nothing() {
        let states = ["ok", "impaired", "initializing", "insufficient-data", "not-applicable", "new"];
        let fails = states.map(|word| StatusCheck { state: CheckState::parse(word), since: None }.fails());
        assert_eq!(fails, [false, true, false, false, false, false]);
        assert_eq!(EventKind::parse("instance-dance"), EventKind::Other);
    }
}
