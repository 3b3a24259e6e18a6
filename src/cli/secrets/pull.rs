//! `secrets pull`: what is in a server's settings comes into the file of secrets.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use super::{VERSION, not_committed, note, servers, templates};
use crate::cli::args::{Globals, PullOptions};
use crate::cli::columns::align;
use crate::cli::exit::{Exit, Stop};
use crate::cli::target::Target;
use crate::cli::{complain, console, text};
use crate::config::secrets::Secret;
use crate::fleet::text::shell_word;
use crate::fleet::{EnvironmentPlace, Role, Server};
use crate::operation;
use crate::template::{Known, NoValue, Whence};

/// Everything that is printed; `docs/secrets-json.md` has the shape.
#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    environment: String,
    server: String,
    file: String,
    secrets: Vec<SecretJson>,
    written: bool,
    /// Where what was there before is kept.
    kept: Option<String>,
}

#[derive(Debug, Serialize)]
struct SecretJson {
    name: String,
    state: &'static str,
    why: Option<String>,
}

/// Reads what the server has, shows which names are meant, and writes them where that was agreed to.
pub(crate) async fn run(
    globals: &Globals,
    target: Target,
    options: &PullOptions,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let place = operation::place(&target.topology, &options.environment)?.clone();
    let templates = templates(&target)?;
    if globals.read_only {
        return Err(Stop::Refused("--read-only: nothing is written".into()));
    }
    let all = target.cloud.servers(&target.topology.deployment).await;
    let all = all.map_err(|error| Stop::Failed(error.to_string()))?;
    let server = chosen(&all, &place, options.server.as_deref())?;
    let (name, reader) = (place.name.to_string(), templates.clone());
    let read = tokio::task::spawn_blocking(move || (reader.known(&name), reader.values(&name))).await;
    let (known, here) = read.map_err(|error| Stop::Failed(format!("Secrets cannot be read: {error}")))?;
    for name in &options.secret {
        if !known.iter().any(|one| one.name == *name) {
            let names: Vec<&str> = known.iter().map(|one| one.name.as_str()).collect();
            return Err(Stop::Usage(text::no_such("secret", name, &names)));
        }
    }
    let told = servers::values(&target, &place, &all, server).await;
    let told = told.map_err(|why| {
        Stop::Failed(format!("{} {} did not tell its secrets: {why}", server.role.role, server.id))
    })?;
    let (rows, new) = meant(&known, &here, &told, &options.secret);
    let file = templates.file_of_secrets(place.name.as_str());
    let mut document = Document {
        version: VERSION,
        environment: place.name.to_string(),
        server: server.id.to_string(),
        file: file.display().to_string(),
        secrets: rows,
        written: false,
        kept: None,
    };
    let failed = |row: &SecretJson| options.secret.contains(&row.name) && row.state == "not-read";
    let exit = if document.secrets.iter().any(failed) { Exit::Failed } else { Exit::Done };
    if new.is_empty() {
        print(&document, globals.json, out)?;
        return Ok(exit);
    }
    not_committed(&file).await?;
    if !options.yes {
        print(&document, globals.json, out)?;
        complain(&format!(
            "quarterdeck: nothing was written. If you mean it:\n  {}",
            again(globals, options)
        ));
        return Ok(Exit::Refused);
    }
    let (name, note) = (place.name.to_string(), note(target.cloud.now()));
    let written = tokio::task::spawn_blocking(move || templates.keep(&name, &new, &note)).await;
    let kept = written.unwrap_or_else(|error| Err(error.to_string())).map_err(Stop::Failed)?;
    document.written = true;
    document.kept = kept.map(|path| path.display().to_string());
    print(&document, globals.json, out)?;
    Ok(exit)
}

/// The server that is meant: the only worker, where nobody says which.
fn chosen<'s>(all: &'s [Server], place: &EnvironmentPlace, word: Option<&str>) -> Result<&'s Server, Stop> {
    let there = servers::with_settings(all, place);
    let ids = |some: &[&Server]| {
        some.iter().map(|one| format!("{} {}", one.role.role, one.id)).collect::<Vec<_>>().join(", ")
    };
    if let Some(word) = word {
        let fits: Vec<&Server> =
            there.iter().copied().filter(|server| server.id.as_str().starts_with(word)).collect();
        return match fits.as_slice() {
            [server] => Ok(server),
            [] => {
                let known: Vec<&str> = there.iter().map(|server| server.id.as_str()).collect();
                Err(Stop::Usage(text::no_such("running server with settings", word, &known)))
            }
            several => {
                Err(Stop::Usage(format!("--server may be any of {}: give the whole id", ids(several))))
            }
        };
    }
    let workers: Vec<&Server> =
        there.iter().copied().filter(|server| server.role.role != Role::Web).collect();
    match workers.as_slice() {
        [server] => Ok(server),
        [] if there.is_empty() => Err(Stop::Failed(format!(
            "{} has no running server with settings: there is nobody to ask",
            place.name
        ))),
        [] => Err(Stop::Usage(format!(
            "{} has no worker: say which, with --server: {}",
            place.name,
            ids(&there)
        ))),
        several => Err(Stop::Usage(format!(
            "{} has several workers: say which, with --server: {}",
            place.name,
            ids(several)
        ))),
    }
}

