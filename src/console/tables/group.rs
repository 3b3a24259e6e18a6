//! An environment's group: sizes, what it launches, processes, members, what it did lately.

use super::balancer::COLUMNS;
use super::cells::{count, dim, said, text};
use super::empty;
use super::facts::{Fact, list, plain_text, server_name};
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Piece, Table};
use crate::console::theme::Scope;
use crate::fleet::{
    Activity, EnvironmentName, Group, HealthState, LaunchSource, LoadBalancerName, Member, Severity,
};

/// The group's page.
pub fn build(state: &State, environment: &EnvironmentName) -> Table {
    let named = state.topology.environment(environment).and_then(|place| place.group.as_ref());
    let group = named.and_then(|name| state.snapshot.group(name));
    let mut facts = Vec::new();
    if let Some(group) = group {
        shape(state, group, &mut facts);
        processes(group, &mut facts);
        members(state, group, &mut facts);
        activities(state, group, &mut facts);
    }
    let empty = named.map_or_else(
        || {
            format!(
                "· The config names no group for {environment}.\nName it under `auto_scaling_groups` in \
                 fabulaws-config.yml."
            )
        },
        |name| {
            let missing = format!(
                "✖ The group {name} does not exist.\nIt is in the config, and not in this account and region: \
                 check the name, --profile and --region."
            );
            empty::reading(state, &state.snapshot.groups, &missing)
        },
    );
    Table {
        columns: COLUMNS.to_vec(),
        rows: facts.into_iter().map(Fact::row).collect(),
        empty,
        spaced: true,
        ..Table::default()
    }
}

fn fact(what: &str, words: &str, details: crate::console::table::Cell) -> Fact {
    Fact::new("group", what, vec![plain_text(what), text(words, Scope::Text), details])
}

fn shape(state: &State, group: &Group, facts: &mut Vec<Fact>) {
    let serving = group.members.iter().filter(|m| m.lifecycle == "InService").count();
    let wanted = usize::try_from(group.desired).unwrap_or(usize::MAX);
    let severity = if serving == wanted { Severity::Ok } else { Severity::Changing };
    let sizes =
        [format!("min {}", group.min), format!("desired {}", group.desired), format!("max {}", group.max)];
    let words = format!("{serving} in service");
    facts.push(Fact::judged("group", group.name.as_str(), severity, &words, list(sizes)));
    facts.push(launches(state, group));
    let grace = format!("a new member is not judged for {}", seconds(group.grace_period.as_secs()));
    facts.push(fact("health by", &group.health_check_type, dim(grace)));
    let policies = list(group.termination_policies.iter());
    facts.push(fact("goes first", "by policy", policies));
    let zones = list(group.zones.iter().map(crate::fleet::Zone::as_str));
    facts.push(fact("zones", &count(group.zones.len(), "zone"), zones));
    let joined = group.load_balancers.iter().map(crate::fleet::LoadBalancerName::as_str);
    let joined = joined.chain(group.target_groups.iter().map(String::as_str));
    let balancers = group.load_balancers.len() + group.target_groups.len();
    facts.push(fact("joins", &count(balancers, "balancer"), list(joined)));
}

