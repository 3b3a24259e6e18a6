//! Plans and runs of them made by hand, on the groups of the small fleet.

use super::fixture::ago;
use super::runs;
use crate::console::event::Begun;
use crate::console::panes::Ticket;
use crate::console::work::{PlanWish, Record, Work};
use crate::engine::RunId;
use crate::engine::run::{Entry, Left, Mutation, MutationEnd, News, StepEnd, Story, Way};
use crate::engine::store::RunState;
use crate::fleet::{GroupName, LaunchSource, Process, Sizes};
use crate::operation::Options;
use crate::plan::{
    Action, Assignment, Assumption, Converge, Fact, HostJob, InstanceRef, Kind, Lasts, LockKind, Plan,
    Repeat, Setting, Step, StepId, Undo, VERSION, Value,
};
use crate::remote::Stream;

pub fn group(environment: &str) -> GroupName {
    GroupName::new(format!("myproject-{environment}-ag"))
}

fn launch(environment: &str, version: u32) -> LaunchSource {
    LaunchSource::Template {
        id: format!("lt-{environment}"),
        name: format!("myproject_{environment}_lt"),
        version: version.to_string(),
    }
}

fn step(id: u16, lane: &str, title: &str, target: &str, action: Action) -> Step {
    Step {
        id: StepId(id),
        after: (1..id).map(StepId).collect(),
        lane: lane.into(),
        title: title.into(),
        target: target.into(),
        action,
        before: None,
        becomes: None,
        lasts: Lasts::Stays,
        undo: Undo::Nothing,
        repeat: Repeat::Check,
        deadline_s: 600,
        noticed: None,
        destructive: false,
        soft: false,
        settles: Vec::new(),
        seals: false,
    }
}

fn job(name: &str) -> Action {
    Action::Job(Box::new(HostJob {
        server: InstanceRef::Known("i-0d019999".into()),
        name: name.into(),
        script: "set -e\ncd /home/myproject/www\n./manage.py migrate --noinput".into(),
        user: Some("myproject".into()),
        back: None,
        files: Vec::new(),
        names_server: false,
    }))
}

pub fn suspend(environment: &str) -> Action {
    let setting = Setting::Process { group: group(environment), process: Process::AzRebalance };
    Action::Set { settings: vec![Assignment { setting, to: Value::Suspended }] }
}

/// A serial deploy.
pub fn deploy(environment: &str) -> Plan {
    let name = group(environment);
    let converge = Converge {
        kind: Kind::Replace,
        group: name.clone(),
        balancers: Vec::new(),
        to: Value::Launch(launch(environment, 3)),
        batch: 1,
        at_least: 4,
        count: 4,
        patience_s: 600,
        check: Some("curl -fsS http://127.0.0.1:8000/healthcheck.html".into()),
        back: None,
    };
    let some = |text: &str| Some(text.to_owned());
    let steps = vec![
        Step {
            before: some("2 tasks running"),
            becomes: some("stopped"),
            undo: Undo::Reverse("Celery is started".into()),
            ..step(1, "worker", "stop Celery when its tasks have ended", "i-0d019999", job("stop-celery"))
        },
        Step {
            becomes: some("the new code's schema; old servers run on it from here"),
            undo: Undo::Cannot("the schema stays as migrated".into()),
            ..step(2, "worker", "migrate", "i-0d019999", job("migrate"))
        },
        Step {
            before: some("active"),
            becomes: some("suspended"),
            lasts: Lasts::UntilTheEnd,
            undo: Undo::Restore,
            ..step(3, "group", "suspend AZRebalance", name.as_str(), suspend(environment))
        },
        Step {
            before: some("4 servers on v2"),
            becomes: some("4 servers on v3"),
            undo: Undo::Reverse("replaced again by what was launched before".into()),
            noticed: some("requests under way on a server that goes are waited for"),
            destructive: true,
            ..step(
                4,
                "web",
                "replace web servers one at a time: new in service, then old out",
                name.as_str(),
                Action::Converge(Box::new(converge)),
            )
        },
        Step {
            becomes: some("as found before"),
            ..step(
                5,
                "group",
                "put the group back as it was",
                name.as_str(),
                Action::Restore { steps: vec![StepId(3)] },
            )
        },
    ];
    Plan {
        version: VERSION,
        operation: "deploy-serial".into(),
        deployment: "myproject".into(),
        environment: environment.into(),
        production: environment == "production",
        title: "deploy 77aa01c “Faster export” (ana), one server at a time, from a1b2c3d".into(),
        command: format!("quarterdeck apply deploy-serial {environment} --release 77aa01c"),
        made_at: ago(4),
        lock: LockKind::Environment,
        noticed: None,
        cannot_undo: vec!["1 migration: exports.0042_add_index; the schema stays as migrated".into()],
        notes: vec!["The last servers took 36 s to boot; the group's grace period is 5 min".into()],
        overrides: Vec::new(),
        goes_on: false,
        redoes: false,
        by_name: false,
        assumes: vec![Assumption {
            fact: Fact::Setting(Setting::Sizes { group: name }),
            value: Value::Sizes(Sizes { min: 2, desired: 4, max: 8 }),
            read_at: ago(4),
        }],
        steps,
    }
}

