//! A file of one server comes to another, over the operator's machine: no server reaches the other for it, and none gets a
//! key. A piece at a time is in memory; how much has come says where to go on.

use std::sync::Arc;
use std::time::Duration;

use super::{Halt, StepStop, Worker};
use crate::engine::run::entry::{Mutation, MutationEnd, StepEnd};
use crate::engine::run::world::instance_of;
use crate::fleet::text::shell_word;
use crate::fleet::{InstanceId, words};
use crate::plan::{InstanceRef, Relay};
use crate::remote::host_keys::decode_base64;
use crate::remote::{Command, Input};

/// A piece, in bytes.
const PIECE: u64 = 4 * 1024 * 1024;

/// For a piece on its way.
const SHORT: Duration = Duration::from_secs(180);

/// For a large file whose digest is taken.
const LONG: Duration = Duration::from_secs(3_600);

/// Does the step.
pub(super) async fn relay(worker: &mut Worker, relay: &Relay) -> Result<StepEnd, StepStop> {
    let (from, to) = (server(worker, &relay.from).await?, server(worker, &relay.to).await?);
    worker.book.still_holds(&worker.world).await?;
    let mutation = Mutation::Relay { from: from.clone(), to: to.clone(), file: relay.file.clone() };
    let ids = worker.book.intend(&worker.world, worker.step.id, worker.back, &[mutation]).await?;
    let ended = carry(worker, relay, &from, &to).await;
    let end = match &ended {
        Ok(()) => MutationEnd::Done,
        Err(
            StepStop::Failed(why)
            | StepStop::Denied(why)
            | StepStop::Stopped(why)
            | StepStop::Unknown(why)
            | StepStop::Unrecorded(why)
            | StepStop::LockLost(why),
        ) => MutationEnd::NotDone(why.clone()),
    };
    worker.book.came_of(&worker.world, &ids, worker.back, &end).await?;
    ended.map(|()| StepEnd::Done)
}

/// Deletes what has come.
pub(super) async fn take_back(worker: &mut Worker, relay: &Relay) -> Result<(), StepStop> {
    let to = server(worker, &relay.to).await?;
    ask(worker, &to, &relay.back, &[], None, SHORT).await.map(drop)
}

async fn server(worker: &Worker, server: &InstanceRef) -> Result<InstanceId, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    instance_of(server, &slots).map_err(|trouble| StepStop::Failed(trouble.words().to_owned()))
}

async fn carry(
    worker: &mut Worker,
    relay: &Relay,
    from: &InstanceId,
    to: &InstanceId,
) -> Result<(), StepStop> {
    let told = ask(worker, from, &relay.told, &[], None, SHORT).await?;
    let bytes = number(&told, "bytes", from)?;
    let sha256 = word(&told, "sha256").unwrap_or_default().to_owned();
    let about = word(&told, "about").unwrap_or_default().to_owned();
    let mut have = number(&ask(worker, to, &relay.have, &[], None, SHORT).await?, "bytes", to)?;
    if have > bytes {
        have = 0;
    }
    while have < bytes {
        worker.may_go_on(Halt::Soon)?;
        let on_its_way = format!("{} of {}", words::bytes(have), words::bytes(bytes));
        worker.book.status(worker.step.id, on_its_way.clone());
        worker.in_time(&on_its_way)?;
        let length = PIECE.min(bytes - have);
        let place = [("OFFSET", have.to_string()), ("LENGTH", length.to_string())];
        let piece = piece(worker, relay, from, &place, length).await?;
        let came = ask(worker, to, &relay.write, &place, Some(Input::new(piece)), SHORT).await?;
        let now = number(&came, "bytes", to)?;
        if now != have + length {
            return Err(StepStop::Failed(format!(
                "{} on {to} has {now} bytes after a piece, and not {}",
                relay.file,
                have + length
            )));
        }
        have = now;
    }
    let whole = [("SHA256", sha256.clone()), ("ABOUT", about)];
    let told = ask(worker, to, &relay.whole, &whole, None, LONG).await?;
    if sha256.is_empty() || word(&told, "sha256") != Some(sha256.as_str()) {
        return Err(StepStop::Failed(format!("{to} did not say that {} has come as it was", relay.file)));
    }
    Ok(())
}

/// A piece of the file. Where something in it looks like a secret it comes masked, and is asked for once more, with blanks
/// in between that no secret has.
async fn piece(
    worker: &mut Worker,
    relay: &Relay,
    from: &InstanceId,
    place: &[(&str, String)],
    length: u64,
) -> Result<Vec<u8>, StepStop> {
    for apart in ["no", "yes"] {
        let told = [place, &[("APART", apart.to_owned())]].concat();
        let lines = ask(worker, from, &relay.read, &told, None, SHORT).await?;
        let text: String = lines.concat().split_whitespace().collect();
        let decoded = decode_base64(&text);
        if let Some(piece) = decoded.filter(|piece| piece.len() as u64 == length) {
            return Ok(piece);
        }
    }
    Err(StepStop::Failed(format!("{from} does not tell a piece of {} as it is", relay.file)))
}

/// What a script of the relay prints. Asking again does no harm, so that it is until the step's time is over.
async fn ask(
    worker: &mut Worker,
    instance: &InstanceId,
    script: &str,
    told: &[(&str, String)],
    input: Option<Input>,
    deadline: Duration,
) -> Result<Vec<String>, StepStop> {
    let mut text = format!("export QUARTERDECK_SERVER={}\n", shell_word(instance.as_str()));
    for (name, value) in told {
        text = format!("{text}export QUARTERDECK_{name}={}\n", shell_word(value));
    }
    let command = Command { input, ..Command::new(text + script, deadline).sudo(true).bulk(true) };
    worker.patiently(async |world: Arc<_>| world.ask(instance, &command).await).await
}

/// The value of a name that was printed, wherever it stands.
fn word<'l>(lines: &'l [String], name: &str) -> Option<&'l str> {
    let mut all = lines.iter().flat_map(|line| line.split_whitespace());
    all.find_map(|one| one.strip_prefix(name)?.strip_prefix('='))
}

fn number(lines: &[String], name: &str, instance: &InstanceId) -> Result<u64, StepStop> {
    let found = word(lines, name).and_then(|word| word.parse().ok());
    found.ok_or_else(|| StepStop::Failed(format!("{instance} did not say how many {name} there are")))
}
