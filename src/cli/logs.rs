//! `logs`: logs of servers, merged by time.

use std::io::IsTerminal;
use std::pin::pin;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use super::args::{Globals, LogsOptions};
use super::exec::{Prefix, put};
use super::exit::{Exit, Stop};
use super::stream::Printer;
use super::target::Target;
use super::text::no_such;
use super::{complain, paint, servers, signals};
use crate::engine::{self, FollowRequest, Following, Host, Progress};
use crate::fleet::{Layout, text::one_line};
use crate::logs::{Context, Filter, Log, LogId, Merge, Places, Said, logs_of};
use crate::remote::{Line, Outcome, RemoteRead, Stream};

/// How long a line waits for earlier ones of other servers.
const HOLD: SignedDuration = SignedDuration::from_millis(800);

/// Lines of the past of each log, unless told otherwise.
const PAST: u32 = 50;

/// The same when `--since` chooses among them.
const PAST_SINCE: u32 = 10_000;

/// Prints what the logs say.
pub(crate) async fn run(globals: &Globals, target: Target, options: &LogsOptions) -> Result<Exit, Stop> {
    let place = servers::environment(&target.topology, &options.environment)?;
    let Some(remote) = target.remote.clone() else {
        return Err(Stop::Failed(target.no_remote.unwrap_or_else(|| "Servers cannot be asked".into())));
    };
    let (hosts, logs) = signals::unless_interrupted(async {
        let chosen = servers::choose(&target, place, &options.choice()).await?;
        chosen.notes.iter().for_each(|note| complain(note));
        let (hosts, logs) = with_logs(chosen.hosts, &place.layout, &options.log)?;
        servers::meet(&target.cloud, &remote, &hosts).await;
        Ok((hosts, logs))
    })
    .await?;
    let past = options.lines.unwrap_or(if options.since.is_some() { PAST_SINCE } else { PAST });
    let request = hosts.into_iter().zip(logs).map(|(host, logs)| {
        let (mut follow, ids) = engine::sources(&logs, past, !options.no_sudo);
        follow.once = !options.follow;
        (host, follow, ids)
    });
    let request = FollowRequest { hosts: request.collect() };
    let since = options.since.and_then(|ago| {
        let ago = SignedDuration::try_from(ago).ok()?;
        remote.now().checked_sub(ago).ok()
    });
    let filter = Filter { level: options.level, text: options.grep.clone() };
    let view = View::new(&request, filter, since, options.follow, globals.json);
    follow(remote, request, view).await
}

/// The logs of each server; servers that have none of those that were asked for are left out.
fn with_logs(
    hosts: Vec<Host>,
    layout: &Layout,
    wanted: &[String],
) -> Result<(Vec<Host>, Vec<Vec<Log>>), Stop> {
    let all: Vec<Vec<Log>> = hosts.iter().map(|host| logs_of(&host.role, layout)).collect();
    for name in wanted {
        if !all.iter().flatten().any(|log| is_called(&log.id, name)) {
            let mut known: Vec<String> = Vec::new();
            for log in all.iter().flatten().map(|log| log.id.name()) {
                if !known.contains(&log) {
                    known.push(log);
                }
            }
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            return Err(Stop::Usage(format!("On these servers: {}", no_such("log", name, &known))));
        }
    }
    let chosen = hosts.into_iter().zip(all).filter_map(|(host, logs)| {
        let keep = |log: &Log| {
            if wanted.is_empty() { log.usual } else { wanted.iter().any(|name| is_called(&log.id, name)) }
        };
        let logs: Vec<Log> = logs.into_iter().filter(keep).collect();
        (!logs.is_empty()).then_some((host, logs))
    });
    let (hosts, logs): (Vec<Host>, Vec<Vec<Log>>) = chosen.unzip();
    if hosts.is_empty() {
        return Err(Stop::Usage("These servers have no usual log; name one with --log".into()));
    }
    Ok((hosts, logs))
}

/// `celery` is every worker, beat and the camera; `nginx` both of its logs.
fn is_called(id: &LogId, name: &str) -> bool {
    let own = id.name();
    own == name || own.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
}

#[derive(Serialize)]
struct LineJson<'a> {
    event: &'static str,
    server: &'a str,
    log: &'a LogId,
    time: Timestamp,
    level: Option<crate::logs::Level>,
    text: &'a str,
}

