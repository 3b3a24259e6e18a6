//! A shell on a server, and the question of its host key.

use super::toast;
use crate::console::dialogs::{Asks, Question, Scope, Then, pick};
use crate::console::event::Effect;
use crate::console::state::{Overlay, State};
use crate::console::table::RowId;
use crate::fleet::{HostKeyQuestion, InstanceId, Severity};
use crate::remote::{Refusal, Target};

/// The selected server's shell: production is asked about.
pub fn ask(state: &mut State) -> Vec<Effect> {
    let Some(RowId::Server(id)) = state.subject() else {
        toast::show(state, "Select a server to open a shell on it", Severity::Unknown);
        return Vec::new();
    };
    let environment = state.snapshot.server(&id).and_then(|s| s.environment.clone());
    let Some(environment) = environment else {
        toast::show(state, "This server belongs to no environment", Severity::Unknown);
        return Vec::new();
    };
    if state.is_read_only(&environment) {
        toast::show(state, "Read-only: a shell could change the server", Severity::Unknown);
        return Vec::new();
    }
    if key_question(state).is_some() {
        ask_key(state);
        return Vec::new();
    }
    let picked = pick(state, &environment, &Scope::Server(id.clone()));
    let Some(host) = picked.hosts.into_iter().next() else {
        let why = picked.left_out.first().map_or("not known", |left| left.why.as_str());
        toast::show(state, format!("No shell on {id}: {why}"), Severity::Unknown);
        return Vec::new();
    };
    if !state.topology.environment(&environment).is_some_and(|place| place.production) {
        return open(state, host.target);
    }
    let lines = vec![
        (Severity::Warn, format!("{} is in {environment}, which is production", host.name)),
        (Severity::Idle, "What is typed there is done at once, and is not recorded here".into()),
    ];
    let question = Question::yes(format!("A shell on {id}?"), lines, "open it", Then::Shell(host.target));
    state.overlay = Some(Overlay::Question(Box::new(question)));
    Vec::new()
}

/// Steps aside for it.
pub fn open(state: &mut State, target: Target) -> Vec<Effect> {
    state.overlay = None;
    vec![Effect::Shell(target)]
}

/// What has to be decided about the selected server's host key: whose it is, and the fingerprints.
#[must_use]
pub fn key_question(state: &State) -> Option<(InstanceId, HostKeyQuestion)> {
    let Some(RowId::Server(id)) = state.subject() else { return None };
    let of_run = state.run().and_then(|run| run.member(&id)).and_then(|member| member.state.host_key());
    let question = match of_run {
        Some(Refusal::UnknownHostKey { presented, .. }) => {
            Some(HostKeyQuestion { presented: Some(presented.to_string()), ..HostKeyQuestion::default() })
        }
        Some(Refusal::ChangedHostKey { pinned, presented, .. }) => Some(HostKeyQuestion {
            presented: presented.as_ref().map(ToString::to_string),
            pinned: pinned.iter().map(ToString::to_string).collect(),
            note: None,
        }),
        _ => None,
    };
    let measured = || state.snapshot.measured.get(&id).and_then(|measured| measured.host_key.clone());
    Some((id.clone(), question.or_else(measured)?))
}

/// Asks whether it is the server's key. A changed one is an alarm.
pub fn ask_key(state: &mut State) {
    let Some((id, question)) = key_question(state) else {
        if !matches!(state.subject(), Some(RowId::Server(_))) {
            toast::show(state, "Select a server to look at its host key", Severity::Unknown);
            return;
        }
        toast::show(state, "Nothing has to be decided about this server's host key", Severity::Ok);
        return;
    };
    let server = state.snapshot.server(&id);
    let address = server.and_then(|s| s.ssh_address(state.topology.ssh_address)).unwrap_or("?").to_owned();
    let name = server.and_then(|s| s.name.clone()).unwrap_or_default();
    let changed = !question.pinned.is_empty();
    let mut lines = Vec::new();
    if changed {
        lines.push((
            Severity::Down,
            "THIS SERVER PRESENTS ANOTHER KEY THAN BEFORE: somebody may be in between, or it was rebuilt in place. Do not go on before you know which".into(),
        ));
    }
    lines.push((Severity::Idle, format!("server     {id} {name}")));
    lines.push((Severity::Idle, format!("address    {address}")));
    for pinned in &question.pinned {
        lines.push((Severity::Ok, format!("pinned     {pinned}")));
    }
    match &question.presented {
        Some(presented) if changed => lines.push((Severity::Down, format!("presented  {presented}"))),
        Some(presented) => lines.push((Severity::Warn, format!("presented  {presented}"))),
        None => lines.push((Severity::Unknown, "presented  ? it could not be asked".into())),
    }
    lines.push((
        Severity::Idle,
        format!("Compare it with what the server printed when it booted: `aws ec2 get-console-output --latest --instance-id {id}`, or with somebody who knows the key"),
    ));
    lines.extend(question.note.map(|note| (Severity::Unknown, note)));
    let target = Target::new(id.clone(), address).ok();
    let Some((fingerprint, target)) = question.presented.zip(target) else {
        let title = format!("The host key of {id}");
        state.overlay = Some(Overlay::Question(Box::new(Question::new(title, lines, Asks::Key(Vec::new())))));
        return;
    };
    let then = Then::Trust { target, fingerprint, replaces: changed };
    let (title, asks) = if changed {
        let word = id.as_str().to_owned();
        (
            format!("The host key of {id} HAS CHANGED"),
            Asks::Word { word, what: "To trust the new key, type the server's id", then },
        )
    } else {
        (
            format!("Is this the host key of {id}?"),
            Asks::Word { word: "yes".into(), what: "To trust this key, type the word", then },
        )
    };
    state.overlay = Some(Overlay::Question(Box::new(Question::new(title, lines, asks))));
}
