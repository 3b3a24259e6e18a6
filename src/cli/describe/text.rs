//! What `describe` prints for people: aligned, plain when piped, `?` for what is not known.

use jiff::{SignedDuration, Timestamp};

use super::json::{FailureJson, Subject};
use super::measured_text as measured;
use crate::cli::columns::align;
use crate::console::widgets::text::cut;
use crate::fleet::{
    Changeset, EnvironmentPlace, LoadBalancer, Measured, Overview, Reading, Release, Role, Server, Severity,
    Snapshot, Standing,
};

/// Not known.
pub(super) const UNKNOWN: &str = "?";
/// Known to be nothing.
pub(super) const NONE: &str = "–";
/// The most cells of a column in the table of servers: one long name must not push the others off the screen.
const MOST_CELLS: u16 = 40;

/// Paints severities when the output is a terminal that has colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    pub(crate) colours: bool,
}

impl Paint {
    pub(crate) fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Idle => "2",
            Severity::Ok => "32",
            Severity::Changing => "36",
            Severity::Unknown => "35",
            Severity::Warn => "33",
            Severity::Down => "1;31",
        };
        self.with(code, text)
    }

    pub(crate) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Every line of the output.
pub(crate) fn lines(subject: &Subject<'_>, failures: &[FailureJson], paint: Paint) -> Vec<String> {
    let mut out = vec![header(subject)];
    for (place, overview) in subject.topology.environments.iter().zip(subject.overviews) {
        out.push(String::new());
        environment(subject, place, overview, paint, &mut out);
    }
    if let Some(servers) = &subject.elsewhere
        && !servers.is_empty()
    {
        out.push(String::new());
        out.push(paint.strong("In no environment of the config"));
        server_table(subject, None, servers, &mut out);
    }
    if !failures.is_empty() {
        out.push(String::new());
        out.push(paint.severity(Severity::Unknown, "Could not be read"));
        for failure in failures {
            out.push(format!("  {}: {} ({})", failure.what, failure.message, failure.kind.word()));
        }
    }
    out
}

fn header(subject: &Subject<'_>) -> String {
    let Subject { endpoint, topology, snapshot, .. } = subject;
    let region = if endpoint.region.is_empty() { &topology.region } else { &endpoint.region };
    let who = snapshot
        .identity
        .value()
        .map_or_else(|| UNKNOWN.to_owned(), |i| format!("{} as {}", i.account, i.who()));
    let mut parts = vec![topology.deployment.to_string(), region.clone(), who];
    parts.extend(endpoint.profile.as_ref().map(|p| format!("profile {p}")));
    parts.extend(endpoint.url.clone());
    if endpoint.sandbox {
        parts.push("SANDBOX".into());
    }
    parts.push(format!("{:.0}", subject.now));
    parts.retain(|p| !p.is_empty());
    parts.join("  ")
}

