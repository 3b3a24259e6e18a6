//! `trust`: shows the host key that a server presents beside what is known about it, and pins it when the operator
//! has said so, or when the instance's console output proves it.

#[cfg(test)]
mod tests;

use std::io::Write;

use serde::Serialize;

use super::exit::{Exit, Stop};
use super::target::Target as Fleet;
use super::text;
use crate::cloud::CloudRead;
use crate::fleet::text::one_line;
use crate::fleet::text::shell_word;
use crate::fleet::{Server, Topology};
use crate::remote::host_keys::{HostKey, Origin, Pin, Trust, keys_in_console};
use crate::remote::{Refusal, Target};

/// The shape's version.
const VERSION: u32 = 1;

/// What to do.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) server: String,
    pub(crate) fingerprint: Option<String>,
    pub(crate) yes: bool,
    pub(crate) replace: bool,
    pub(crate) json: bool,
    /// The global options that were given, for the command that is advised.
    pub(crate) globals: Vec<String>,
}

/// What the instance's console output says about the presented key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Console {
    /// It shows this key.
    Same,
    /// It shows keys, and this is none of them.
    Others,
    /// It shows none, or could not be read.
    Silent,
}

/// Everything that is printed; `docs/trust-json.md` has the shape.
#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    instance: String,
    name: Option<String>,
    address: String,
    presented: HostKey,
    /// What is pinned now.
    pinned: Vec<Pin>,
    console: Console,
    console_note: Option<String>,
    trusted: bool,
    /// What to do when it is not trusted.
    advice: Option<String>,
}

