//! A script on a server as a durable job: neither a lost connection nor a closed laptop touches it, and after a crash
//! it is attached to again.

use std::time::Duration;

use super::{StepStop, Worker};
use crate::engine::run::entry::{Mutation, MutationEnd, StepEnd};
use crate::engine::run::world::{Trouble, World, instance_of};
use crate::fleet::InstanceId;
use crate::fleet::text::shell_word;
use crate::plan::{Address, HostJob, InstanceRef, JobFile, Repeat};
use crate::remote::{DurableJob, Ending, Input, JobName, Line, Outcome, Refusal, Seen, Stream, Target};

/// How often a job is attached to again that the server does not know any more.
const ATTACH: u32 = 20;

/// Does a job step.
pub(super) async fn run(worker: &mut Worker, job: &HostJob) -> Result<StepEnd, StepStop> {
    let slots = worker.book.story().await.slots.clone();
    let instance =
        instance_of(&job.server, &slots).map_err(|trouble| StepStop::Failed(trouble.words().to_owned()))?;
    let target = worker.patiently(async |world| world.target(&instance).await).await?;
    let (name, outcome) = match once(worker, job, &instance, &target).await? {
        // The server has forgotten it: it booted meanwhile, or whoever saw the end had no time to write that down.
        (_, Followed::Unknown(_)) if worker.step.repeat == Repeat::Repeatable => {
            let ids = open_intents(worker).await;
            let end = MutationEnd::NotDone("the server does not know it any more".into());
            worker.book.came_of(&worker.world, &ids, worker.back, &end).await?;
            once(worker, job, &instance, &target).await?
        }
        told => told,
    };
    let outcome = match outcome {
        Followed::Ended(outcome) => outcome,
        Followed::Unknown(detail) => Outcome::Lost { detail },
    };
    let end = match &outcome {
        Outcome::Done { code: 0 } => MutationEnd::Done,
        other => MutationEnd::NotDone(other.to_string()),
    };
    match outcome {
        Outcome::Done { code: 0 } => {
            // Its output is here; what is left of it there is of no use.
            let _ = worker.world.ports.act.forget(&target, &name).ended().await;
            Ok(StepEnd::Done)
        }
        Outcome::Lost { detail } if worker.step.repeat == Repeat::Ask => Err(StepStop::Unknown(format!(
            "nobody knows how {} ended on {instance} ({detail}): look at the server, then resume",
            job.name
        ))),
        other => {
            let ids = open_intents(worker).await;
            worker.book.came_of(&worker.world, &ids, worker.back, &end).await?;
            Err(StepStop::Failed(format!("{} on {instance}: {other}", job.name)))
        }
    }
}

/// What became of a job that was followed.
enum Followed {
    /// It ended so, or its connection did.
    Ended(Outcome),
    /// The server does not know it.
    Unknown(String),
}

/// Starts it, unless it was, and follows it to its end.
async fn once(
    worker: &mut Worker,
    job: &HostJob,
    instance: &InstanceId,
    target: &Target,
) -> Result<(JobName, Followed), StepStop> {
    let attempt = failed_attempts(worker, &job.name).await + 1;
    let name = name(&worker.token, worker.step.id.0, &job.name, attempt)?;
    start(worker, job, instance, target, &name).await?;
    let followed = follow(worker, instance, target, &name).await?;
    Ok((name, followed))
}

/// Runs what takes the job back, if there is something. It may find the job done, half done or not begun.
pub(super) async fn take_back(worker: &mut Worker, job: &HostJob) -> Result<(), StepStop> {
    end_what_runs(worker, job).await?;
    let Some(script) = &job.back else { return Ok(()) };
    let back = HostJob {
        name: format!("{}-back", job.name),
        script: script.clone(),
        back: None,
        // What takes it back may have to know other servers, and what a secret was before; it is told no new one.
        files: (job.files.iter())
            .filter(|file| file.is_address() || file.is_for_the_way_back())
            .cloned()
            .collect(),
        ..job.clone()
    };
    run(worker, &back).await.map(|_| ())
}

