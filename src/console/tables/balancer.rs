//! An environment's load balancers: their shape against the stack's, and their members.

use super::cells::{count, dim, left, text};
use super::empty;
use super::facts::{Fact, list, server_name};
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Column, Piece, Table};
use crate::console::theme::Scope;
use crate::fleet::{
    CertificateSource, EnvironmentName, FailureKind, HealthCheck, Listener, LoadBalancer, LoadBalancerName,
    MemberHealth, Renewal, Severity,
};

/// The columns of pages that list facts.
pub const COLUMNS: [Column; 3] =
    [left("WHAT", 16, 34, 0), left("STATE", 13, 30, 0), left("DETAIL", 12, 160, 1)];

/// The health check that the stack is built with.
const HEALTH_CHECK: &str = "HTTPS:443/healthcheck.html";

/// Panels for every load balancer of the environment.
pub fn build(state: &State, environment: &EnvironmentName) -> Table {
    let place = state.topology.environment(environment);
    let names = place.map_or(&[][..], |p| p.load_balancers.as_slice());
    let mut facts = Vec::new();
    if state.snapshot.load_balancers.value().is_some() {
        for (n, name) in names.iter().enumerate() {
            let suffix = if n == 0 { String::new() } else { format!(" {}", n + 1) };
            panel(state, name, &suffix, &mut facts);
        }
    }
    let nothing = format!(
        "· The config names no load balancer for {environment}.\nName it under `load_balancers` in \
         fabulaws-config.yml."
    );
    let empty = if names.is_empty() {
        nothing
    } else {
        empty::reading(state, &state.snapshot.load_balancers, &nothing)
    };
    Table {
        columns: COLUMNS.to_vec(),
        rows: facts.into_iter().map(Fact::row).collect(),
        empty,
        spaced: true,
        ..Table::default()
    }
}

fn panel(state: &State, name: &LoadBalancerName, suffix: &str, facts: &mut Vec<Fact>) {
    let shape = format!("shape{suffix}");
    let Some(balancer) = state.snapshot.load_balancer(name) else {
        let words = "It is in the config, and not in this account and region.";
        facts.push(Fact::judged(&shape, name.as_str(), Severity::Down, "does not exist", dim(words)));
        return;
    };
    let scheme = balancer.scheme.as_deref().unwrap_or("?");
    let details = list(balancer.dns_name.as_deref());
    facts.push(Fact::new(
        &shape,
        name.as_str(),
        vec![text(name.as_str(), Scope::TextStrong), dim(scheme), details],
    ));
    listeners(state, balancer, &shape, facts);
    facts.push(health_check(balancer.health_check.as_ref(), &shape));
    facts.push(zones(balancer, &shape));
    members(state, balancer, &format!("members{suffix}"), facts);
}

fn shown(listener: &Listener) -> String {
    format!(
        "{} {} → {} {}",
        listener.port, listener.protocol, listener.instance_port, listener.instance_protocol
    )
}

/// How a listener compares with the stack's: 80→80 HTTP, 443→443 HTTPS; TCP passes, with a remark.
fn judge(listener: &Listener) -> (Severity, &'static str, &'static str) {
    let wanted = match listener.port {
        80 => "HTTP",
        443 => "HTTPS",
        _ => return (Severity::Idle, "extra", "not part of the stack's shape"),
    };
    let same_port = listener.instance_port == listener.port;
    if same_port && listener.protocol == wanted && listener.instance_protocol == wanted {
        (Severity::Ok, "as it should be", "")
    } else if same_port && listener.protocol == "TCP" && listener.instance_protocol == "TCP" {
        let remark = if listener.port == 443 {
            "TCP passes through: the web servers' own certificate is what users see"
        } else {
            "TCP passes through: no X-Forwarded headers"
        };
        (Severity::Ok, "accepted", remark)
    } else if listener.port == 443 {
        (Severity::Warn, "differs", "should be 443 HTTPS → 443 HTTPS")
    } else {
        (Severity::Warn, "differs", "should be 80 HTTP → 80 HTTP")
    }
}