/// One step that suspends a process.
pub fn suspension(environment: &str) -> Plan {
    let deploy = deploy(environment);
    let only = Step { id: StepId(1), after: Vec::new(), lasts: Lasts::Stays, ..deploy.steps[2].clone() };
    Plan {
        operation: "suspend-processes".into(),
        title: format!("suspend AZRebalance of {}", group(environment)),
        command: format!("quarterdeck apply suspend-processes {environment} --processes AZRebalance"),
        cannot_undo: Vec::new(),
        notes: Vec::new(),
        steps: vec![only],
        ..deploy
    }
}

pub fn wish(ticket: Ticket, environment: &str) -> PlanWish {
    PlanWish {
        ticket,
        environment: environment.into(),
        operation: "deploy-serial",
        options: Options { release: Some("77aa01c".into()), ..Options::default() },
    }
}

pub fn id(number: u32) -> RunId {
    RunId::parse(&format!("2026-11-22-{number:04}")).unwrap()
}

pub fn begun(plan: Plan) -> Begun {
    Begun { id: id(7), dir: "/x".into(), story: Box::new(Story::new(plan)) }
}

pub fn entry(entry: Entry) -> News {
    News::Entry(Box::new(entry))
}

pub fn ended(step: u16, end: StepEnd, seconds: i64) -> News {
    entry(Entry::Ended { step: StepId(step), end, at: ago(seconds) })
}

pub fn step_begun(step: u16, seconds: i64) -> News {
    entry(Entry::Begun { step: StepId(step), at: ago(seconds) })
}

pub fn finished(state: RunState) -> News {
    News::Finished { at: ago(1), state }
}

fn printed(step: u16, instance: &str, text: &str) -> News {
    let crate::engine::Progress::Lines { lines, .. } = runs::lines(0, Stream::Out, text) else {
        panic!("lines")
    };
    News::Lines { step: StepId(step), instance: instance.into(), lines }
}