/// Ends what the step has started and nobody has seen the end of: whoever ran it is gone, and it would still change the
/// server after it was taken back.
async fn end_what_runs(worker: &mut Worker, job: &HostJob) -> Result<(), StepStop> {
    let begins = format!("qd-{}-{}-{}-", plain(&worker.token), worker.step.id, plain(&job.name));
    let story = worker.book.story().await;
    let ended = story.of(worker.step.id).is_some_and(|step| matches!(step.ended, Some((_, StepEnd::Done))));
    // Not what takes it back, whose name begins alike.
    let is_it = |name: &str| name.strip_prefix(&begins).is_some_and(|rest| rest.parse::<usize>().is_ok());
    let started = story.intents.iter().filter(|intent| intent.step == worker.step.id);
    let started = started.filter(|intent| !matches!(intent.end, Some(MutationEnd::NotDone(_))));
    let last = started.rev().find_map(|intent| match &intent.mutation {
        Mutation::Job { instance, job } if is_it(job) => Some((instance.clone(), job.clone())),
        _ => None,
    });
    drop(story);
    let Some((instance, name)) = last.filter(|_| !ended) else { return Ok(()) };
    let Some(name) = JobName::new(name) else { return Ok(()) };
    let target = worker.patiently(async |world| world.target(&instance).await).await?;
    worker
        .patiently(async |world| {
            let mut outcome = world.ports.act.stop(&target, &name).ended().await.outcome;
            if world.learns_key(&target, &outcome).await {
                outcome = world.ports.act.stop(&target, &name).ended().await.outcome;
            }
            match outcome {
                Outcome::Done { code: 0 } | Outcome::NotStarted(Refusal::NoSuchJob { .. }) => Ok(()),
                Outcome::NotStarted(refusal) => Err(Trouble::Later(world.refused(&target, &refusal))),
                other => {
                    Err(Trouble::Later(format!("whether {name} ended on {instance} is not known: {other}")))
                }
            }
        })
        .await
}

/// Attempts of this step whose job is known to have failed.
async fn failed_attempts(worker: &Worker, job: &str) -> usize {
    let begins = format!("qd-{}-{}-{}-", plain(&worker.token), worker.step.id, plain(job));
    let story = worker.book.story().await;
    let failed = story.intents.iter().filter(|intent| {
        matches!(&intent.mutation, Mutation::Job { job, .. } if job.starts_with(&begins))
            && matches!(intent.end, Some(MutationEnd::NotDone(_)))
    });
    failed.count()
}

async fn open_intents(worker: &Worker) -> Vec<u32> {
    let story = worker.book.story().await;
    let ours = story
        .intents
        .iter()
        .rev()
        .find(|intent| intent.step == worker.step.id && matches!(intent.mutation, Mutation::Job { .. }));
    ours.map(|intent| intent.id).into_iter().collect()
}

/// Unique over all machines and runs, and the same after a crash.
fn name(token: &str, step: u16, job: &str, attempt: usize) -> Result<JobName, StepStop> {
    let name = format!("qd-{}-{step}-{}-{attempt}", plain(token), plain(job));
    JobName::new(name.clone()).ok_or_else(|| StepStop::Failed(format!("{name} is no name for a job")))
}

/// What may stand in a job's name.
fn plain(text: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    text.chars().map(fits).take(40).collect()
}

async fn start(
    worker: &mut Worker,
    job: &HostJob,
    instance: &InstanceId,
    target: &Target,
    name: &JobName,
) -> Result<(), StepStop> {
    // What takes a job back installs and restarts as well: it has its own time.
    let seconds = if worker.back { worker.step.deadline_s.max(1_800) } else { worker.step.deadline_s };
    let limit = Duration::from_secs(u64::from(seconds));
    let script = script(worker, job, instance).await?;
    let durable = || DurableJob { name: name.clone(), script: script.clone(), user: job.user.clone(), limit };
    let mutation = Mutation::Job { instance: instance.clone(), job: name.to_string() };
    let begin = async |world: std::sync::Arc<World>| {
        let once = async || world.ports.act.start(target, durable()).collect(20).await;
        let (mut lines, mut ending) = once().await;
        if world.learns_key(target, &ending.outcome).await {
            (lines, ending) = once().await;
        }
        started(&world, target, &ending, lines.last().map(|line| line.text.as_str()))
    };
    // Starting one that was started does nothing: asking again finds out.
    worker.mutate(vec![mutation], begin, async |world| begin(world).await.map(Some)).await
}