/// Shows the server's key and pins it if it may. Ends with [`Exit::Refused`] when it may not.
pub(crate) async fn run(fleet: Fleet, request: &Request, out: &mut dyn Write) -> Result<Exit, Stop> {
    let Some(remote) = fleet.remote else {
        return Err(Stop::Failed(fleet.no_remote.unwrap_or_else(|| "Servers cannot be asked here".into())));
    };
    let server = find(&*fleet.cloud, &fleet.topology, &request.server).await?;
    let target = target(&server, &fleet.topology)?;
    let failed = |refusal: Refusal| Stop::Failed(one_line(&refusal.to_string()));
    let pinned = remote.pins(&target).map_err(failed)?;
    let presented = remote.presented_key(&target).await.map_err(failed)?;
    let (console, console_note) = look_at_console(&*fleet.cloud, &server, &presented).await;
    let advice = if pinned.iter().any(|pin| pin.key == presented) {
        None
    } else {
        decide(request, &server, &presented, &pinned, console).map_or_else(Some, |()| None)
    };
    let pinned = if advice.is_some() || pinned.iter().any(|pin| pin.key == presented) {
        pinned
    } else {
        remote.trust(&target, word(request, &presented, console)).await.map_err(failed)?
    };
    let exit = if advice.is_none() { Exit::Done } else { Exit::Refused };
    let document = Document {
        version: VERSION,
        instance: server.id.to_string(),
        name: server.name,
        address: target.address().to_owned(),
        presented,
        pinned,
        console,
        console_note,
        trusted: advice.is_none(),
        advice,
    };
    if request.json {
        text::write_json(out, &document)?;
    } else {
        for line in lines(&document) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(exit)
}

/// The server of this id, of an id that begins so, or of this name.
async fn find(cloud: &dyn CloudRead, topology: &Topology, word: &str) -> Result<Server, Stop> {
    let servers = cloud.servers(&topology.deployment).await.map_err(|e| Stop::Failed(e.to_string()))?;
    let there: Vec<&Server> = servers.iter().filter(|server| !server.is_gone()).collect();
    let exact: Vec<&&Server> = there.iter().filter(|server| server.id.as_str() == word).collect();
    let alike: Vec<&&Server> = there
        .iter()
        .filter(|server| server.id.as_str().starts_with(word) || server.name.as_deref() == Some(word))
        .collect();
    match if exact.is_empty() { alike.as_slice() } else { exact.as_slice() } {
        [server] => Ok((**server).clone()),
        [] => {
            let known: Vec<&str> = there.iter().map(|server| server.id.as_str()).collect();
            Err(Stop::Usage(text::no_such("server", word, &known)))
        }
        several => {
            let ids: Vec<&str> = several.iter().map(|server| server.id.as_str()).collect();
            let word = one_line(word);
            Err(Stop::Usage(format!("“{word}” may be any of {}: give the whole id", ids.join(", "))))
        }
    }
}

fn target(server: &Server, topology: &Topology) -> Result<Target, Stop> {
    let address = server.ssh_address(topology.ssh_address).unwrap_or_default();
    Target::new(server.id.clone(), address).map_err(|bad| Stop::Failed(format!("{}: {bad}", server.id)))
}

async fn look_at_console(
    cloud: &dyn CloudRead,
    server: &Server,
    presented: &HostKey,
) -> (Console, Option<String>) {
    match cloud.console_output(&server.id).await {
        Err(error) => (Console::Silent, Some(error.to_string())),
        Ok(text) => match keys_in_console(&text.unwrap_or_default()) {
            keys if keys.is_empty() => (Console::Silent, Some("it shows no host keys".into())),
            keys if keys.contains(presented) => (Console::Same, None),
            keys => {
                let shown: Vec<String> = keys.iter().map(ToString::to_string).collect();
                (Console::Others, Some(shown.join(", ")))
            }
        },
    }
}

/// Whether the presented key may be pinned; otherwise what to do.
fn decide(
    request: &Request,
    server: &Server,
    presented: &HostKey,
    pinned: &[Pin],
    console: Console,
) -> Result<(), String> {
    if let Some(wanted) = &request.fingerprint
        && !presented.has_fingerprint(wanted)
    {
        return Err(format!(
            "It presents {}, not {}: somebody else answers, or the fingerprint is another key's",
            presented.fingerprint(),
            one_line(wanted)
        ));
    }
    let said = request.fingerprint.is_some() || request.yes;
    let mut command = "quarterdeck".to_owned();
    for word in &request.globals {
        command = command + " " + &shell_word(word);
    }
    command = format!("{command} trust {} --fingerprint {}", server.id, presented.fingerprint());
    if !pinned.is_empty() && !request.replace {
        return Err(format!(
            "This instance had another key before. Find out why (was it made anew? does another machine answer?), \
             and only then: {command} --replace"
        ));
    }
    if console == Console::Others && request.fingerprint.is_none() {
        return Err(format!(
            "The instance printed other keys on its console. Find out who answers, and only then: {command}"
        ));
    }
    if said || (console == Console::Same && pinned.is_empty()) {
        return Ok(());
    }
    Err(format!("Compare the fingerprint with what you know of the server; if it is the same: {command}"))
}

fn word(request: &Request, presented: &HostKey, console: Console) -> Trust {
    match console {
        _ if request.replace => Trust::Replace(presented.fingerprint()),
        Console::Same => Trust::Console(vec![presented.clone()]),
        Console::Others | Console::Silent => Trust::Operator(presented.fingerprint()),
    }
}

fn lines(document: &Document) -> Vec<String> {
    let name = document.name.as_ref().map(|name| format!("  {name}")).unwrap_or_default();
    let mut lines = vec![
        format!("server    {}{name}  {}", document.instance, document.address),
        format!("presents  {}", document.presented),
    ];
    let console = match (document.console, &document.console_note) {
        (Console::Same, _) => "shows the same key".to_owned(),
        (Console::Others, note) => format!("shows other keys: {}", note.as_deref().unwrap_or("?")),
        (Console::Silent, note) => note.clone().unwrap_or_else(|| "is silent".into()),
    };
    lines.push(format!("console   {console}"));
    if document.pinned.is_empty() {
        lines.push("pinned    nothing".into());
    }
    for pin in &document.pinned {
        let origin = match pin.origin {
            Origin::Console => "from the console output",
            Origin::Operator => "by the operator",
        };
        let since = pin.at.map(|at| format!(", {at}")).unwrap_or_default();
        lines.push(format!("pinned    {}  {origin}{since}", pin.key));
    }
    lines.push(String::new());
    lines.push(match &document.advice {
        None => "Trusted: any other key will be refused.".to_owned(),
        Some(advice) => format!("Not trusted. {advice}"),
    });
    lines
}
