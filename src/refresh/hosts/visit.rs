//! One visit: asks one server, and says what came of it. Always ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use crate::cloud::CloudRead;
use crate::fleet::text::one_line;
use crate::fleet::{Fact, Failure, FailureKind, HostKeyQuestion, InstanceId, Topic};
use crate::probe::{Printed, Request, Unread};
use crate::remote::host_keys::{HostKey, Origin, Trust, keys_in_console};
use crate::remote::{Ending, Line, Outcome, Refusal, RemoteRead, Stream, Target};

/// The most that a server may say in one visit, in bytes and in lines.
const MOST_BYTES: usize = 4 * 1024 * 1024;
const MOST_LINES: usize = 50_000;

/// What a visit may take beyond the request's own deadline, whatever the adapter does.
const MARGIN: Duration = Duration::from_secs(60);

/// What came of a visit.
#[derive(Debug)]
pub(crate) enum Came {
    /// The server answered: every topic asked for, read or not.
    Facts(BTreeMap<Topic, Result<Fact, Unread>>),
    /// It could not be asked.
    Nothing(Failure),
    /// Its host key has to be decided on.
    Key(Failure, HostKeyQuestion),
    /// Its key is pinned now.
    Trusted,
}

/// A visit that has ended.
#[derive(Debug)]
pub(crate) struct HostOutcome {
    pub(crate) instance: InstanceId,
    /// When it began, by the cloud's clock: what it says is at least this fresh.
    pub(crate) at: Timestamp,
    pub(crate) came: Came,
}

/// Measures. Where the server's key is not known, the console output of its instance is looked at first.
pub(crate) async fn measure(
    cloud: Arc<dyn CloudRead>,
    remote: Arc<dyn RemoteRead>,
    target: Target,
    request: Request,
) -> HostOutcome {
    let at = cloud.now();
    let came = match attempt(&*remote, &target, &request).await {
        Err(Refusal::UnknownHostKey { presented, server }) => {
            match pin_from_console(&*cloud, &*remote, &target).await {
                Ok(()) => match attempt(&*remote, &target, &request).await {
                    Ok(came) => came,
                    Err(refusal) => with_record(refusal, &*remote, &target),
                },
                Err(note) => refused(Refusal::UnknownHostKey { presented, server }, Some(note)),
            }
        }
        Err(refusal) => with_record(refusal, &*remote, &target),
        Ok(came) => came,
    };
    HostOutcome { instance: target.instance().clone(), at, came }
}

/// Pins what the operator saw. Also says what was done, or why nothing was, as one line.
pub(crate) async fn trust(
    cloud: Arc<dyn CloudRead>,
    remote: Arc<dyn RemoteRead>,
    target: Target,
    word: Trust,
) -> (HostOutcome, Result<String, String>) {
    let which = if matches!(word, Trust::Replace(_)) { "new host key" } else { "host key" };
    let mut said = Ok(format!("The {which} of {} is trusted", target.instance()));
    let came = match remote.trust(&target, word).await {
        Ok(_) => Came::Trusted,
        Err(refusal) => {
            let note = one_line(&refusal.to_string());
            said = Err(note.clone());
            let pins = remote.pins(&target).unwrap_or_default();
            let pinned: Vec<HostKey> = pins.into_iter().map(|pin| pin.key).collect();
            match (refusal, remote.presented_key(&target).await) {
                // Still not decided: the question stands, with what is presented now.
                (Refusal::Failed { server, .. }, Ok(presented)) if pinned.is_empty() => {
                    refused(Refusal::UnknownHostKey { server, presented }, Some(note))
                }
                (Refusal::Failed { server, .. }, Ok(key)) if !pinned.contains(&key) => {
                    refused(Refusal::ChangedHostKey { server, pinned, presented: Some(key) }, Some(note))
                }
                (refusal @ Refusal::ChangedHostKey { .. }, _) => with_record(refusal, &*remote, &target),
                (refusal, _) => refused(refusal, Some(note)),
            }
        }
    };
    (HostOutcome { instance: target.instance().clone(), at: cloud.now(), came }, said)
}

/// Looks into the instance's console output and pins what stands there.
///
/// # Errors
/// Why nothing was pinned, as one line.
pub async fn pin_from_console(
    cloud: &dyn CloudRead,
    remote: &dyn RemoteRead,
    target: &Target,
) -> Result<(), String> {
    let printed = match timeout(MARGIN, cloud.console_output(target.instance())).await {
        Ok(Ok(text)) => keys_in_console(&text.unwrap_or_default()),
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("AWS did not tell the instance's console output in time".into()),
    };
    if printed.is_empty() {
        return Err("The instance's console output shows no host keys".into());
    }
    match remote.trust(target, Trust::Console(printed)).await {
        Ok(_) => Ok(()),
        Err(refusal) => Err(one_line(&refusal.to_string())),
    }
}