/// A line on its way out.
struct Out {
    /// Its prefix: one for each server and log.
    prefix: usize,
    time: Timestamp,
    level: Option<crate::logs::Level>,
    stream: Stream,
    text: String,
}

struct Source {
    instance: String,
    id: LogId,
    /// Its place among the prefixes.
    prefix: usize,
    context: Context,
}

struct View {
    /// By server, then by source.
    sources: Vec<Vec<Source>>,
    places: Vec<Places>,
    names: Vec<String>,
    prefix: Prefix,
    merge: Merge<Out>,
    filter: Filter,
    since: Option<Timestamp>,
    /// Not followed: everything waits for everything.
    once: bool,
    json: bool,
    /// How many servers could not be read to the end.
    failed: usize,
}

impl View {
    fn new(
        request: &FollowRequest,
        filter: Filter,
        since: Option<Timestamp>,
        follow: bool,
        json: bool,
    ) -> Self {
        let mut prefixes: Vec<String> = Vec::new();
        let mut sources = Vec::new();
        for (host, _, ids) in &request.hosts {
            let of_host = ids.iter().map(|id| {
                let name = format!("{} {id}", host.name);
                let prefix = prefixes.iter().position(|one| *one == name).unwrap_or_else(|| {
                    prefixes.push(name);
                    prefixes.len() - 1
                });
                let instance = host.target.instance().to_string();
                Source { instance, id: id.clone(), prefix, context: Context::default() }
            });
            sources.push(of_host.collect());
        }
        let places = request.hosts.iter().map(|(_, follow, ids)| Places::new(&follow.files, ids)).collect();
        let names = request.hosts.iter().map(|(host, ..)| host.name.clone()).collect();
        let prefix = Prefix::new(prefixes, paint().colours);
        // Everything that was asked for fits, for it was counted.
        let merge = if follow { Merge::new(HOLD) } else { Merge::whole() };
        Self { sources, places, names, prefix, merge, filter, since, once: !follow, json, failed: 0 }
    }

    /// Takes in news; what is to be said about them comes back.
    fn take(&mut self, news: Progress, now: Timestamp) -> Vec<String> {
        match news {
            Progress::Lines { host, lines } => {
                let finished = lines.into_iter().filter(|line| !line.unfinished);
                finished.filter_map(|line| self.line(host, &line, now)).collect()
            }
            Progress::Broken { host, why, pause } => {
                let (name, pause) = (&self.names[host], pause.as_secs());
                vec![format!("{name}: {why}; asked again in {pause} s")]
            }
            Progress::Back { host, gap } => {
                let name = &self.names[host];
                let gap = if gap { "; lines in between may be missing" } else { "" };
                vec![format!("{name}: followed again{gap}")]
            }
            Progress::Ended { host, ending, .. } => {
                let name = &self.names[host];
                match ending.outcome {
                    Outcome::Done { .. } if self.once => Vec::new(),
                    Outcome::Cancelled { .. } => Vec::new(),
                    outcome => {
                        self.failed += 1;
                        let before = ending.before.iter().take(3);
                        let mut lines = vec![format!("{name}: {outcome}")];
                        lines.extend(before.map(|text| format!("{name}: it printed before: {text}")));
                        lines
                    }
                }
            }
            _ => Vec::new(),
        }
    }

    fn line(&mut self, host: usize, line: &Line, now: Timestamp) -> Option<String> {
        let number = usize::from(line.source.unwrap_or(0));
        let text = line.text.as_str();
        let Some(source) = self.sources.get_mut(host)?.get_mut(number) else {
            // It belongs to no log: the server itself says it.
            return Some(format!("{}: {text}", self.names[host]));
        };
        if line.stream == Stream::Err {
            match self.places[host].hear(number, text) {
                Said::Nothing => return None,
                Said::Instead(text) => return Some(format!("{}: {text}", self.names[host])),
                Said::Other => {}
            }
            // What tail says of a file is no line of it; the journal comes on this stream.
            if text.starts_with("tail: ") {
                return Some(format!("{}: {text}", self.names[host]));
            }
        }
        let (time, level) = source.context.read(text, line.at);
        if self.since.is_some_and(|since| time < since) || !self.filter.keeps(level, text) {
            return None;
        }
        let out = Out { prefix: source.prefix, time, level, stream: line.stream, text: text.to_owned() };
        self.merge.push(host * usize::from(u16::MAX) + number, time, now, out);
        None
    }

