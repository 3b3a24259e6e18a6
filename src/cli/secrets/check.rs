//! `secrets check`: which secrets there are, where from, and which are others on servers.

use std::io::Write;

use serde::Serialize;

use super::{VERSION, servers, templates};
use crate::cli::columns::align;
use crate::cli::exit::{Exit, Stop};
use crate::cli::target::Target;
use crate::cli::text;
use crate::fleet::{EnvironmentPlace, words};
use crate::operation;
use crate::template::{Drift, Known, Standing, Whence};

/// Everything that is printed; `docs/secrets-json.md` has the shape.
#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    environment: String,
    file: String,
    secrets: Vec<SecretJson>,
    servers: Vec<ServerJson>,
}

#[derive(Debug, Serialize)]
struct SecretJson {
    name: String,
    /// `password_names` has it.
    named: bool,
    source: &'static str,
    program: Option<String>,
    why: Option<String>,
    servers: Vec<StandingJson>,
}

#[derive(Debug, Serialize)]
struct StandingJson {
    server: String,
    standing: &'static str,
}

#[derive(Debug, Serialize)]
struct ServerJson {
    server: String,
    role: String,
    /// Why it told nothing.
    failure: Option<String>,
}

/// Looks, and prints it. Ends with [`Exit::Failed`] when a secret is missing, differs, or could not be compared because no
/// server told.
pub(crate) async fn run(
    target: Target,
    environment: &str,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let place = operation::place(&target.topology, environment)?.clone();
    let templates = templates(&target)?;
    let name = place.name.to_string();
    let told = tokio::task::spawn_blocking(move || (templates.known(&name), templates.facts(&name))).await;
    let (known, facts) = told.map_err(|error| Stop::Failed(format!("Secrets cannot be read: {error}")))?;
    let all = target.cloud.servers(&target.topology.deployment).await;
    let all = all.map_err(|error| Stop::Failed(error.to_string()))?;
    let drift = servers::drift(&target, &place, &all, servers::Reach::ALL).await.unwrap_or_default();
    let document = document(&place, &facts.secrets_file, &known, &drift);
    if json {
        text::write_json(out, &document)?;
    } else {
        for line in lines(&document, &drift) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    let is_missing = |one: &Known| one.is_named && matches!(one.whence, Whence::Nowhere(_));
    let untold = !drift.servers.is_empty() && drift.silent().count() == drift.servers.len();
    let bad = known.iter().any(is_missing) || !drift.differing().is_empty() || untold;
    Ok(if bad { Exit::Failed } else { Exit::Done })
}

fn document(place: &EnvironmentPlace, file: &str, known: &[Known], drift: &Drift) -> Document {
    let secrets = known.iter().map(|one| {
        let (source, program, why) = match &one.whence {
            Whence::File => ("file", None, None),
            Whence::Program(program) => ("program", Some(program.clone()), None),
            Whence::Nowhere(why) => ("none", None, why.clone()),
        };
        let standing = |server: &crate::template::ServerDrift| {
            let standing = *server.told.as_ref().ok()?.get(&one.name)?;
            Some(StandingJson { server: server.id.to_string(), standing: word(standing) })
        };
        let servers = drift.servers.iter().filter_map(standing).collect();
        SecretJson { name: one.name.clone(), named: one.is_named, source, program, why, servers }
    });
    let servers = drift.servers.iter().map(|server| ServerJson {
        server: server.id.to_string(),
        role: server.role.to_string(),
        failure: server.told.as_ref().err().cloned(),
    });
    Document {
        version: VERSION,
        environment: place.name.to_string(),
        file: file.to_owned(),
        secrets: secrets.collect(),
        servers: servers.collect(),
    }
}

const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Same => "same",
        Standing::Differs => "differs",
        Standing::OnlyThere => "only-there",
        Standing::NotThere => "not-there",
        Standing::Unclear => "unclear",
    }
}

fn lines(document: &Document, drift: &Drift) -> Vec<String> {
    let environment = &document.environment;
    let mut lines = vec![format!("Secrets of {environment}, in {}", document.file)];
    let rows: Vec<[String; 3]> = document.secrets.iter().map(|one| row(one, drift)).collect();
    lines.extend(align(["SECRET", "HERE", "ON SERVERS"], &rows));
    for (server, why) in drift.silent() {
        lines.push(format!("{} {} did not tell: {why}", server.role, server.id));
    }
    if drift.servers.is_empty() {
        lines.push("No server with settings runs: nothing was compared".into());
    }
    if !drift.differing().is_empty() {
        lines.push(format!(
            "Where the servers are right: quarterdeck secrets pull {environment}. Where the file is: quarterdeck apply \
             push-secrets {environment}, or rotate-secret for passwords of databases and queues"
        ));
    }
    lines
}

fn row(one: &SecretJson, drift: &Drift) -> [String; 3] {
    let here = match (one.source, &one.program, &one.why) {
        ("file", ..) => "in the file".to_owned(),
        (_, Some(program), _) => format!("told by {program}"),
        (.., Some(why)) => format!("MISSING: {why}"),
        _ => "MISSING".to_owned(),
    };
    let count = |word: &str| one.servers.iter().filter(|server| server.standing == word).count();
    let of = |n: usize| words::count(n as u64, "server");
    let mut there = Vec::new();
    if let Some(servers) = drift.differing().get(one.name.as_str()) {
        let ids: Vec<&str> = servers.iter().map(|server| server.id.as_str()).collect();
        there.push(format!("DIFFERS on {}", ids.join(", ")));
    }
    for (word, said) in [
        ("same", "the same on"),
        ("only-there", "has a value on"),
        ("unclear", "cannot be compared on"),
        ("not-there", "not in the settings of"),
    ] {
        let n = count(word);
        if n > 0 {
            there.push(format!("{said} {}", of(n)));
        }
    }
    [one.name.clone(), here, there.join("; ")]
}