/// A refusal; where the key has changed, with how the old one is known, and what settles it.
fn with_record(refusal: Refusal, remote: &dyn RemoteRead, target: &Target) -> Came {
    let Refusal::ChangedHostKey { .. } = &refusal else { return refused(refusal, None) };
    let pins = remote.pins(target).unwrap_or_default();
    let known = pins.iter().map(|pin| {
        let origin = match pin.origin {
            Origin::Console => "read from the console output",
            Origin::Operator => "trusted by the operator",
        };
        let since = pin.at.map(|at| format!(" on {}", at.strftime("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
        format!("{} was {origin}{since}", pin.key)
    });
    let known = known.collect::<Vec<_>>().join("; ");
    let note = format!("{known}; only `quarterdeck trust {} --replace` takes another", target.instance());
    refused(refusal, Some(note))
}

async fn attempt(remote: &dyn RemoteRead, target: &Target, request: &Request) -> Result<Came, Refusal> {
    let deadline = request.deadline() + MARGIN;
    let Ok(heard) = timeout(deadline, listen(remote, target, request)).await else {
        let detail = format!("nothing ended within {} s", deadline.as_secs());
        return Err(Refusal::TimedOut { server: target.to_string(), detail });
    };
    let Some((lines, ending)) = heard else {
        let message = format!(
            "{target} printed more than {} MB when it was measured, which was broken off",
            MOST_BYTES / (1024 * 1024)
        );
        return Ok(Came::Nothing(failure(FailureKind::Other, message)));
    };
    if let Outcome::NotStarted(refusal) = ending.outcome {
        return Err(refusal);
    }
    let printed: Vec<Printed<'_>> = lines
        .iter()
        .map(|line| Printed { at: line.at, error: line.stream == Stream::Err, text: line.text.as_str() })
        .collect();
    let facts = request.read(&printed);
    let framed = printed.iter().any(|line| line.text.contains(request.nonce()));
    Ok(if framed { Came::Facts(facts) } else { Came::Nothing(silence(target, &printed, &ending)) })
}

/// What the server printed, and the end; none when it printed too much.
async fn listen(remote: &dyn RemoteRead, target: &Target, request: &Request) -> Option<(Vec<Line>, Ending)> {
    let mut job = remote.measure(target, request);
    let (mut lines, mut bytes) = (Vec::new(), 0);
    while let Some(batch) = job.lines().await {
        for line in batch.into_iter().filter(|line| !line.unfinished) {
            bytes += line.text.as_str().len();
            lines.push(line);
        }
        if bytes > MOST_BYTES || lines.len() > MOST_LINES {
            // Dropping it ends it on the server.
            return None;
        }
    }
    Some((lines, job.ended().await))
}

/// The server let us in, and nothing of the script was heard.
fn silence(target: &Target, printed: &[Printed<'_>], ending: &Ending) -> Failure {
    let said = ending.before.iter().map(crate::remote::clean_text::CleanText::as_str);
    let said = said.chain(printed.iter().map(|line| line.text)).find(|text| !text.trim().is_empty());
    let said = said.map(|text| format!(": “{}”", one_line(text.trim()))).unwrap_or_default();
    let (kind, what) = match &ending.outcome {
        outcome if outcome.is_unknown() => (FailureKind::Unreachable, outcome.to_string()),
        outcome => (FailureKind::Other, format!("it runs no commands for this user ({outcome})")),
    };
    failure(kind, format!("{target} could not be measured, {what}{said}"))
}

fn failure(kind: FailureKind, message: String) -> Failure {
    Failure { since: Timestamp::UNIX_EPOCH, kind, message }
}

/// What a refusal means for whoever looks.
pub(crate) fn refused(refusal: Refusal, note: Option<String>) -> Came {
    let kind = match &refusal {
        Refusal::Refused { .. } | Refusal::TimedOut { .. } | Refusal::Unreachable { .. } => {
            FailureKind::Unreachable
        }
        Refusal::PermissionDenied { .. } => FailureKind::Denied,
        _ => FailureKind::Other,
    };
    let failure = failure(kind, one_line(&refusal.to_string()));
    let shown = |keys: &[HostKey]| keys.iter().map(ToString::to_string).collect();
    match refusal {
        Refusal::UnknownHostKey { presented, .. } => Came::Key(
            failure,
            HostKeyQuestion { presented: Some(presented.to_string()), pinned: Vec::new(), note },
        ),
        Refusal::ChangedHostKey { pinned, presented, .. } => Came::Key(
            failure,
            HostKeyQuestion { presented: presented.map(|key| key.to_string()), pinned: shown(&pinned), note },
        ),
        _ => Came::Nothing(failure),
    }
}
