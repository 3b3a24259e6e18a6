//! `runs resume` and `runs undo`: a run that was interrupted is taken up again, or taken back.

use super::{launch, ports, typed, watch};
use crate::cli::args::{AgainOptions, Globals, RunsCommand};
use crate::cli::exec::{confirmed, store};
use crate::cli::exit::{Exit, Stop};
use crate::cli::target::Target;
use crate::engine::RunId;
use crate::engine::run::{Again, NotBegun, Story, resume};
use crate::engine::store::{Past, ReopenError, RunState};
use crate::fleet::text::one_line;
use crate::fleet::text::shell_word;
use crate::operation;

/// Whether this takes a run up again.
pub(crate) const fn is_again(command: &RunsCommand) -> bool {
    matches!(command, RunsCommand::Resume(_) | RunsCommand::Undo(_))
}

/// What would be done, to be read before it is agreed to.
fn told(past: &Past, story: &Story, undo: bool) -> String {
    let words = story.again_words(&past.again(undo), past.state, undo);
    let steps = words.back.iter().map(|step| format!("\n  {step}"));
    let stays = words.stays.iter().map(|step| format!("\n  stays: {step}"));
    let lines: String = steps.chain(stays).collect();
    format!("run {}, {}: {}{lines}", past.began.id, past.state.word(), words.what)
}

/// Takes it up, and watches it to its end.
pub(crate) async fn run(globals: &Globals, target: Target, command: &RunsCommand) -> Result<Exit, Stop> {
    let (options, undo): (&AgainOptions, bool) = match command {
        RunsCommand::Resume(options) => (options, false),
        RunsCommand::Undo(options) => (options, true),
        RunsCommand::List | RunsCommand::Show { .. } | RunsCommand::Export { .. } => {
            return Err(Stop::Usage("this does not take a run up again".into()));
        }
    };
    if globals.read_only {
        return Err(Stop::Refused("--read-only: nothing is changed".into()));
    }
    let absent = || {
        Stop::Usage(format!("There is no run “{}”. `quarterdeck runs list` has them", one_line(&options.id)))
    };
    let id = RunId::parse(&options.id).ok_or_else(absent)?;
    let store = store(globals, &target)?;
    let past = store.run(&id).map_err(|error| Stop::Usage(error.to_string()))?;
    store.here(&past).map_err(NotBegun::from)?;
    let place = operation::place(&target.topology, &past.began.environment)?;
    let word = if undo { "undo" } else { "resume" };
    let again = format!("quarterdeck runs {word} {id} --confirm {}", shell_word(place.name.as_str()));
    let agreed = confirmed(place, &options.confirmation, &again).and_then(|()| {
        let said = options.confirmation.confirm.is_some() || options.confirmation.yes;
        let words = || format!("nothing was done. If you mean it:\n  quarterdeck runs {word} {id} --yes");
        if said { Ok(()) } else { Err(Stop::Refused(words())) }
    });
    if let (Err(Stop::Refused(words)), Some(story)) = (&agreed, past.story.as_deref()) {
        return Err(match past.again(undo) {
            Again::Sealed => NotBegun::Sealed(id).into(),
            _ if past.state == RunState::Running => NotBegun::from(ReopenError::Running(id)).into(),
            Again::Nothing => NotBegun::from(ReopenError::Over(id, past.state.word())).into(),
            _ => Stop::Refused(format!("{}\n{words}", told(&past, story, undo))),
        });
    }
    agreed?;
    let wanted = past.story.as_ref().filter(|_| !undo).map(|story| story.wants_typed()).unwrap_or_default();
    let ports = ports(&target, place)?.told(typed::ask(wanted).await?);
    let launch = launch(&target, options.lock.take_over, options.lock.without_lock).await;
    let started = resume(ports, store, id, undo, launch).await?;
    watch::watch(started, globals.json).await
}
