//! Scripts of a deploy, played out: a simulated server has no shell, so a script says in a comment what it does.
//!
//! The comment stands before the first command: `# sandbox: page healthy`. Several such lines happen one after the
//! other, until one fails. A script without one is played as the commands that it holds.

use std::collections::VecDeque;

use super::effect::Effect;
use super::server::{Host, Page};
use super::session::{Play, Step};
use super::truth::services::{self, Program};
use super::truth::site;
use crate::sandbox::SandboxCloud;
use crate::sandbox::marks;
use crate::sandbox::places::CELERY_WORKERS;
use crate::sandbox::read::View;
use crate::sandbox::tick::Moment;

const MARK: &str = "# sandbox:";

/// What a script can say that it does.
const VERBS: &str = "page off|healthy|unhealthy|show, boot show, code checkout CHANGESET [note NOTE], code back NOTE, code show, requirements, settings, \
                     services, migrate, collectstatic, compress, celery quiet|stop|kill|start|show, supervisor \
                     start|stop|restart GROUP, health, clean, new-relic, build PART, database VERB, cache VERB, hook NAME, fail MESSAGE, \
                     done MESSAGE";

/// What a script does, step by step; none when it does not say.
pub(super) fn words(text: &str) -> Option<Vec<String>> {
    let head = text.lines().map(str::trim).take_while(|line| {
        line.is_empty() || line.starts_with('#') || line.starts_with("set ") || line.starts_with("export ")
    });
    let all: Vec<String> =
        head.filter_map(|line| line.strip_prefix(MARK)).map(|rest| rest.trim().to_owned()).collect();
    (!all.is_empty()).then_some(all)
}

/// One thing that a script does.
pub(super) struct Act {
    /// Until it is done.
    pub(super) before: Vec<Step>,
    /// What it leaves behind.
    pub(super) effect: Option<Effect>,
    /// What is still said.
    pub(super) after: Vec<Step>,
    pub(super) code: u8,
}

impl Act {
    fn new(before: Vec<Step>, effect: Option<Effect>, after: Vec<Step>) -> Self {
        Self { before, effect, after, code: 0 }
    }

    /// Nothing but words.
    fn says(text: String) -> Self {
        Self::new(vec![Step::Out(text)], None, Vec::new())
    }

    fn fails(text: &str, code: u8) -> Self {
        Self { code, ..Self::new(vec![Step::Wait(700), Step::Err(format!("{text}\n"))], None, Vec::new()) }
    }
}

/// Plays a script that is tied to the connection: its effects come as it goes on.
pub(super) fn play(cloud: SandboxCloud, view: View<'_>, host: &Host, words: Vec<String>) -> Play {
    go_on(cloud, view, host, words.into())
}

fn go_on(cloud: SandboxCloud, view: View<'_>, host: &Host, mut rest: VecDeque<String>) -> Play {
    let Some(words) = rest.pop_front() else { return Play::of([]) };
    let Act { before, effect, after, code } = act(&cloud, &view, host, &words);
    Play::of(before).then(move |view, host, _| {
        if let Some(effect) = effect {
            effect.apply(&Moment { c: view.c, dice: view.dice, at: view.now }, &host.id)?;
        }
        let play = Play::of(after.into_iter().chain([Step::Exit(code)]));
        if code != 0 || rest.is_empty() {
            return Ok(play);
        }
        Ok(play.then(move |view, host, _| Ok(go_on(cloud, view, host, rest))))
    })
}