/// What users are shown: for which names, until when, and how it is renewed.
fn certificate(state: &State, arn: &str, severity: Severity, fact: Fact) -> Fact {
    let reading = CertificateSource::of(arn).and_then(|source| state.snapshot.certificates.get(&source));
    let found = match state.snapshot.certificate(arn) {
        Some(Some(found)) => found,
        Some(None) => {
            let words = format!("✖ certificate {arn} does not exist any more");
            let line = vec![Piece::new(words, Scope::Severity(Severity::Down))];
            return fact.with(Severity::Down).detail(line);
        }
        None => {
            let mut line = vec![Piece::new(format!("certificate {arn}"), Scope::TextDim)];
            if let Some(failure) = reading.and_then(|reading| reading.failure()) {
                let words = format!(" · {}", failure.kind.word());
                line.push(Piece::new(words, Scope::Severity(Severity::Unknown)));
            }
            return fact.detail(line);
        }
    };
    let of_days = found.severity(state.now, &state.preferences.thresholds);
    let scope = if of_days >= Severity::Warn { Scope::Severity(of_days) } else { Scope::Text };
    let glyph = if of_days >= Severity::Warn { format!("{} ", of_days.glyph()) } else { String::new() };
    let mut line = vec![
        Piece::new("certificate ", Scope::TextDim),
        Piece::new(found.label(), Scope::Text),
        Piece::new(" · ", Scope::TextDim),
        Piece::new(format!("{glyph}{}", found.ends(state.now)), scope),
    ];
    if let Some(renewal) = &found.renewal {
        let words = match renewal {
            Renewal::Automatic => "ACM renews it".to_owned(),
            Renewal::ByHand => "nobody renews it but you".to_owned(),
            Renewal::Stuck(word) => format!("its renewal is stuck: {word}"),
        };
        line.push(Piece::new(format!(" · {words}"), Scope::TextDim));
    }
    let fact = fact.with(severity.max(if of_days >= Severity::Warn { of_days } else { severity }));
    fact.detail(line).detail(vec![Piece::new(arn, Scope::TextDim)])
}

fn listeners(state: &State, balancer: &LoadBalancer, shape: &str, facts: &mut Vec<Fact>) {
    for listener in &balancer.listeners {
        let (severity, words, remark) = judge(listener);
        let what = format!("listener {}", listener.port);
        let details = [Some(shown(listener)), (!remark.is_empty()).then(|| remark.to_owned())];
        let mut fact = Fact::judged(shape, &what, severity, words, list(details.into_iter().flatten()));
        if listener.protocol == "HTTPS" && listener.certificate.is_none() {
            fact = fact
                .with(Severity::Warn)
                .detail(vec![Piece::new("▲ HTTPS without a certificate", Scope::Severity(Severity::Warn))]);
        }
        facts.push(match &listener.certificate {
            Some(arn) => certificate(state, arn, severity, fact),
            None => fact,
        });
    }
    for (port, protocol) in [(80, "HTTP"), (443, "HTTPS")] {
        if !balancer.listeners.iter().any(|l| l.port == port) {
            let what = format!("listener {port}");
            let details = dim(format!("{port} {protocol} → {port} {protocol} is part of the stack"));
            facts.push(Fact::judged(shape, &what, Severity::Warn, "missing", details));
        }
    }
}

fn health_check(check: Option<&HealthCheck>, shape: &str) -> Fact {
    let Some(check) = check else {
        let details = dim(format!("should be {HEALTH_CHECK}"));
        return Fact::judged(shape, "health check", Severity::Warn, "none", details);
    };
    let (severity, words) = if check.target == HEALTH_CHECK {
        (Severity::Ok, "as it should be")
    } else {
        (Severity::Warn, "differs")
    };
    let mut details = vec![
        check.target.clone(),
        format!("every {}s, waits {}s", check.interval.as_secs(), check.timeout.as_secs()),
        format!("in after {} good, out after {} bad", check.healthy_threshold, check.unhealthy_threshold),
    ];
    if severity != Severity::Ok {
        details.insert(1, format!("should be {HEALTH_CHECK}"));
    }
    Fact::judged(shape, "health check", severity, words, list(details))
}

