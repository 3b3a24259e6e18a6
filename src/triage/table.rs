//! The table of rules. A new one is one row and one function in the file of its family.

use super::patient::Patient;
use super::rules::{
    Symptom, certificates, database, group, queue, reading, servers, traffic, troubles, work,
};

/// What looks for findings of some kinds.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What it looks at, and gives what it finds; nothing where facts are missing.
    pub find: fn(&Patient<'_>) -> Vec<Symptom>,
}

const fn rule(name: &'static str, find: fn(&Patient<'_>) -> Vec<Symptom>) -> Rule {
    Rule { name, find }
}

/// Every rule.
pub const RULES: &[Rule] = &[
    rule("load balancers", traffic::balancers),
    rule("members", traffic::members),
    rule("numbers of load balancers", traffic::numbers),
    rule("draining", traffic::draining),
    rule("certificates", certificates::certificates),
    rule("group", group::group),
    rule("churn", group::churn),
    rule("launches", group::launches),
    rule("releases", group::releases),
    rule("primary", database::primary),
    rule("several primaries", database::several),
    rule("replicas that were left", database::left),
    rule("servers that there must be", servers::missing),
    rule("servers left over", servers::leftovers),
    rule("queues", queue::queues),
    rule("beat", queue::beat),
    rule("troubles of servers", troubles::troubles),
    rule("locks", work::locks),
    rule("reads", reading::reads),
];
