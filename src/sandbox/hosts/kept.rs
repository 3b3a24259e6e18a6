//! What is kept on a server: uploaded files, and durable jobs with their output.
//!
//! A durable job's script is not kept: what it will print and when is worked out as it starts, for it depends on
//! nothing that comes later. What a script of a deploy leaves behind is an event of the moment it has done it.

use rusqlite::{OptionalExtension, params};

use super::effect::{self, Effect};
use super::server::Host;
use super::session::{Play, Step};
use super::{exec, script};
use crate::remote::{Content, DurableJob, Ended, JobName, Outcome, Refusal, Seen, Upload};
use crate::sandbox::SandboxCloud;
use crate::sandbox::read::View;
use crate::sandbox::rows::{Event, schedule};

/// So many pieces of a durable job's output are kept; the rest is left out, and the last piece says so.
const MOST_PIECES: usize = 2_000;

/// An attached job is looked at again after so many simulated milliseconds.
const LOOK_AGAIN: i64 = 1_000;

/// How large an upload is; otherwise why it cannot be read.
pub(super) fn size(upload: &Upload) -> Result<i64, String> {
    if !upload.path.starts_with('/') || upload.path.ends_with('/') {
        return Err(format!("{:?} is no absolute path of a file", upload.path));
    }
    let size = match &upload.content {
        Content::Bytes(input) => input.bytes().len() as u64,
        Content::File(path) => std::fs::metadata(path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?
            .len(),
    };
    Ok(size.cast_signed())
}

/// Keeps that a file was written.
pub(super) fn upload(view: &View<'_>, host: &Host, upload: &Upload, size: i64) -> rusqlite::Result<Play> {
    view.c
        .prepare_cached(
            "INSERT OR REPLACE INTO files (instance, path, mode, owner, size, written_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            host.id,
            upload.path,
            upload.mode & 0o7777,
            upload.owner.as_deref().unwrap_or("ubuntu"),
            size,
            view.now
        ])?;
    // 50 MB a second.
    Ok(Play::of([Step::Wait(20 + size / 50_000)]))
}

/// What a job will print and do, and how it will end.
struct Transcript {
    /// Milliseconds after the start, whether on standard error, the text.
    pieces: Vec<(i64, bool, String)>,
    /// What it leaves behind, and when.
    effects: Vec<(i64, Effect)>,
    length: i64,
    /// The longest it may take.
    limit: i64,
    how: &'static str,
    code: u8,
}

impl Transcript {
    /// Takes in steps; gives the code if one says so, and none when the limit was reached.
    fn take(&mut self, steps: impl Iterator<Item = Step>) -> Option<u8> {
        for step in steps {
            let (error, text) = match step {
                Step::Out(text) => (false, text),
                Step::Err(text) => (true, text),
                Step::Log(_, text) | Step::Complaint(_, text) => (false, text + "\n"),
                Step::Wait(milliseconds) => {
                    self.length = self.length.saturating_add(milliseconds);
                    if self.length >= self.limit {
                        self.length = self.limit;
                        self.how = "timeout";
                        return None;
                    }
                    continue;
                }
                Step::Exit(code) => return Some(code),
            };
            if self.pieces.len() < MOST_PIECES {
                self.pieces.push((self.length, error, text));
            } else if self.pieces.len() == MOST_PIECES {
                let note = "[the sandbox keeps no more of this output]\n";
                self.pieces.push((self.length, true, note.to_owned()));
            }
        }
        Some(0)
    }

    /// What the commands of a play print. What they do is done at once.
    fn of_play(mut self, mut play: Play, view: View<'_>, host: &Host) -> rusqlite::Result<Self> {
        while let Some(code) = self.take(play.steps) {
            let Some(next) = play.next else { return Ok(Self { code, ..self }) };
            play = next(View { now: view.now + self.length, ..view }, host, code)?;
        }
        Ok(self)
    }

    /// What a script says that it does, each thing at its time.
    fn of_script(mut self, cloud: &SandboxCloud, view: View<'_>, host: &Host, words: &[String]) -> Self {
        for words in words {
            let act = script::act(cloud, &view, host, words);
            if self.take(act.before.into_iter()).is_none() {
                break;
            }
            self.effects.extend(act.effect.map(|effect| (self.length, effect)));
            if self.take(act.after.into_iter()).is_none() {
                break;
            }
            if act.code != 0 {
                self.code = act.code;
                break;
            }
        }
        self
    }
}

/// Starts a durable job, unless it was started before.
pub(super) fn start(
    cloud: &SandboxCloud,
    view: View<'_>,
    host: &Host,
    job: &DurableJob,
    user: &str,
) -> rusqlite::Result<Play> {
    if row(&view, host, &job.name)?.is_some() {
        return Ok(Play::of([Step::Wait(150)]));
    }
    let script = String::from_utf8_lossy(job.script.bytes());
    let limit = i64::try_from(job.limit.as_millis()).unwrap_or(i64::MAX);
    let all =
        Transcript { pieces: Vec::new(), effects: Vec::new(), length: 0, limit, how: "exited", code: 0 };
    let all = match script::words(&script) {
        Some(words) => all.of_script(cloud, view, host, &words),
        None => all.of_play(exec::play(view, host, &script, user)?, view, host)?,
    };
    view.c
        .prepare_cached(
            "INSERT INTO jobs (instance, name, started_at, ends_at, how, code) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            host.id,
            job.name.as_str(),
            view.now,
            view.now.saturating_add(all.length),
            all.how,
            all.code
        ])?;
    let mut insert = view.c.prepare_cached(
        "INSERT INTO job_lines (instance, job, place, at, error, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (place, (after, error, text)) in (0_i64..).zip(all.pieces) {
        insert.execute(params![host.id, job.name.as_str(), place, view.now + after, error, text])?;
    }
    for (after, effect) in all.effects {
        let subject = effect::subject(&host.id, job.name.as_str(), &effect);
        schedule(view.c, view.now + after.max(1), Event::Effect, &subject)?;
    }
    Ok(Play::of([Step::Wait(150)]))
}