/// The script as it goes to the server: with the texts of its files in variables, and told which server it is meant for.
async fn script(worker: &mut Worker, job: &HostJob, instance: &InstanceId) -> Result<Input, StepStop> {
    let mut text = job.script.clone();
    let files: Vec<JobFile> =
        job.files.iter().filter(|file| worker.back || !file.is_for_the_way_back()).cloned().collect();
    if !files.is_empty() {
        text = with_texts(&text, &texts(worker, files, instance).await?);
    }
    if job.names_server {
        text = meant_for(instance, &text);
    }
    Ok(Input::new(text.into_bytes()))
}

/// The texts of a job's files, by their variables.
async fn texts(
    worker: &mut Worker,
    mut files: Vec<JobFile>,
    instance: &InstanceId,
) -> Result<Vec<(String, Input)>, StepStop> {
    for address in files.iter_mut().flat_map(JobFile::addresses_mut) {
        found(worker, address).await?;
    }
    let (addresses, files): (Vec<_>, Vec<_>) = files.into_iter().partition(JobFile::is_address);
    let mut all: Vec<(String, Input)> = Vec::new();
    for file in addresses {
        let told = file.addresses().first().and_then(|address| address.known()).map(str::to_owned);
        all.extend(told.map(|told| (file.variable.clone(), Input::new(told.into_bytes()))));
    }
    all.extend(written(worker, files, instance).await?);
    Ok(all)
}

/// Looks an address up that was not known when the plan was made.
async fn found(worker: &mut Worker, address: &mut Address) -> Result<(), StepStop> {
    let Address::Later { later } = &*address else { return Ok(()) };
    let slots = worker.book.story().await.slots.clone();
    let server = instance_of(&InstanceRef::Later(later.clone()), &slots)
        .map_err(|trouble| StepStop::Failed(trouble.words().to_owned()))?;
    let told = worker
        .patiently(async |world| {
            let none = || Trouble::Later(format!("{server} has no private address yet"));
            world.server(&server).await?.private_address.ok_or_else(none)
        })
        .await?;
    *address = Address::Known(told);
    Ok(())
}

/// The texts that belong to a project.
async fn written(
    worker: &mut Worker,
    files: Vec<JobFile>,
    instance: &InstanceId,
) -> Result<Vec<(String, Input)>, StepStop> {
    let Some(first) = files.first() else { return Ok(Vec::new()) };
    let Some(text_of) = worker.world.ports.texts.clone() else {
        return Err(StepStop::Failed(format!(
            "{} belongs to a project, and there is none here: resume in the project's directory",
            first.of.name()
        )));
    };
    let server = worker.patiently(async |world| world.server(instance).await).await?;
    let made = tokio::task::spawn_blocking(move || {
        let one = |file: &JobFile| Ok((file.variable.clone(), text_of(file, &server)?));
        files.iter().map(one).collect::<Result<Vec<_>, String>>()
    });
    let made = made.await.unwrap_or_else(|error| Err(format!("no text was made: {error}")));
    made.map_err(StepStop::Failed)
}

/// The script with texts in variables, after the comment that it begins with. What holds them goes from the server's disk
/// as it begins.
fn with_texts(script: &str, texts: &[(String, Input)]) -> String {
    let (first, rest) = script.split_once('\n').unwrap_or((script, ""));
    let told = texts.iter().fold(String::new(), |told, (variable, text)| {
        told + variable + "=" + &shell_word(&String::from_utf8_lossy(text.bytes())) + "\n"
    });
    format!("{first}\nrm -f -- \"$0\"\n{told}{rest}")
}

/// The script, told which server it is meant for.
fn meant_for(instance: &InstanceId, script: &str) -> String {
    format!("export QUARTERDECK_SERVER={}\n{script}", shell_word(instance.as_str()))
}

fn started(world: &World, target: &Target, ending: &Ending, last: Option<&str>) -> Result<(), Trouble> {
    let instance = target.instance();
    match &ending.outcome {
        Outcome::Done { code: 0 } => Ok(()),
        Outcome::Done { code } => Err(Trouble::Definite(format!(
            "the job could not be started on {instance} (exit code {code}): {}",
            last.unwrap_or("it said nothing")
        ))),
        Outcome::NotStarted(refusal) => Err(Trouble::Later(world.refused(target, refusal))),
        other => Err(Trouble::Open(format!("{instance}: {other}"))),
    }
}

