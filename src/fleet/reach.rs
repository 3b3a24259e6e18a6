//! Who has to reach whom in an environment, and what security groups let in beside that.

use std::collections::BTreeSet;
use std::fmt;

use super::ground::ANYWHERE;
use super::{Origin, Role, Rule, SecurityGroup, SecurityGroupId, is_within};

/// Ports that nobody outside the VPC has any business with.
pub const INNER: [u16; 4] = [5432, 5672, 6379, 11_211];

/// SSH.
pub const SSH: u16 = 22;

/// Whose exact sources are told (R26).
pub const TOLD: [u16; 7] = [SSH, 80, 443, 5432, 5672, 6379, 11_211];

/// Somebody who reaches, or is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// Whoever uses the site.
    World,
    /// Whoever looks after the servers.
    Operators,
    /// The load balancers.
    Balancer,
    /// Servers.
    Role(Role),
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::World => f.pad("everybody"),
            Self::Operators => f.pad("operators"),
            Self::Balancer => f.pad("load balancer"),
            Self::Role(role) => role.fmt(f),
        }
    }
}

/// Somebody has to reach a port of somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Who is reached.
    pub to: Party,
    /// On which port.
    pub port: u16,
    /// By whom.
    pub from: Party,
}

impl fmt::Display for Need {
    /// `db-primary 5432 from web`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} from {}", self.to, self.port, self.from)
    }
}

/// Who does the work of a role: combo servers are primary, web and worker (R22).
fn does(role: &Role, work: &Role) -> bool {
    role == work || (*role == Role::Combo && matches!(work, Role::Web | Role::Worker | Role::DbPrimary))
}

/// What the servers of these roles need, without SSH.
#[must_use]
pub fn needs(roles: &[Role]) -> Vec<Need> {
    let users: &[Role] = &[Role::Web, Role::Worker];
    let of_primary: &[Role] = &[Role::Web, Role::Worker, Role::DbReplica];
    let of_replica: &[Role] = &[Role::Web, Role::Worker, Role::DbPrimary];
    let rows: [(Role, &[u16], &[Role]); 3] = [
        (Role::Cache, &[5672, 6379, 11_211], users),
        (Role::DbPrimary, &[5432], of_primary),
        (Role::DbReplica, &[5432], of_replica),
    ];
    let mut needs = BTreeSet::new();
    for port in [80, 443] {
        needs.insert(Need { to: Party::Balancer, port, from: Party::World });
        for web in roles.iter().filter(|role| does(role, &Role::Web)) {
            needs.insert(Need { to: Party::Role(web.clone()), port, from: Party::Balancer });
        }
    }
    for (work, ports, by) in &rows {
        for to in roles.iter().filter(|role| does(role, work)) {
            for from in roles.iter().filter(|role| *role != to && by.iter().any(|by| does(role, by))) {
                needs.extend(ports.iter().map(|port| Need {
                    to: Party::Role(to.clone()),
                    port: *port,
                    from: Party::Role(from.clone()),
                }));
            }
        }
    }
    needs.into_iter().collect()
}

/// Networks that are nobody's on the internet.
const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// Whether a network is the VPC itself or a part of it; or a private one all around it, as of several VPCs.
fn is_inside(network: &str, vpc: &[String]) -> bool {
    let is_private = || PRIVATE.iter().any(|private| is_within(network, private));
    vpc.iter().any(|own| is_within(network, own) || (is_within(own, network) && is_private()))
}

/// Whether a network is all of the VPC's in IPv4, and not open to everybody beside.
fn is_around(network: &str, vpc: &[String]) -> bool {
    let mut v4 = vpc.iter().filter(|one| !one.contains(':')).peekable();
    v4.peek().is_some() && !ANYWHERE.contains(&network) && v4.all(|own| is_within(own, network))
}