/// A durable job.
struct JobRow {
    ends_at: i64,
    how: String,
    code: u8,
}

fn row(view: &View<'_>, host: &Host, name: &JobName) -> rusqlite::Result<Option<JobRow>> {
    view.c
        .prepare_cached("SELECT ends_at, how, code FROM jobs WHERE instance = ?1 AND name = ?2")?
        .query_row([host.id.as_str(), name.as_str()], |row| {
            Ok(JobRow { ends_at: row.get(0)?, how: row.get(1)?, code: row.get(2)? })
        })
        .optional()
}

fn absent(server: &str, name: &JobName) -> Play {
    let (server, name) = (server.to_owned(), name.to_string());
    Play::ending(Outcome::NotStarted(Refusal::NoSuchJob { server, name }))
}

/// Reads a job's output from what was seen, up to its end.
pub(super) fn attach(
    view: View<'_>,
    host: &Host,
    server: &str,
    name: &JobName,
    seen: Seen,
) -> rusqlite::Result<Play> {
    let Some(job) = row(&view, host, name)? else { return Ok(absent(server, name)) };
    let mut steps = Vec::new();
    let mut passed = [0_u64; 2];
    let mut now = seen;
    let mut due = None;
    let mut lines = view.c.prepare_cached(
        "SELECT at, error, text FROM job_lines WHERE instance = ?1 AND job = ?2 ORDER BY place",
    )?;
    let mut rows = lines.query([host.id.as_str(), name.as_str()])?;
    while let Some(row) = rows.next()? {
        let (at, error, text): (i64, bool, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if at > view.now {
            due = Some(at);
            break;
        }
        let before = passed[usize::from(error)];
        passed[usize::from(error)] += text.len() as u64;
        let known = if error { &mut now.err } else { &mut now.out };
        if let Some(skip) =
            usize::try_from(known.saturating_sub(before)).ok().filter(|skip| *skip < text.len())
        {
            *known = before + text.len() as u64;
            let rest = String::from_utf8_lossy(&text.as_bytes()[skip..]).into_owned();
            steps.push(if error { Step::Err(rest) } else { Step::Out(rest) });
        }
    }
    if view.now < job.ends_at {
        let wait = due.unwrap_or(job.ends_at).min(job.ends_at) - view.now;
        steps.push(Step::Wait(wait.clamp(1, LOOK_AGAIN)));
        let (server, name) = (server.to_owned(), name.clone());
        return Ok(Play::of(steps).then(move |view, host, _| attach(view, host, &server, &name, now)));
    }
    let ending = match job.how.as_str() {
        "exited" => Outcome::Done { code: job.code },
        "timeout" => Outcome::DeadlineReached { ended: Ended::Yes },
        _ => Outcome::Cancelled { ended: Ended::Yes },
    };
    Ok(Play { ending, ..Play::of(steps) })
}

/// Stops a job.
pub(super) fn stop(view: &View<'_>, host: &Host, server: &str, name: &JobName) -> rusqlite::Result<Play> {
    let Some(job) = row(view, host, name)? else { return Ok(absent(server, name)) };
    if job.ends_at > view.now {
        view.c
            .prepare_cached(
                "UPDATE jobs SET ends_at = ?3, how = 'cancelled' WHERE instance = ?1 AND name = ?2",
            )?
            .execute(params![host.id, name.as_str(), view.now])?;
        view.c
            .prepare_cached("DELETE FROM job_lines WHERE instance = ?1 AND job = ?2 AND at > ?3")?
            .execute(params![host.id, name.as_str(), view.now])?;
        view.c
            .prepare_cached(
                "DELETE FROM events WHERE kind = 'effect' AND substr(subject, 1, length(?1)) = ?1",
            )?
            .execute([format!("{} {name} ", host.id)])?;
    }
    Ok(Play::of([Step::Wait(100)]))
}

/// Forgets a job that has ended.
pub(super) fn forget(view: &View<'_>, host: &Host, server: &str, name: &JobName) -> rusqlite::Result<Play> {
    let Some(job) = row(view, host, name)? else { return Ok(absent(server, name)) };
    if job.ends_at > view.now {
        let complaint = format!("quarterdeck-{name}.service is active: stop it first\n");
        return Ok(Play::of([Step::Err(complaint), Step::Exit(1)]));
    }
    for query in [
        "DELETE FROM job_lines WHERE instance = ?1 AND job = ?2",
        "DELETE FROM jobs WHERE instance = ?1 AND name = ?2",
    ] {
        view.c.prepare_cached(query)?.execute([host.id.as_str(), name.as_str()])?;
    }
    Ok(Play::of([]))
}
