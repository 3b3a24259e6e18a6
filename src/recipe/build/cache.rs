//! The cache and queue server: Redis for sessions and results, Memcached, RabbitMQ.

use super::{Part, Plot, installing, part, script};

pub(super) fn parts(plot: &Plot<'_>) -> Vec<Part> {
    vec![redis(), memcached(), rabbitmq(plot), check(plot)]
}

fn redis() -> Part {
    let title = "install Redis, which throws no session away";
    let script = installing("redis", title).then(include_str!("scripts/redis.sh"));
    part("redis", title, script.text(), 1_800)
}

fn memcached() -> Part {
    let title = "install Memcached";
    let script = installing("memcached", title).then(include_str!("scripts/memcached.sh"));
    part("memcached", title, script.text(), 1_800)
}

/// The user is called as the code's owner, as FabulAWS has it.
fn rabbitmq(plot: &Plot<'_>) -> Part {
    let title = "install RabbitMQ with the project's virtual host and user";
    let script = installing("rabbitmq", title)
        .told("vhost", &plot.layout.vhost)
        .told("user", &plot.layout.deploy_user)
        .then(include_str!("scripts/rabbitmq.sh"))
        .then(include_str!("scripts/broker.sh"))
        .then(include_str!("scripts/rabbitmq_user.sh"));
    Part { secrets: &["broker_password"], ..part("rabbitmq", title, script.text(), 2_400) }
}

fn check(plot: &Plot<'_>) -> Part {
    let title = "see that Redis, Memcached and RabbitMQ answer";
    let script = script("check", title)
        .told("vhost", &plot.layout.vhost)
        .told("user", &plot.layout.deploy_user)
        .then(include_str!("scripts/cache_check.sh"));
    part("check", title, script.text(), 300)
}

/// Sees that what others need of it answers, as after a boot.
pub(super) fn works() -> String {
    script("works", "see that Redis, Memcached and RabbitMQ answer")
        .then(include_str!("scripts/cache_up.sh"))
        .text()
}