fn seconds(seconds: u64) -> String {
    if seconds >= 120 && seconds.is_multiple_of(60) {
        format!("{} minutes", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}

fn launches(state: &State, group: &Group) -> Fact {
    let Some(launch) = &group.launch else {
        return Fact::judged("group", "launches", Severity::Unknown, "?", dim("AWS names no launch source"));
    };
    let release = state.snapshot.release_of_launch(launch);
    let changeset = release.changeset.as_ref().map_or("?", |c| c.short());
    let made = release.made_at.map(|at| format!("{changeset} · {}", age::since(at, state.now)));
    let words = made.unwrap_or_else(|| changeset.to_owned());
    let image = release.image.as_ref().map(|id| format!("image {id}"));
    let settings = state.snapshot.launch.value().and_then(|all| all.get(launch));
    let kind = settings.and_then(|s| s.instance_type.clone());
    let details = list([Some(launch.label()), release.launch, image, kind].into_iter().flatten().fold(
        Vec::new(),
        |mut all: Vec<String>, word| {
            if !all.contains(&word) {
                all.push(word);
            }
            all
        },
    ));
    if launch.is_floating() {
        let why = "▲ follows a moving version: the next launch may be another release";
        return Fact::judged("group", "launches", Severity::Warn, &words, details)
            .detail(vec![Piece::new(why, Scope::Severity(Severity::Warn))]);
    }
    fact("launches", &words, details)
}

fn processes(group: &Group, facts: &mut Vec<Fact>) {
    if group.suspended.is_empty() {
        let details = dim("no process is suspended");
        facts.push(Fact::judged("processes", "all", Severity::Ok, "active", details));
    }
    for suspended in &group.suspended {
        let details = dim(suspended.reason.as_str());
        facts.push(Fact::judged("processes", &suspended.process, Severity::Warn, "suspended", details));
    }
}

fn members(state: &State, group: &Group, facts: &mut Vec<Fact>) {
    let mut rated: Vec<(Severity, &Member)> = group.members.iter().map(|m| (rate(m), m)).collect();
    rated.sort_by(|(a, m), (b, n)| (b, &m.instance).cmp(&(a, &n.instance)));
    for (severity, member) in rated {
        let mut words = vec![member.zone.short().to_owned()];
        if !member.healthy {
            words.push("held for unhealthy".into());
        }
        if member.protected {
            words.push("protected from scale-in".into());
        }
        words
            .push(member.launch.as_ref().map_or("its launch source was deleted".into(), LaunchSource::label));
        let mut details = list(words);
        if state.snapshot.is_member_behind(group, member) == Some(true) {
            details.pieces.push(Piece::new(" ◐ behind", Scope::Severity(Severity::Changing)));
        }
        let cells = vec![
            server_name(&state.snapshot, &member.instance, severity),
            text(member.lifecycle.as_str(), said(severity)),
            details,
        ];
        let fact = Fact::new("members", member.instance.as_str(), cells).of_server(&member.instance);
        facts.push(match kept(state, group, member) {
            Some(words) => {
                let line = vec![Piece::new(words, Scope::Severity(Severity::Warn))];
                fact.with(severity.max(Severity::Warn)).detail(line)
            }
            None => fact.with(severity),
        });
    }
    if group.members.is_empty() {
        let severity = if group.desired == 0 { Severity::Idle } else { Severity::Down };
        facts.push(Fact::judged("members", "members", severity, "none", list([""; 0])));
    }
}

/// Where the group keeps a member that a load balancer holds for bad, because its own check is suspended.
fn kept(state: &State, group: &Group, member: &Member) -> Option<String> {
    let out = |name: &&LoadBalancerName| {
        let health = state.snapshot.health_of(name, &member.instance);
        health.is_some_and(|health| health.state == HealthState::OutOfService)
    };
    let balancer = group.load_balancers.iter().find(out)?;
    let unseen = member.lifecycle == "InService" && group.is_suspended("HealthCheck");
    unseen.then(|| format!("▲ OutOfService at {balancer}; HealthCheck is suspended, so the group keeps it"))
}

fn rate(member: &Member) -> Severity {
    match member.lifecycle.as_str() {
        _ if !member.healthy => Severity::Down,
        "InService" => Severity::Ok,
        "Standby" => Severity::Idle,
        _ => Severity::Changing,
    }
}

fn activities(state: &State, group: &Group, facts: &mut Vec<Fact>) {
    let reading = state.snapshot.activities.get(&group.name);
    let Some(activities) = reading.and_then(|r| r.value()) else {
        let failure = reading.and_then(|r| r.failure());
        let words = failure.map_or("not read yet", |f| f.kind.word());
        let why = dim(failure.map_or("", |f| f.message.as_str()));
        facts.push(Fact::judged("activity", "recent activities", Severity::Unknown, words, why));
        return;
    };
    if activities.is_empty() {
        let words = dim("nothing in the six weeks that AWS remembers");
        facts.push(Fact::judged("activity", "recent activities", Severity::Idle, "none", words));
    }
    for (n, activity) in activities.iter().enumerate() {
        facts.push(self::activity(state, n, activity));
    }
}

fn activity(state: &State, n: usize, activity: &Activity) -> Fact {
    let severity = match activity.status.as_str() {
        "Successful" => Severity::Ok,
        // What failed once and was done since is history.
        "Failed" | "Cancelled" if n > 0 => Severity::Idle,
        "Failed" | "Cancelled" => Severity::Warn,
        _ => Severity::Changing,
    };
    let when = activity.started_at.map_or("?".to_owned(), |at| age::ago(at, state.now));
    let words = if severity == Severity::Changing && activity.progress > 0 {
        format!("{} {}%", activity.status, activity.progress)
    } else {
        activity.status.clone()
    };
    let cells = vec![
        text(when, Scope::TextDim),
        super::cells::state(severity, words),
        plain_text(&activity.description),
    ];
    let mut fact = Fact::new("activity", &activity.id, cells).with(severity);
    if let Some(message) = activity.status_message.as_deref().filter(|m| !m.is_empty()) {
        fact = fact.detail(vec![Piece::new(message, Scope::TextDim)]);
    } else if severity >= Severity::Changing {
        fact = fact.detail(vec![Piece::new(activity.cause.as_str(), Scope::TextDim)]);
    }
    fact
}