/// Whether servers that are in all of these groups let in, on a port, whoever is in one of those. That everybody is let in
/// does not count: it is to be closed, and then they have to be let in all the same.
#[must_use]
pub fn is_reached(to: &[&SecurityGroup], port: u16, from: &[SecurityGroupId], networks: &[String]) -> bool {
    let lets_in = |rule: &Rule| match &rule.from {
        Origin::Group(id) => from.contains(id),
        Origin::Network(network) => is_around(network, networks),
        Origin::PrefixList(_) => false,
    };
    to.iter().flat_map(|group| &group.rules).any(|rule| rule.serves(port) && lets_in(rule))
}

/// Something that is open to more than it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exposure<'g> {
    /// SSH, for everybody.
    Ssh {
        /// In which group.
        group: &'g SecurityGroup,
        /// By which rule.
        rule: &'g Rule,
    },
    /// A port of [`INNER`], for somebody outside the VPC.
    Inner {
        /// In which group.
        group: &'g SecurityGroup,
        /// By which rule.
        rule: &'g Rule,
        /// Which ports.
        ports: Vec<u16>,
    },
}

impl fmt::Display for Exposure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssh { group, rule } => {
                write!(f, "SSH is open to everybody ({}) in {} ({})", rule.from, group.name, group.id)
            }
            Self::Inner { group, rule, ports } => {
                let ports: Vec<&str> = ports.iter().map(|port| service(*port)).collect();
                let ports = ports.join(", ");
                let from = &rule.from;
                let whom = if from.is_anywhere() { "everybody" } else { "a network outside the VPC" };
                write!(f, "{ports} is open to {whom} ({from}) in {} ({})", group.name, group.id)
            }
        }
    }
}

/// What listens on a port.
const fn service(port: u16) -> &'static str {
    match port {
        5432 => "the database (5432)",
        5672 => "RabbitMQ (5672)",
        6379 => "Redis (6379)",
        _ => "Memcached (11211)",
    }
}

/// What these groups let in beside what they have to.
#[must_use]
pub fn exposed<'g>(groups: &[&'g SecurityGroup], networks: &[String]) -> Vec<Exposure<'g>> {
    let mut found = Vec::new();
    for group in groups {
        for rule in &group.rules {
            let Origin::Network(network) = &rule.from else { continue };
            if is_inside(network, networks) {
                continue;
            }
            if rule.serves(SSH) && rule.from.is_anywhere() {
                found.push(Exposure::Ssh { group, rule });
            }
            let ports: Vec<u16> = INNER.into_iter().filter(|port| rule.opens(*port)).collect();
            if !ports.is_empty() {
                found.push(Exposure::Inner { group, rule, ports });
            }
        }
    }
    found
}

