//! What a server prints when it is measured: the words of the tools that the sections' scripts run.

mod caches;
mod disks;
mod machine;
mod postgres;
mod rabbitmq;
mod site;
mod units;
mod work;

use super::server::Host;
use super::session::Step;
use crate::fleet::Topic;
use crate::probe::Request;
use crate::remote::ScriptId;
use crate::sandbox::read::View;

/// What one section prints.
#[derive(Debug, Default)]
struct Section {
    /// Whole lines.
    out: String,
    err: String,
    code: u8,
}

impl Section {
    fn of(out: String) -> Self {
        Self { out, ..Self::default() }
    }

    /// A tool that complains.
    fn failed(err: String, code: u8) -> Self {
        Self { err, code, ..Self::default() }
    }

    /// A tool that is not installed.
    fn missing(tool: &str) -> Self {
        Self::failed(format!("sh: 1: {tool}: not found\n"), 127)
    }
}

/// All sections of a request, framed as its script frames them.
pub(super) fn request(view: &View<'_>, host: &Host, request: &Request) -> rusqlite::Result<Vec<Step>> {
    let nonce = request.nonce();
    let mut steps = Vec::new();
    for topic in request.topics() {
        let section = section(view, host, *topic)?;
        let word = topic.word();
        let framed =
            |body: &str| format!("@{nonce} begin {word}\n{body}\n@{nonce} end {word} {}\n", section.code);
        steps.push(Step::Out(framed(&section.out)));
        steps.push(Step::Err(framed(&section.err)));
    }
    Ok(steps)
}

fn section(view: &View<'_>, host: &Host, topic: Topic) -> rusqlite::Result<Section> {
    Ok(match topic {
        Topic::Machine => machine::print(view, host)?,
        Topic::Disks => disks::print(view, host),
        Topic::Units => units::print(view, host),
        Topic::Postgres => postgres::print(view, host)?,
        Topic::RabbitMq => rabbitmq::print(view, host)?,
        Topic::Redis => caches::redis(view, host)?,
        Topic::Memcached => caches::memcached(view, host)?,
        Topic::Supervisor => work::supervisor(view, host),
        Topic::Celery => work::celery(view, host)?,
        Topic::PgBouncer => work::pgbouncer(view, host)?,
        Topic::Code => site::code(view, host),
        Topic::Site => site::site(view, host),
        Topic::Upkeep => site::upkeep(view, host),
    })
}

/// What `redis-cli info` says, and its exit code.
pub(super) fn redis_info(view: &View<'_>, host: &Host) -> rusqlite::Result<(String, u8)> {
    caches::redis(view, host).map(|section| (section.out, section.code))
}

/// A row of the remote port's own table.
pub(super) fn script(view: &View<'_>, host: &Host, script: ScriptId) -> Vec<Step> {
    match script {
        ScriptId::Reach => Vec::new(),
        ScriptId::System => vec![Step::Out(format!(
            "host={}\nkernel=6.8.0-1021-aws\nboot={}\nuser=ubuntu\nsystem=ubuntu\nversion=24.04\n",
            host.hostname(),
            boot_id(view, host),
        ))],
    }
}

fn boot_id(view: &View<'_>, host: &Host) -> String {
    let digits = view.dice.hex(&format!("boot {}", host.id), host.booted_at().cast_unsigned(), 32);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