/// What these words do on this server now.
pub(super) fn act(cloud: &SandboxCloud, view: &View<'_>, host: &Host, words: &str) -> Act {
    if let Some(message) = cloud.broken_script(words) {
        return Act::fails(&message, 1);
    }
    let scene = Scene { view, host, words };
    let all: Vec<&str> = words.split_whitespace().collect();
    match all[..] {
        ["page", "show"] => Act::says(format!("page={}\n", host.page.word())),
        ["page", page] => scene.page(page),
        ["boot", "show"] => Act::says(format!("{}\n", host.boot(view.dice))),
        ["code", "checkout", changeset] => scene.checkout(changeset, None),
        ["code", "checkout", changeset, "note", note] => scene.checkout(changeset, Some(note)),
        ["code", "back", note] => scene.back(note),
        ["code", "show"] => {
            Act::says(format!("changeset={}\n", host.changeset.as_deref().unwrap_or_default()))
        }
        ["celery", "show"] => Act::says(scene.tasks()),
        ["celery", "quiet"] => scene.quiet(),
        ["celery", "stop" | "kill"] => scene.programs("stop", "celery"),
        ["celery", "start"] => scene.programs("start", "celery"),
        ["supervisor", verb @ ("start" | "stop" | "restart"), group] => scene.programs(verb, group),
        ["health"] => scene.health(),
        ["build", part] => scene.build(part),
        ["database", verb] => scene.database(verb),
        ["cache", verb] => scene.cache(verb),
        ["hook", _] => scene.lines(1_000, 4_000, &["did what the project's hook does"]),
        ["fail", ..] => Act::fails(words.trim_start_matches("fail").trim(), 1),
        ["done", ..] => scene.lines(1_000, 3_000, &[words.trim_start_matches("done").trim()]),
        [verb] => match WORK.iter().find(|(known, ..)| *known == verb) {
            Some((_, low, high, lines)) => {
                let act = scene.lines(*low, *high, lines);
                if *verb == *"services" { Act { effect: Some(Effect::Configured), ..act } } else { act }
            }
            None => unknown(words),
        },
        _ => unknown(words),
    }
}

fn unknown(words: &str) -> Act {
    Act::fails(&format!("this is a simulated server, which cannot do “{words}”. It can: {VERBS}"), 2)
}

/// What is said while a file goes from one server to another: one of three words, however large it would be.
fn relayed(verb: &str) -> String {
    match verb {
        "told" => format!("bytes=24 sha256={}\nabout=4096\n", "5a".repeat(32)),
        "piece" => "dGhlIGRhdGEgb2YgZXZlcnlib2R5ISEK\n".to_owned(),
        "have" => "bytes=0\n".to_owned(),
        "take" => "bytes=24\n".to_owned(),
        _ => format!("sha256={}\n", "5a".repeat(32)),
    }
}

/// Work that leaves nothing behind: how long it takes, and what it says meanwhile.
const WORK: &[(&str, i64, i64, &[&str])] = &[
    (
        "requirements",
        6_000,
        24_000,
        &[
            "Collecting django==5.2.8",
            "Requirement already satisfied: celery==5.5.3",
            "Installing collected packages: django",
            "Successfully installed django-5.2.8",
        ],
    ),
    ("settings", 800, 2_000, &["wrote local_settings.py"]),
    (
        "services",
        1_500,
        4_000,
        &["wrote supervisor/supervisord.conf", "wrote pgbouncer/pgbouncer.ini", "wrote nginx/site.conf"],
    ),
    (
        "migrate",
        4_000,
        30_000,
        &[
            "Operations to perform:",
            "  Apply all migrations: accounts, billing, exports, sessions",
            "Running migrations:",
            "  No migrations to apply.",
        ],
    ),
    (
        "collectstatic",
        5_000,
        20_000,
        &["", "214 static files copied to '/home/myproject/www/static', 1902 unmodified."],
    ),
    (
        "compress",
        4_000,
        15_000,
        &["Compressing... done", "Compressed 37 block(s) from 212 template(s) for 1 context(s)."],
    ),
    ("new-relic", 1_000, 3_000, &["New Relic knows of the deploy"]),
    ("clean", 1_000, 3_000, &["removed host keys, machine-id, pid files and shell history"]),
];

/// What is done, where.
struct Scene<'a> {
    view: &'a View<'a>,
    host: &'a Host,
    words: &'a str,
}

