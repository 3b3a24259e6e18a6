//! RabbitMQ, as `rabbitmqctl` tells about it.

use serde_json::json;

use super::Section;
use crate::sandbox::hosts::server::Host;
use crate::sandbox::hosts::truth::{queue, services};
use crate::sandbox::read::View;

pub(super) fn print(view: &View<'_>, host: &Host) -> rusqlite::Result<Section> {
    if services::find(view, host, "rabbitmq-server").is_none() {
        return Ok(Section::missing("rabbitmqctl"));
    }
    let node = format!("rabbit@{}", host.hostname());
    if !services::is_up(view, host, "rabbitmq-server") {
        let text = format!(
            "Error: unable to perform an operation on node '{node}'. Please see diagnostics information\n"
        );
        return Ok(Section::failed(text, 69));
    }
    let queues: Vec<String> = queue::queues(view, host)?
        .iter()
        .map(|queue| {
            json!({
                "name": queue.name,
                "messages_ready": queue.ready,
                "messages_unacknowledged": queue.unacknowledged,
                "consumers": queue.consumers,
            })
            .to_string()
        })
        .collect();
    let alarms: Vec<_> = host
        .trouble("rabbit-alarm")
        .map(|_| json!({"resource": "memory", "node": node, "type": "resource_limit"}))
        .into_iter()
        .collect();
    let status = json!({
        "alarms": alarms,
        "erlang_version": "Erlang/OTP 25 [erts-13.2.2.5]",
        "os": "Linux",
        "rabbitmq_version": "3.12.1",
        "uptime": (view.now - services::find(view, host, "rabbitmq-server").map_or(0, |unit| unit.since)) / 1_000,
    });
    let vhosts = if queues.is_empty() {
        let vhost = format!("{}_{}", crate::sandbox::places::DEPLOYMENT, host.environment);
        format!("vhosts\n{}\n", json!([{"name": "/"}, {"name": vhost}]))
    } else {
        String::new()
    };
    Ok(Section::of(format!("[\n{}\n]\nstatus\n{status}\n{vhosts}", queues.join("\n,"))))
}