    /// Bytes for these lines.
    fn print(&self, lines: Vec<Out>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in lines {
            let serious = line.level.is_some_and(|level| level >= crate::logs::Level::Error);
            if self.json {
                let source = self.sources.iter().flatten().find(|source| source.prefix == line.prefix);
                let Some(Source { instance, id, .. }) = source else { continue };
                let Out { time, level, text, .. } = &line;
                let event = "line";
                put(
                    &LineJson { event, server: instance, log: id, time: *time, level: *level, text },
                    &mut bytes,
                );
            } else {
                let mark = if serious { Stream::Err } else { Stream::Out };
                let _ = line.stream;
                self.prefix.line(line.prefix, mark, &line.text, &mut bytes);
            }
        }
        bytes
    }
}

async fn follow(remote: Arc<dyn RemoteRead>, request: FollowRequest, mut view: View) -> Result<Exit, Stop> {
    if std::io::stderr().is_terminal() && !view.json {
        let logs: Vec<&str> = view.names.iter().map(String::as_str).collect();
        complain(&format!("Logs of {}", one_line(&logs.join(", "))));
    }
    let following = engine::follow(Arc::clone(&remote), request);
    let Following { mut progress, control } = following.map_err(|error| Stop::Failed(error.to_string()))?;
    let printer = Printer::start();
    let printing = async {
        loop {
            let next = view.merge.next().filter(|_| !view.once);
            // The port's clock may go at its own speed: it is only asked how long is left.
            let pause =
                next.map(|at| at.duration_since(remote.now()).unsigned_abs().min(HOLD.unsigned_abs()));
            let due = pause.map(|pause| Instant::now() + pause);
            tokio::select! {
                news = progress.recv() => {
                    let Some(news) = news else { break true };
                    let over = matches!(news, Progress::Finished { .. });
                    view.take(news, remote.now()).iter().for_each(|line| complain(line));
                    if over {
                        break true;
                    }
                }
                () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => {}
            }
            if !view.once {
                let ready = view.merge.ready(remote.now());
                if !printer.print(view.print(ready)).await {
                    break false;
                }
            }
        }
    };
    let mut interrupted = false;
    let reader = {
        let mut printing = pin!(printing);
        tokio::select! {
            reader = &mut printing => reader,
            () = signals::interrupted() => {
                interrupted = true;
                true
            }
        }
    };
    // Whoever stops looking ends it on the servers, too; nobody needs to wait for that.
    control.cancel();
    if reader {
        let rest = view.merge.rest();
        printer.print(view.print(rest)).await;
    }
    printer.finish().await?;
    Ok(match view.failed {
        // Ctrl-C is how one stops looking: it ends well.
        _ if interrupted && !view.once => Exit::Done,
        _ if interrupted => Exit::Interrupted,
        0 => Exit::Done,
        _ => Exit::Failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Role;
    use crate::remote;

    fn host(instance: &str, role: Role) -> Host {
        let target = remote::Target::new(instance.into(), "10.0.0.1").unwrap();
        Host { target, name: format!("{role} {instance}"), role, environment: "staging".into() }
    }

    #[test]
    fn logs_are_chosen_by_name_or_family_and_a_wrong_name_says_what_there_is() {
        let layout =
            Layout { log_dir: "/l".into(), celery_workers: vec!["main".into()], ..Layout::default() };
        let hosts = || vec![host("i-1", Role::Web), host("i-2", Role::Worker), host("i-3", Role::Untagged)];
        let wanted = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            with_logs(hosts(), &layout, &names)
        };
        let (celery, logs) = wanted(&["celery"]).unwrap();
        assert_eq!((celery.len(), logs[0].len()), (1, 3), "worker, beat and camera");
        let (all, _) = wanted(&["syslog"]).unwrap();
        assert_eq!(all.len(), 3);
        let (usual, _) = wanted(&[]).unwrap();
        assert_eq!(usual.len(), 2, "one without a role has no usual log");
        let Err(Stop::Usage(text)) = wanted(&["nginx-acess"]) else { panic!() };
        assert!(text.contains("Did you mean “nginx-access”?") && text.contains("celery-main"), "{text}");
    }
}