impl Scene<'_> {
    /// A span of this work's own, in milliseconds.
    fn time(&self, low: i64, high: i64) -> i64 {
        let entity = format!("script {} {}", self.host.id, self.words);
        self.view.dice.between(&entity, self.view.now.cast_unsigned(), low, high)
    }

    /// Lines spread over some time.
    fn lines(&self, low: i64, high: i64, lines: &[&str]) -> Act {
        let time = self.time(low, high);
        let count = i64::try_from(lines.len()).unwrap_or(1).max(1);
        let steps = lines.iter().flat_map(|line| [Step::Wait(time / count), Step::Out(format!("{line}\n"))]);
        Act::new(steps.collect(), None, Vec::new())
    }

    /// A part of building a server: packages come and are set up.
    fn build(&self, part: &str) -> Act {
        let first = match part {
            "candidate" => "looking whether it can be the primary".to_owned(),
            "received" => "waiting until everything has come".to_owned(),
            "promote" => "promoting".to_owned(),
            "follow" | "slots" | "copy" | "use-copy" | "works" | "check" | "stop" | "start" => {
                format!("at work: {part}")
            }
            part => format!("installing what {part} wants"),
        };
        let lines = [first, format!("done: {part}")];
        let act = self.lines(4_000, 30_000, &lines.each_ref().map(String::as_str));
        if part == "use-copy" { Act { effect: Some(Effect::Streams), ..act } } else { act }
    }

    /// Something done with a copy of the database.
    fn database(&self, verb: &str) -> Act {
        let which = match verb {
            "swap" => "other",
            "back" => "own",
            "dump" => {
                return self.lines(20_000, 90_000, &["dumping", "612 MB written", "done: dump the database"]);
            }
            "load" => {
                return self.lines(
                    40_000,
                    180_000,
                    &["making the new database", "3,402 MB loaded", "done: load"],
                );
            }
            "told" | "piece" | "have" | "take" | "whole" => return Act::says(relayed(verb)),
            "follows" | "cut" | "drop" | "forget" | "room" | "site" | "purge" | "migrate" | "hook" => {
                return self.lines(1_000, 4_000, &[format!("done: {verb}").as_str()]);
            }
            _ => return unknown(self.words),
        };
        let effect = Some(Effect::Database(which.to_owned()));
        let said = vec![Step::Out("cutting connections, and changing names\n".to_owned())];
        Act::new(vec![Step::Wait(self.time(800, 3_000))], effect, said)
    }

    /// What another server takes over from a cache server.
    fn cache(&self, verb: &str) -> Act {
        let lines: &[&str] = match verb {
            "look" | "dump" if !services::is_up(self.view, self.host, "redis-server") => {
                return Act::fails("Redis does not answer here (Connection refused)", 1);
            }
            "told" | "piece" | "have" | "take" | "whole" => return Act::says(relayed(verb)),
            "look" => &["Redis 7.0.15 holds 212 MB", "exports: 3 tasks"],
            "drain" => &[
                "3 tasks wait, 2 are worked on; 0 s of 900",
                "0 tasks wait, 1 are worked on; 6 s of 900",
                "the queues are empty",
            ],
            "tasks" => &["0 tasks copied"],
            "dump" => &["Redis writes what it holds now", "done: write what Redis holds into a file"],
            "load" => &["Redis begins with what came over", "done: begin with what came over"],
            "reach" => &["the new server is reached"],
            "forget" => &["done: delete the copy of Redis"],
            _ => return unknown(self.words),
        };
        self.lines(1_000, 9_000, lines)
    }

    /// Beat and the camera stop.
    fn quiet(&self) -> Act {
        let Some(programs) = services::programs(self.view, self.host) else {
            return Act::fails("unix:///var/run/supervisor.sock no such file", 4);
        };
        let once = programs
            .iter()
            .filter(|one| one.name.ends_with("-celerybeat") || one.name.ends_with("-celerycam"));
        let names = once.map(|one| one.name.clone()).collect();
        let said = vec![Step::Out("beat and the camera are stopped, and the workers go on\n".to_owned())];
        Act::new(vec![Step::Wait(self.time(800, 2_000))], Some(Effect::Programs(false, names)), said)
    }

    fn page(&self, page: &str) -> Act {
        if Page::parse(page).is_none() {
            return unknown(self.words);
        }
        if !services::is_up(self.view, self.host, "nginx") {
            return Act::fails("nginx is not running here", 1);
        }
        let said =
            format!("nginx: configuration file /etc/nginx/nginx.conf test is successful\npage={page}\n");
        let effect = Some(Effect::Page(page.to_owned()));
        Act::new(vec![Step::Wait(self.time(600, 1_800))], effect, vec![Step::Out(said)])
    }

    /// Back to what was checked out before something noted it.
    fn back(&self, note: &str) -> Act {
        match marks::get(self.view.c, &self.host.id, &marks::before(note)) {
            Ok(Some(old)) => self.checkout(&old, None),
            Ok(None) => Act::says("nothing was checked out: nothing to take back\n".to_owned()),
            Err(error) => Act::fails(&error.to_string(), 1),
        }
    }

    fn checkout(&self, changeset: &str, note: Option<&str>) -> Act {
        if !changeset.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Act::fails(
                &format!("error: pathspec '{changeset}' did not match any file(s) known to git"),
                1,
            );
        }
        let short = changeset.get(..7).unwrap_or(changeset);
        let before = vec![
            Step::Wait(self.time(1_000, 3_000)),
            Step::Out("From github.com:example/myproject\n".to_owned()),
            Step::Wait(self.time(500, 1_500)),
        ];
        let old = self.host.changeset.clone().unwrap_or_default();
        let changeset = changeset.to_owned();
        let effect = match note {
            None => Effect::Changeset(changeset),
            Some(note) => Effect::Noted { changeset, note: note.to_owned(), old },
        };
        Act::new(before, Some(effect), vec![Step::Out(format!("HEAD is now at {short}\n"))])
    }

    /// What Celery works on, a task a line.
    fn tasks(&self) -> String {
        let mut lines = Vec::new();
        for (worker, _) in CELERY_WORKERS {
            for task in services::tasks(self.view, self.host, worker) {
                let seconds = (self.view.now - task.started).max(0) / 1_000;
                lines.push(format!("{worker} {} {} {seconds}\n", task.id, task.name));
            }
        }
        lines.concat()
    }

    /// Starts or stops programs of a group of Supervisor's, with or without the environment in its name.
    fn programs(&self, verb: &str, group: &str) -> Act {
        let Some(programs) = services::programs(self.view, self.host) else {
            return Act::fails("unix:///var/run/supervisor.sock no such file", 4);
        };
        let full = format!("{}-{group}", self.host.environment);
        let is_meant = |program: &&Program| group == "all" || program.group == group || program.group == full;
        let meant: Vec<&Program> = programs.iter().filter(is_meant).collect();
        if meant.is_empty() {
            return Act::fails(&format!("{group}: ERROR (no such process)"), 1);
        }
        let mut before = Vec::new();
        if verb != "start" {
            if group == "celery" {
                // TERM lets running tasks end.
                let running = self.tasks();
                before.push(Step::Out(running.clone()));
                before.push(Step::Wait(if running.is_empty() { 1_500 } else { self.time(3_000, 25_000) }));
            }
            let said = meant.iter().map(|program| format!("{}: stopped\n", program.full_name()));
            before.extend([Step::Wait(1_200), Step::Out(said.collect())]);
        }
        let mut after = Vec::new();
        if verb != "stop" {
            before.push(Step::Wait(self.time(2_000, 4_000)));
            let said = meant.iter().map(|program| format!("{}: started\n", program.full_name()));
            after.push(Step::Out(said.collect()));
        }
        let names = meant.iter().map(|program| program.name.clone()).collect();
        Act::new(before, Some(Effect::Programs(verb != "stop", names)), after)
    }

    /// Django's own check, past Nginx.
    fn health(&self) -> Act {
        let site::Answer { status, milliseconds } = site::gunicorn(self.view, self.host);
        let wait = Step::Wait(milliseconds.cast_signed().max(20));
        let (said, complaint) = match status {
            Some(200) => return Act::new(vec![wait, Step::Out("200\n".to_owned())], None, Vec::new()),
            Some(status) => (
                format!("{status}\n"),
                services::application_error(self.view, self.host).unwrap_or("no reason"),
            ),
            None => {
                ("000\n".to_owned(), "curl: (7) Failed to connect to 127.0.0.1 port 8000: Connection refused")
            }
        };
        let steps = vec![wait, Step::Out(said), Step::Err(format!("{complaint}\n"))];
        Act { code: 1, ..Act::new(steps, None, Vec::new()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_what_it_does_before_its_first_command() {
        let all = |text: &str| words(text).unwrap_or_default();
        assert_eq!(all("# sandbox: page healthy\nsudo nginx -s reload\n"), ["page healthy"]);
        assert_eq!(
            all(
                "#!/bin/sh\n# Moves the code.\nset -eu\n# sandbox: code checkout ab12\n# sandbox: migrate\ncd x\n"
            ),
            ["code checkout ab12", "migrate"]
        );
        assert_eq!(words("echo a\n# sandbox: page off\n"), None);
        assert_eq!(words("echo a"), None);
    }
}
