//! What a group decides about its members. Pure: rows in, decisions out.

use std::cmp::Ordering;

use super::places::ZONES;

/// A group as far as its decisions need it.
#[derive(Clone, Debug)]
pub(super) struct Sizes {
    pub(super) desired: usize,
    pub(super) largest: usize,
    /// Milliseconds before a member's health is judged.
    pub(super) grace: i64,
    /// Whether the load balancer's word counts.
    pub(super) elb: bool,
    /// Names of suspended processes.
    pub(super) suspended: Vec<String>,
    /// Termination policies, in order.
    pub(super) policies: Vec<String>,
}

impl Sizes {
    fn may(&self, process: &str) -> bool {
        !self.suspended.iter().any(|s| s == process)
    }
}

/// How well a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// The group holds it for unhealthy.
    Condemned,
    /// The load balancer holds it for out of service; the group has not judged yet.
    Failing,
    /// Nothing is held against it.
    Well,
}

/// A member that is not on its way out, as far as decisions need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) instance: String,
    pub(super) zone: String,
    pub(super) health: Health,
    pub(super) protected: bool,
    /// Launched from what the group launches now.
    pub(super) current: bool,
    pub(super) launched_at: i64,
    /// When what it was launched from was made.
    pub(super) release_made_at: i64,
}

/// What a group does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Holds a member for unhealthy from now on.
    Condemn(String),
    /// Terminates a member because of its health; another one takes its place.
    Replace(String),
    /// Terminates a member because there are too many.
    Shrink(String),
    /// Launches a member in this zone.
    Launch(&'static str),
}

/// What the group does now, in order.
pub(super) fn decide(group: &Sizes, members: &[Candidate], now: i64) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let mut staying: Vec<&Candidate> = Vec::new();
    for member in members {
        let judged = group.may("HealthCheck")
            && group.elb
            && member.health == Health::Failing
            && now - member.launched_at >= group.grace;
        if judged {
            decisions.push(Decision::Condemn(member.instance.clone()));
        }
        let ill = judged || member.health == Health::Condemned;
        if ill && group.may("ReplaceUnhealthy") && group.may("Terminate") {
            decisions.push(Decision::Replace(member.instance.clone()));
        } else {
            staying.push(member);
        }
    }
    if staying.len() > group.desired && group.may("Terminate") {
        let mut left = staying.clone();
        for _ in group.desired..staying.len() {
            let Some(next) = next_to_go(&group.policies, &left).cloned() else { break };
            left.retain(|member| member.instance != next.instance);
            decisions.push(Decision::Shrink(next.instance));
        }
    }
    if group.may("Launch") {
        let mut zones: Vec<(usize, &'static str)> =
            ZONES.iter().map(|zone| (staying.iter().filter(|m| m.zone == *zone).count(), *zone)).collect();
        for _ in staying.len()..group.desired.min(group.largest) {
            zones.sort_unstable();
            if let Some(first) = zones.first_mut() {
                first.0 += 1;
                decisions.push(Decision::Launch(first.1));
            }
        }
    }
    decisions
}

/// The member that a group lets go first: one that it holds for unhealthy; else one of the zone with the most members,
/// as the policies say. That a new member fails its health checks saves no old one.
fn next_to_go<'a>(policies: &[String], members: &[&'a Candidate]) -> Option<&'a Candidate> {
    let free = || members.iter().copied().filter(|member| !member.protected);
    let in_zone = |zone: &str| members.iter().filter(|member| member.zone == zone).count();
    let most = free().map(|member| in_zone(&member.zone)).max()?;
    free().min_by(|a, b| {
        let first = |member: &Candidate| (member.health != Health::Condemned, in_zone(&member.zone) < most);
        let by_policies = || {
            let orders = policies.iter().map(|policy| by_policy(policy, a, b));
            orders.fold(Ordering::Equal, Ordering::then)
        };
        let rest = |member: &Candidate| (member.release_made_at, member.launched_at);
        first(a)
            .cmp(&first(b))
            .then_with(by_policies)
            .then_with(|| rest(a).cmp(&rest(b)))
            .then_with(|| a.instance.cmp(&b.instance))
    })
}

fn by_policy(policy: &str, a: &Candidate, b: &Candidate) -> Ordering {
    match policy {
        "OldestInstance" => a.launched_at.cmp(&b.launched_at),
        "NewestInstance" => b.launched_at.cmp(&a.launched_at),
        "OldestLaunchConfiguration" | "Default" => a.release_made_at.cmp(&b.release_made_at),
        "OldestLaunchTemplate" => (a.current, a.release_made_at).cmp(&(b.current, b.release_made_at)),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(desired: usize, suspended: &[&str]) -> Sizes {
        Sizes {
            desired,
            largest: 8,
            grace: 300_000,
            elb: true,
            suspended: suspended.iter().map(ToString::to_string).collect(),
            policies: vec!["OldestLaunchConfiguration".to_owned(), "Default".to_owned()],
        }
    }

    fn member(name: &str, zone: usize) -> Candidate {
        Candidate {
            instance: name.to_owned(),
            zone: ZONES[zone].to_owned(),
            health: Health::Well,
            protected: false,
            current: true,
            launched_at: 0,
            release_made_at: 0,
        }
    }

    #[test]
    fn a_group_that_has_what_it_wants_does_nothing() {
        assert_eq!(decide(&sizes(2, &[]), &[member("a", 0), member("b", 1)], 1_000_000), []);
    }

    #[test]
    fn missing_members_are_launched_where_there_are_fewest() {
        let launch = |zone: usize| Decision::Launch(ZONES[zone]);
        assert_eq!(decide(&sizes(4, &[]), &[member("a", 0)], 0), [launch(1), launch(0), launch(1)]);
        assert_eq!(decide(&sizes(4, &["Launch"]), &[member("a", 0)], 0), []);
        assert_eq!(decide(&sizes(20, &[]), &[], 0).len(), 8);
    }

    #[test]
    fn a_failing_member_is_replaced_once_its_grace_is_over() {
        let members = [member("a", 0), Candidate { health: Health::Failing, ..member("b", 1) }];
        assert_eq!(decide(&sizes(2, &[]), &members, 299_999), []);
        let replaced = [
            Decision::Condemn("b".to_owned()),
            Decision::Replace("b".to_owned()),
            Decision::Launch(ZONES[1]),
        ];
        assert_eq!(decide(&sizes(2, &[]), &members, 300_000), replaced);
        assert_eq!(decide(&sizes(2, &["HealthCheck"]), &members, 300_000), []);
        assert_eq!(
            decide(&sizes(2, &["ReplaceUnhealthy"]), &members, 300_000),
            [Decision::Condemn("b".to_owned())]
        );
    }

    #[test]
    fn too_many_members_shrink_old_releases_first_and_never_protected_ones() {
        let members = [
            Candidate { current: false, protected: true, ..member("a", 0) },
            Candidate { current: false, launched_at: 9, ..member("b", 0) },
            member("c", 1),
        ];
        assert_eq!(decide(&sizes(2, &[]), &members, 100), [Decision::Shrink("b".to_owned())]);
        assert_eq!(decide(&sizes(2, &["Terminate"]), &members, 100), []);
    }
}