fn zones(balancer: &LoadBalancer, shape: &str) -> Fact {
    let names = list(balancer.zones.iter().map(crate::fleet::Zone::as_str));
    Fact::new(
        shape,
        "zones",
        vec![text("zones", Scope::Text), dim(count(balancer.zones.len(), "zone")), names],
    )
}

fn members(state: &State, balancer: &LoadBalancer, section: &str, facts: &mut Vec<Fact>) {
    let Some(reading) = state.snapshot.health.get(&balancer.name) else {
        facts.push(Fact::judged(section, "members", Severity::Unknown, "not read yet", list([""; 0])));
        return;
    };
    let Some(members) = reading.value() else {
        let (words, details) = reading.failure().map_or(("not read yet", String::new()), |f| {
            let word = if f.kind == FailureKind::Denied { "forbidden" } else { f.kind.word() };
            (word, f.message.clone())
        });
        facts.push(Fact::judged(section, "members", Severity::Unknown, words, dim(details)));
        return;
    };
    if members.is_empty() {
        let details = dim("Nothing answers users. Register servers, or look at the group.");
        facts.push(Fact::judged(section, "members", Severity::Down, "none", details));
    }
    let mut sorted: Vec<&MemberHealth> = members.iter().collect();
    sorted.sort_by(|a, b| (b.severity(), &a.instance).cmp(&(a.severity(), &b.instance)));
    facts.extend(sorted.into_iter().map(|member| self::member(state, balancer, section, member)));
}

fn member(state: &State, balancer: &LoadBalancer, section: &str, member: &MemberHealth) -> Fact {
    let severity = member.severity();
    let words = member.word();
    let why = member.description.as_deref().filter(|d| !d.is_empty() && *d != "N/A");
    let server = state.snapshot.server(&member.instance);
    let place = server.map(|s| {
        let up = s.launched_at.map_or("?".to_owned(), |at| age::since(at, state.now));
        format!("{} · up {up}", s.zone.short())
    });
    let details = match why {
        Some(why) if severity > Severity::Ok => {
            let mut cell = text(why, Scope::Severity(severity));
            let since = state.snapshot.since(&balancer.name, &member.instance);
            if let Some(words) = since.and_then(|since| age::held(since, state.now)) {
                cell.pieces.insert(0, Piece::new(format!("{words}: "), Scope::TextDim));
            }
            cell
        }
        _ => dim(place.unwrap_or_default()),
    };
    let cells = vec![
        server_name(&state.snapshot, &member.instance, severity),
        text(words, super::cells::said(severity)),
        details,
    ];
    Fact::new(section, member.instance.as_str(), cells).of_server(&member.instance).with(severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(port: u16, protocol: &str, instance_port: u16) -> Listener {
        Listener {
            protocol: protocol.into(),
            port,
            instance_protocol: protocol.into(),
            instance_port,
            certificate: None,
        }
    }

    #[test]
    fn listeners_are_held_against_the_stacks_shape() {
        let severity = |port, protocol, to| judge(&listener(port, protocol, to)).0;
        assert_eq!(severity(80, "HTTP", 80), Severity::Ok);
        assert_eq!(severity(443, "HTTPS", 443), Severity::Ok);
        assert_eq!(judge(&listener(443, "TCP", 443)).1, "accepted");
        assert_eq!(severity(443, "HTTP", 80), Severity::Warn);
        assert_eq!(severity(80, "HTTP", 8000), Severity::Warn);
        assert_eq!(severity(8443, "HTTPS", 8443), Severity::Idle);
    }
}