fn environment(
    subject: &Subject<'_>,
    place: &EnvironmentPlace,
    overview: &Overview,
    paint: Paint,
    out: &mut Vec<String>,
) {
    let snapshot = subject.snapshot;
    let badge = if place.production { "  PRODUCTION" } else { "" };
    let severity = paint.severity(overview.severity, overview.severity.word());
    out.push(format!("{}  {severity}{badge}", paint.strong(place.name.as_str())));
    for note in &overview.notes {
        out.push(format!("  {}: {}", paint.severity(note.severity, note.severity.word()), note.text));
    }
    out.push(format!("  release         {}", release_line(subject, place, overview)));
    if !place.domains.is_empty() {
        out.push(format!("  domains         {}", place.domains.join(", ")));
    }
    if snapshot.servers.value().is_some() {
        let servers = snapshot.servers_of(&place.name);
        if servers.is_empty() {
            out.push("  servers         none".into());
        } else {
            server_table(subject, Some(place), &servers, out);
        }
    } else {
        out.push(format!("  servers         {UNKNOWN}{}", why(&snapshot.servers)));
    }
    out.extend(measured::lines(subject.now, overview));
    for (name, count) in place.load_balancers.iter().zip(&overview.balancers) {
        let title = format!("  load balancer   {name}");
        let Some(balancer) = snapshot.load_balancer(name) else {
            let state = match snapshot.load_balancers.value() {
                Some(_) => "does not exist".to_owned(),
                None => format!("{UNKNOWN}{}", why(&snapshot.load_balancers)),
            };
            out.push(format!("{title}  {state}"));
            continue;
        };
        let health = match (count.in_service, count.registered) {
            (Some(n), Some(all)) => format!("{n} of {all} in service"),
            _ => format!("{UNKNOWN} in service{}", snapshot.health.get(name).map_or_else(String::new, why)),
        };
        out.push(format!("{title}  {health}"));
        let listeners: Vec<String> = balancer
            .listeners
            .iter()
            .map(|l| format!("{} {}→{} {}", l.port, l.protocol, l.instance_port, l.instance_protocol))
            .collect();
        let mut facts = vec![if listeners.is_empty() { "no listeners".into() } else { listeners.join(", ") }];
        facts.extend(balancer.health_check.as_ref().map(|c| format!("check {}", c.target)));
        facts.extend(balancer.dns_name.clone());
        out.push(format!("                  {}", facts.join("  ")));
        out.extend(certificates(subject, balancer).map(|line| format!("                  {line}")));
    }
    if place.load_balancers.is_empty() {
        out.push("  load balancer   none in the config".into());
    }
    out.push(format!("  group           {}", group_line(snapshot, place)));
}

/// What users are shown: for which names, and until when.
fn certificates<'a>(
    subject: &'a Subject<'_>,
    balancer: &'a LoadBalancer,
) -> impl Iterator<Item = String> + use<'a> {
    let served = balancer.listeners.iter().filter_map(|one| Some((one.port, one.certificate.as_deref()?)));
    served.map(|(port, arn)| match subject.snapshot.certificate(arn) {
        None => format!("{port} certificate {arn}"),
        Some(None) => format!("{port} certificate {arn}, which does not exist any more"),
        Some(Some(found)) => format!("{port} certificate {}, {}", found.label(), found.ends(subject.now)),
    })
}

fn release_line(subject: &Subject<'_>, place: &EnvironmentPlace, overview: &Overview) -> String {
    let Some(name) = &place.group else { return format!("{NONE} (no group in the config)") };
    if subject.snapshot.group(name).is_none() {
        let known = subject.snapshot.groups.value().is_some();
        return if known { format!("{NONE} (the group does not exist)") } else { UNKNOWN.into() };
    }
    let Release { changeset, made_at, image, launch } = &overview.release;
    let mut parts = vec![changeset.as_ref().map_or_else(|| UNKNOWN.to_owned(), ToString::to_string)];
    parts.extend(made_at.map(|at| format!("made {at:.0} ({} ago)", age(subject.now, at))));
    parts.extend(image.as_ref().map(ToString::to_string));
    parts.extend(launch.clone());
    parts.join("  ")
}

fn group_line(snapshot: &Snapshot, place: &EnvironmentPlace) -> String {
    let Some(name) = &place.group else { return "none in the config".into() };
    let Some(group) = snapshot.group(name) else {
        return match snapshot.groups.value() {
            Some(_) => format!("{name}  does not exist"),
            None => format!("{name}  {UNKNOWN}{}", why(&snapshot.groups)),
        };
    };
    let in_service = group.members.iter().filter(|m| m.lifecycle == "InService").count();
    let suspended: Vec<&str> = group.suspended.iter().map(|s| s.process.as_str()).collect();
    let suspended = if suspended.is_empty() { "none".into() } else { suspended.join(", ") };
    format!(
        "{name}  min {}  desired {}  max {}  in service {in_service}  suspended: {suspended}",
        group.min, group.desired, group.max
    )
}