/// How each secret stands, and those that would be written.
fn meant(
    known: &[Known],
    here: &BTreeMap<String, Secret>,
    told: &servers::Values,
    asked: &[String],
) -> (Vec<SecretJson>, BTreeMap<String, Secret>) {
    let mut new = BTreeMap::new();
    let is_meant = |one: &&Known| asked.is_empty() || asked.contains(&one.name);
    let rows = known.iter().filter(is_meant).map(|one| {
        let (state, why) = match (told.get(&one.name), here.get(&one.name)) {
            (Some(Ok(there)), Some(value)) if there == value => ("same", None),
            (Some(Ok(_)), Some(_)) if asked.is_empty() && matches!(one.whence, Whence::Program(_)) => {
                let Whence::Program(program) = &one.whence else { return none(one) };
                (
                    "left",
                    Some(format!(
                        "{program} tells it, and another one: name it with --secret to write it here"
                    )),
                )
            }
            (Some(Ok(there)), value) => {
                new.insert(one.name.clone(), there.clone());
                (if value.is_some() { "differs" } else { "new" }, None)
            }
            (Some(Err(why)), _) => ("not-read", Some(words(*why).to_owned())),
            (None, _) => return none(one),
        };
        SecretJson { name: one.name.clone(), state, why }
    });
    (rows.collect(), new)
}

fn none(one: &Known) -> SecretJson {
    SecretJson { name: one.name.clone(), state: "not-read", why: Some(words(NoValue::NotInSettings).into()) }
}

const fn words(why: NoValue) -> &'static str {
    match why {
        NoValue::NotInSettings => "the template of the settings has it nowhere",
        NoValue::NotThere => "the settings of the server have it nowhere",
        NoValue::Unclear => {
            "it cannot be read back: a filter changes it, or it stands where more than one answer fits"
        }
        NoValue::Several => "the settings of the server have different ones in several places",
    }
}

fn again(globals: &Globals, options: &PullOptions) -> String {
    let mut words = vec!["quarterdeck".to_owned()];
    words.extend(console::words(globals));
    words.extend(["secrets".to_owned(), "pull".into(), options.environment.clone()]);
    let option = |name: &str, value: &String| [format!("--{name}"), value.clone()];
    words.extend(options.secret.iter().flat_map(|name| option("secret", name)));
    words.extend(options.server.iter().flat_map(|server| option("server", server)));
    words.push("--yes".into());
    words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
}

fn print(document: &Document, json: bool, out: &mut dyn Write) -> Result<(), Stop> {
    if json {
        text::write_json(out, document)?;
    } else {
        for line in lines(document) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(())
}

fn lines(document: &Document) -> Vec<String> {
    let mut lines = vec![format!("Secrets of {} as {} has them", document.environment, document.server)];
    let row = |one: &SecretJson| {
        let said = match one.state {
            "same" => "the same here",
            "new" => "new here",
            "differs" => "differs from the one here",
            "left" => "left",
            _ => "not read back",
        };
        let said = one.why.as_ref().map_or_else(|| said.to_owned(), |why| format!("{said}: {why}"));
        [one.name.clone(), said]
    };
    let rows: Vec<[String; 2]> = document.secrets.iter().map(row).collect();
    lines.extend(align(["SECRET", "THERE"], &rows));
    let changes = document.secrets.iter().filter(|one| ["new", "differs"].contains(&one.state)).count();
    lines.push(match (document.written, &document.kept, changes) {
        (true, Some(kept), _) => {
            format!(
                "{} is written; what it was is kept in {kept}: remove that once nobody wants it",
                document.file
            )
        }
        (true, None, _) => format!("{} is written", document.file),
        (false, _, 0) => "There is nothing to write".into(),
        (false, ..) => format!("They would be written into {}", document.file),
    });
    lines
}