/// A deploy in the middle of replacing web servers.
pub fn under_way(ticket: Ticket, environment: &str) -> Work {
    let Begun { id, dir, story } = begun(deploy(environment));
    let mut work = Work::begun(ticket, id, dir, story, ago(372));
    let set = Mutation::Set {
        setting: Setting::Process { group: group(environment), process: Process::AzRebalance },
        from: Value::Active,
        to: Value::Suspended,
    };
    for news in [
        entry(Entry::Lock { number: Some(3), at: ago(372) }),
        step_begun(1, 372),
        printed(1, "i-0d019999", "celery@main: 2 tasks\ncelery@main: warm shutdown\nstopped"),
        ended(1, StepEnd::Done, 331),
        step_begun(2, 331),
        printed(2, "i-0d019999", "Running migrations:\n  Applying exports.0042_add_index... OK"),
        ended(2, StepEnd::Done, 323),
        step_begun(3, 323),
        entry(Entry::Intent { id: 1, step: StepId(3), back: false, mutation: set, at: ago(323) }),
        entry(Entry::Outcome { id: 1, result: MutationEnd::Done, at: ago(322) }),
        ended(3, StepEnd::Done, 322),
        step_begun(4, 322),
        News::Status { step: StepId(4), text: "1 of 4 new in service; i-0aa9 is booting".into() },
        printed(
            4,
            "i-0c3fcccc",
            "cloud-init done\nnginx: active\ngunicorn: 8 workers\nhealth check 200 in 41ms",
        ),
    ] {
        work.take(news);
    }
    work
}

/// A deploy that failed and could not put everything back.
pub fn failed(ticket: Ticket, environment: &str) -> Work {
    let mut work = under_way(ticket, environment);
    let why = "i-0aa9 did not come into service in 10 min: the load balancer's health check says \
               “Instance has failed at least 2 consecutive health checks”\nits last lines:\n  gunicorn.errors.HaltServer";
    for news in [
        ended(4, StepEnd::Failed(why.into()), 60),
        entry(Entry::Turned { way: Way::Stop, why: "step 4 did not end well".into(), at: ago(60) }),
        entry(Entry::Undone { step: StepId(3), left: vec![left()], at: ago(50) }),
        finished(RunState::Failed),
    ] {
        work.take(news);
    }
    work
}

pub fn left() -> Left {
    Left {
        what: "AZRebalance of myproject-production-ag".into(),
        wanted: "active".into(),
        found: Some("suspended".into()),
        why: "AWS did not answer for 30 min".into(),
        cure: "quarterdeck runs undo 2026-11-22-0007".into(),
        foreign: false,
    }
}

fn record(number: u32, environment: &str, operation: &str, what: &str, seconds: i64) -> Record {
    Record {
        id: id(number),
        environment: environment.into(),
        operation: operation.into(),
        what: what.into(),
        who: "jane@laptop".into(),
        at: ago(seconds),
        finished: Some(ago(seconds - 660)),
        state: RunState::Done,
        is_plan: operation != "exec",
        left: Vec::new(),
        foreign: 0,
        holds: false,
        steps: vec![("migrate".into(), 8), ("stop Celery when its tasks have ended".into(), 41)],
        lock: None,
        launches: None,
        progress: (5, 5),
    }
}

/// What was done before: well, badly, on servers, and what was interrupted.
pub fn history(environment: &str) -> Vec<Record> {
    let deploy = "deploy 77aa01c “Faster export” (ana), one server at a time, from a1b2c3d";
    vec![
        Record {
            state: RunState::Interrupted,
            finished: None,
            progress: (3, 5),
            ..record(6, environment, "deploy-serial", deploy, 5_400)
        },
        Record {
            state: RunState::Failed,
            left: vec![left()],
            ..record(5, environment, "deploy-full", deploy, 9_000)
        },
        record(4, environment, "exec", "df -h /", 12_000),
        Record {
            state: RunState::Cancelled,
            ..record(3, environment, "set-sizes", "set sizes 2, 4, 8", 90_000)
        },
        record(2, environment, "deploy-serial", "deploy a1b2c3d, one server at a time", 180_000),
        Record {
            finished: Some(ago(250_000 - 1_020)),
            ..record(1, environment, "deploy-serial", "deploy 9f8e7d6, one server at a time", 250_000)
        },
    ]
}

/// Only what came to a good end.
pub fn good_history(environment: &str) -> Vec<Record> {
    let mut history = history(environment);
    history.retain(|past| !past.is_open());
    history
}