/// Reads its output to its end, over as many connections as it takes.
async fn follow(
    worker: &mut Worker,
    instance: &InstanceId,
    target: &Target,
    name: &JobName,
) -> Result<Followed, StepStop> {
    // Cleaned lines have other lengths than what the server keeps: it is read from the beginning each time, and what
    // was seen is passed over.
    let mut seen = [0u64; 2];
    let mut lost = 0;
    let mut wait = Duration::from_secs(1);
    loop {
        let mut attached = worker.world.ports.look.attach(target, name, Seen::default());
        let mut passed = [0u64; 2];
        let cancel = attached.canceller();
        let mut stopping = false;
        loop {
            tokio::select! {
                lines = attached.lines() => {
                    let Some(lines) = lines else { break };
                    let new: Vec<Line> = lines.into_iter().filter(|line| is_new(line, &mut passed, &mut seen)).collect();
                    if let Some(last) = new.last() {
                        worker.book.status(worker.step.id, last.text.as_str().to_owned());
                        worker.book.lines(worker.step.id, instance.as_str(), new).await;
                    }
                    wait = Duration::from_secs(1);
                    lost = 0;
                }
                () = super::at_once(&mut worker.halt), if !worker.back && !stopping => {
                    stopping = true;
                    cancel.cancel();
                }
            }
        }
        let ending = attached.ended().await;
        if stopping {
            // What runs on the server ends as well, with all it started.
            let stopped = worker.world.ports.act.stop(target, name).ended().await;
            let words = match stopped.outcome {
                Outcome::Done { code: 0 } => format!("{name} was ended on {instance}"),
                other => format!("whether {name} ended on {instance} is not known: {other}"),
            };
            return Err(StepStop::Stopped(words));
        }
        match ending.outcome {
            Outcome::Lost { detail } => {
                lost += 1;
                if lost > ATTACH {
                    return Ok(Followed::Ended(Outcome::Lost { detail }));
                }
                worker.book.status(
                    worker.step.id,
                    format!("the connection to {instance} broke; the job goes on ({detail})"),
                );
            }
            Outcome::NotStarted(refusal @ crate::remote::Refusal::NoSuchJob { .. }) => {
                return Ok(Followed::Unknown(refusal.to_string()));
            }
            Outcome::NotStarted(refusal) => {
                // Taken up on another machine, the server is not known there.
                if worker.world.learns_key(target, &Outcome::NotStarted(refusal.clone())).await {
                    continue;
                }
                let words = worker.world.refused(target, &refusal);
                worker.book.status(worker.step.id, words.clone());
                worker.in_time(&words)?;
            }
            other => return Ok(Followed::Ended(other)),
        }
        worker.pause(wait).await?;
        wait = (wait * 2).min(Duration::from_secs(20));
    }
}

/// Whether a line was not seen over an earlier connection.
fn is_new(line: &Line, passed: &mut [u64; 2], seen: &mut [u64; 2]) -> bool {
    let place = usize::from(line.stream == Stream::Err);
    if line.unfinished {
        return passed[place] >= seen[place];
    }
    passed[place] += 1;
    let new = passed[place] > seen[place];
    seen[place] = seen[place].max(passed[place]);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_after_the_first_comment_whatever_is_in_them_and_the_file_that_holds_them_goes() {
        let text = Input::new(b"A = 'it''s'\n$(reboot)\n".to_vec());
        let told = with_texts(
            "# sandbox: settings\nset -eu\nprintf '%s' \"$settings\"\n",
            &[("settings".into(), text)],
        );
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("command");
        std::fs::write(&script, &told).unwrap();
        let ran = std::process::Command::new("sh").arg(&script).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout), "A = 'it''s'\n$(reboot)\n");
        assert!(told.starts_with("# sandbox: settings\n") && !script.exists());
    }

    #[test]
    fn a_script_that_is_told_its_server_still_says_what_it_does_in_its_first_comment() {
        let told = meant_for(&InstanceId::new("i-0a1'b"), "# sandbox: clean\nset -eu\n");
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines, [r"export QUARTERDECK_SERVER='i-0a1'\''b'", "# sandbox: clean", "set -eu"]);
    }
}