fn server_table(
    subject: &Subject<'_>,
    place: Option<&EnvironmentPlace>,
    servers: &[&Server],
    out: &mut Vec<String>,
) {
    let headings = [
        "  ROLE",
        "SERVER",
        "NAME",
        "ADDRESS",
        "ZONE",
        "TYPE",
        "STATE",
        "UP",
        "RELEASE",
        "IMAGE",
        "BEHIND",
        "LOAD",
        "MEASURED",
        "LOAD BALANCER",
    ];
    let rows: Vec<_> = servers
        .iter()
        .map(|server| {
            let short = |text: &str| cut(text, MOST_CELLS);
            let text = |t: Option<&str>| t.map_or(NONE.to_owned(), short);
            [
                short(&format!("  {}", role_text(server))),
                server.id.to_string(),
                text(server.name.as_deref()),
                text(server.address()),
                server.zone.to_string(),
                server.instance_type.clone(),
                server.power.word().to_owned(),
                server.launched_at.map_or(UNKNOWN.into(), |at| age(subject.now, at)),
                release_text(subject, server),
                server.image.to_string(),
                behind_text(subject.snapshot, server).to_owned(),
                measured::load(subject, server),
                short(&measured::summary(subject, place, server)),
                membership_text(subject.snapshot, place, server),
            ]
        })
        .collect();
    out.extend(align(headings, &rows));
}

fn role_text(server: &Server) -> String {
    match server.role.standing {
        Standing::Active => server.role.role.to_string(),
        standing => format!("{} ({})", server.role.role, super::standing_word(standing)),
    }
}

/// The release it was launched with, or else what was seen checked out.
fn release_text(subject: &Subject<'_>, server: &Server) -> String {
    let snapshot = subject.snapshot;
    let has_code = matches!(server.role.role, Role::Web | Role::Worker | Role::Combo);
    let code = snapshot.measured(&server.id).and_then(Measured::code);
    if let Some(code) = code.filter(|_| has_code && server.group.is_none()) {
        return Changeset::new(code.changeset.as_str()).short().to_owned();
    }
    let known = snapshot.images.value().is_some() || snapshot.launch.value().is_some();
    let release = snapshot.release_of_server(server);
    let made = release.made_at.map_or(String::new(), |at| format!(" {}", age(subject.now, at)));
    match release.changeset {
        Some(changeset) => format!("{}{made}", changeset.short()),
        None => if known { NONE } else { UNKNOWN }.to_owned(),
    }
}

fn behind_text(snapshot: &Snapshot, server: &Server) -> &'static str {
    match snapshot.is_behind(server) {
        Some(true) => "yes",
        Some(false) => "no",
        None if server.group.is_some() => UNKNOWN,
        None => NONE,
    }
}

/// What each load balancer says of the server, with its reason when it is not in service.
fn membership_text(snapshot: &Snapshot, place: Option<&EnvironmentPlace>, server: &Server) -> String {
    let names = place.map_or(&[][..], |p| &p.load_balancers);
    let expected =
        server.role.standing == Standing::Active && matches!(server.role.role, Role::Web | Role::Combo);
    let words: Vec<String> = names
        .iter()
        .filter_map(|name| {
            let health = snapshot.health.get(name).and_then(Reading::value);
            let word = match (health, snapshot.health_of(name, &server.id)) {
                (None, _) if expected => UNKNOWN.to_owned(),
                (Some(_), None) if expected => "not registered".to_owned(),
                (_, None) => return None,
                (_, Some(member)) => {
                    let reason = member.description.as_deref().filter(|_| member.severity() != Severity::Ok);
                    let word = member.state.word();
                    reason.map_or_else(|| word.to_owned(), |reason| format!("{word}: {reason}"))
                }
            };
            Some(if names.len() > 1 { format!("{name} {word}") } else { word })
        })
        .collect();
    if words.is_empty() { NONE.into() } else { words.join("; ") }
}

/// Why something is not known, in brackets.
fn why<T>(reading: &Reading<T>) -> String {
    reading.failure().map_or_else(String::new, |f| format!(" ({})", f.kind.word()))
}

/// How long ago, in the largest unit that fits.
pub(super) fn age(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.duration_since(at).max(SignedDuration::ZERO).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}