/// From where each port of [`TOLD`] is open in these groups, by the names of groups where they are known.
#[must_use]
pub fn sources(groups: &[&SecurityGroup], all: &[SecurityGroup]) -> Vec<String> {
    let named = |from: &Origin| match from {
        Origin::Group(id) => all
            .iter()
            .find(|group| group.id == *id)
            .map_or_else(|| id.to_string(), |group| group.name.clone()),
        other => other.to_string(),
    };
    let mut lines = Vec::new();
    for port in TOLD {
        let rules = groups.iter().flat_map(|group| &group.rules).filter(|rule| rule.opens(port));
        let from: BTreeSet<String> = rules.map(|rule| named(&rule.from)).collect();
        if !from.is_empty() {
            lines.push(format!("{port} from {}", from.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::Protocol;
    use super::*;

    fn network(port: u16, from: &str) -> Rule {
        Rule::tcp(port, Origin::Network(from.into()))
    }

    fn group(id: &str, rules: &[Rule]) -> SecurityGroup {
        SecurityGroup { id: id.into(), name: format!("{id}-sg"), vpc: None, rules: rules.to_vec() }
    }

    #[test]
    fn roles_need_each_other_as_the_stack_works() {
        let all = [Role::Web, Role::Worker, Role::Cache, Role::DbPrimary, Role::DbReplica];
        let said: Vec<String> = needs(&all).iter().map(ToString::to_string).collect();
        for needed in [
            "load balancer 443 from everybody",
            "web 80 from load balancer",
            "cache 5672 from worker",
            "cache 11211 from web",
            "db-primary 5432 from db-replica",
            "db-replica 5432 from db-primary",
            "db-primary 5432 from worker",
        ] {
            assert!(said.contains(&needed.to_owned()), "{needed}: {said:?}");
        }
        assert_eq!(said.len(), 2 + 2 + 6 + 3 + 3, "{said:?}");
    }

    #[test]
    fn r22_a_combo_server_is_reached_as_web_server_and_primary() {
        let said: Vec<String> =
            needs(&[Role::Combo, Role::Cache, Role::DbReplica]).iter().map(ToString::to_string).collect();
        for needed in ["combo 443 from load balancer", "combo 5432 from db-replica", "cache 6379 from combo"]
        {
            assert!(said.contains(&needed.to_owned()), "{needed}: {said:?}");
        }
        assert!(!said.iter().any(|need| need.contains("combo 5432 from combo")), "{said:?}");
    }

    #[test]
    fn whoever_is_in_the_group_or_in_the_whole_vpc_is_let_in() {
        let networks = ["10.0.0.0/16".to_owned(), "2001:db8::/56".to_owned()];
        let db = group("sg-db", &[Rule::tcp(5432, Origin::Group("sg-web".into()))]);
        assert!(is_reached(&[&db], 5432, &["sg-all".into(), "sg-web".into()], &networks));
        assert!(!is_reached(&[&db], 5432, &["sg-worker".into()], &networks));
        assert!(!is_reached(&[&db], 5433, &["sg-web".into()], &networks));
        let wide = group("sg-db", &[network(5432, "10.0.0.0/8")]);
        assert!(is_reached(&[&wide], 5432, &["sg-worker".into()], &networks));
        let narrow = group("sg-db", &[network(5432, "10.0.3.0/24")]);
        assert!(!is_reached(&[&narrow], 5432, &["sg-worker".into()], &networks));
        let open = group("sg-db", &[network(5432, "0.0.0.0/0")]);
        assert!(!is_reached(&[&open], 5432, &["sg-worker".into()], &networks), "that is to be closed");
    }

    #[test]
    fn r26_ssh_for_everybody_and_inner_ports_from_outside_are_told_with_their_exact_source() {
        let networks = ["10.0.0.0/16".to_owned()];
        let rules = [
            network(22, "0.0.0.0/0"),
            network(22, "203.0.113.0/24"),
            network(5432, "10.0.4.0/24"),
            network(5432, "10.0.0.0/8"),
            network(5432, "192.168.7.0/24"),
            network(5432, "198.51.100.7/32"),
            Rule { protocol: Protocol::Udp, ..network(11_211, "::/0") },
            network(443, "0.0.0.0/0"),
        ];
        let open = group("sg-1", &rules);
        let said: Vec<String> = exposed(&[&open], &networks).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "SSH is open to everybody (0.0.0.0/0) in sg-1-sg (sg-1)",
                "the database (5432) is open to a network outside the VPC (192.168.7.0/24) in sg-1-sg (sg-1)",
                "the database (5432) is open to a network outside the VPC (198.51.100.7/32) in sg-1-sg (sg-1)",
                "Memcached (11211) is open to everybody (::/0) in sg-1-sg (sg-1)",
            ]
        );
        let everything = group("sg-2", &[Rule { protocol: Protocol::All, ..network(0, "0.0.0.0/0") }]);
        assert_eq!(exposed(&[&everything], &networks).len(), 2);
    }

    #[test]
    fn the_sources_of_each_port_are_told_by_name() {
        let web = group("sg-web", &[]);
        let db =
            group("sg-db", &[Rule::tcp(5432, Origin::Group("sg-web".into())), network(22, "10.0.0.0/8")]);
        let all = [web, db.clone()];
        assert_eq!(sources(&[&db], &all), ["22 from 10.0.0.0/8", "5432 from sg-web-sg"]);
    }
}
