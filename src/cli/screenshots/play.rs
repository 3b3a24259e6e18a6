//! What the runtime would do in the console's place: plans from the simulated fleet as it stands, and a run of which the
//! first steps go as they would. Nothing waits: time passes by hand, so that the pictures are the same every time.

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use super::Stage;
use crate::cloud::{CloudChange, CloudRead};
use crate::console::event::{Begun, Effect, Event};
use crate::console::panes::Ticket;
use crate::console::reduce::reduce;
use crate::console::work::{NoPlan, PlanWish, Record, Start, StartWish};
use crate::engine::RunId;
use crate::engine::run::{Entry, News, StepEnd, Story};
use crate::engine::store::RunState;
use crate::fleet::{EnvironmentName, LaunchSettings, Sizes};
use crate::operation::{self, FRESH, Facts, Offer};
use crate::plan::{Action, Converge, InstanceRef, Plan, Step, Value};
use crate::remote::{Command, RemoteChange, Target};

/// How long a job on a server may take, and all that it gets here: the same every time.
const JOB: Duration = Duration::from_secs(600);
/// So it passes, a piece whenever the job has not ended by then.
const PIECES: u32 = 6;
const PIECE: Duration = Duration::from_secs(6);
const MEANWHILE: Duration = Duration::from_millis(300);
/// How long the first new server has had.
const WAVE: Duration = Duration::from_secs(60);
/// Lines of a job that are seen.
const LINES: usize = 200;

impl Stage {
    /// Does what the reducer wants done, as far as pictures show it.
    pub(super) async fn perform(&mut self, effects: Vec<Effect>) {
        let mut left = effects;
        while let Some(effect) = left.pop() {
            let event = match effect {
                Effect::Plan(wish) => Event::Planned(wish.ticket, self.plan(&wish).await),
                Effect::Releases(environment) => {
                    let offers = Ok(self.offers(&environment).await);
                    Event::Releases(environment, offers)
                }
                Effect::Timeline(name) => {
                    let told = self.kept.chronicle(&self.state, &name);
                    Event::Timeline(name, told)
                }
                Effect::History => Event::History(Ok(self.history())),
                Effect::Start(wish) => {
                    self.play(*wish).await;
                    continue;
                }
                _ => continue,
            };
            left.extend(reduce(&mut self.state, event));
        }
    }

    async fn releases(&self, environment: &EnvironmentName) -> Vec<LaunchSettings> {
        let place = self.state.topology.environment(environment);
        let group =
            place.and_then(|place| place.group.as_ref()).and_then(|name| self.state.snapshot.group(name));
        let Some(launch) = group.and_then(|group| group.launch.as_ref()) else { return Vec::new() };
        let prefix = format!("{}_{environment}_lc_", self.state.topology.deployment);
        self.cloud.releases(launch, &prefix).await.unwrap_or_default()
    }

    async fn offers(&self, environment: &EnvironmentName) -> Vec<Offer> {
        let releases = self.releases(environment).await;
        let topology = &self.state.topology;
        let Ok(place) = operation::place(topology, environment.as_str()) else { return Vec::new() };
        operation::offers(&Facts {
            snapshot: &self.state.snapshot,
            topology,
            place,
            releases: &releases,
            now: self.state.now,
            fresh: FRESH,
            room: None,
            ground: None,
            repo: None,
            site: None,
        })
    }

    async fn plan(&mut self, wish: &PlanWish) -> Result<Box<Plan>, NoPlan> {
        self.refresh().await;
        let releases = self.releases(&wish.environment).await;
        let topology = &self.state.topology;
        let place = operation::place(topology, wish.environment.as_str());
        let planned = match (place, operation::find(wish.operation)) {
            (Ok(place), Ok(operation)) => {
                let mut facts = Facts {
                    snapshot: &self.state.snapshot,
                    topology,
                    place,
                    releases: &releases,
                    now: self.cloud.now(),
                    fresh: FRESH,
                    room: None,
                    ground: None,
                    repo: None,
                    site: None,
                };
                let ground = match operation.ground(&facts, &wish.options) {
                    Some(asked) => Some(self.cloud.ground(&asked).await),
                    None => None,
                };
                facts.ground = ground.as_ref();
                let room = match operation.room(&facts, &wish.options) {
                    Some(asked) => Some(self.cloud.room(&asked).await),
                    None => None,
                };
                facts.room = room.as_ref();
                operation.plan(&facts, &wish.options)
            }
            (Err(refused), _) | (_, Err(refused)) => Err(refused),
        };
        planned.map(Box::new).map_err(|refused| NoPlan {
            words: refused.to_string(),
            word: refused.word(),
            lacks: Vec::new(),
        })
    }

    /// Begins a run and lets it come to where servers are replaced.
    async fn play(&mut self, wish: StartWish) {
        let (Start::Begin(plan), Some(id)) = (wish.start, RunId::parse("2026-01-15-0004")) else { return };
        let begun = Begun { id, dir: PathBuf::from("runs"), story: Box::new(Story::new((*plan).clone())) };
        reduce(&mut self.state, Event::Begun(wish.ticket, Ok(Box::new(begun))));
        let history = self.history();
        reduce(&mut self.state, Event::History(Ok(history)));
        let at = self.cloud.now();
        self.tell(wish.ticket, News::Entry(Box::new(Entry::Lock { number: Some(1), at })));
        for step in &plan.steps {
            let at = self.cloud.now();
            self.tell(wish.ticket, News::Entry(Box::new(Entry::Begun { step: step.id, at })));
            if let Action::Converge(converge) = &step.action {
                self.roll(wish.ticket, step, converge).await;
                return;
            }
            self.job(wish.ticket, step).await;
            let (end, at) = (StepEnd::Done, self.cloud.now());
            self.tell(wish.ticket, News::Entry(Box::new(Entry::Ended { step: step.id, end, at })));
        }
    }

    fn tell(&mut self, ticket: Ticket, news: News) {
        reduce(&mut self.state, Event::Clock(self.cloud.now()));
        reduce(&mut self.state, Event::Told(vec![(ticket, news)]));
    }

    /// What a job prints on its server.
    async fn job(&mut self, ticket: Ticket, step: &Step) {
        let Action::Job(job) = &step.action else { return };
        let InstanceRef::Known(id) = &job.server else { return };
        let address = self.state.snapshot.server(id).and_then(|server| server.address());
        let Some(Ok(target)) = address.map(|address| Target::new(id.clone(), address)) else { return };
        let command = Command::new(job.script.as_str(), JOB).sudo(true);
        let printed = self.cloud.hosts_change().exec(&target, command).collect(LINES);
        let mut printed = std::pin::pin!(printed);
        let (mut passed, mut lines) = (0, Vec::new());
        while passed < PIECES {
            tokio::select! {
                (all, _) = &mut printed => {
                    lines = all;
                    break;
                }
                () = tokio::time::sleep(MEANWHILE) => {
                    passed += 1;
                    // What cannot pass is left out; a picture is no place for it.
                    let _ = self.cloud.advance(PIECE);
                }
            }
        }
        let _ = self.cloud.advance(PIECE * (PIECES - passed));
        let now = self.cloud.now();
        for line in &mut lines {
            line.at = now;
        }
        self.tell(ticket, News::Lines { step: step.id, instance: id.to_string(), lines });
    }

    /// The first new server beside the old ones.
    async fn roll(&mut self, ticket: Ticket, step: &Step, converge: &Converge) {
        if let (Value::Launch(launch), Some(group)) =
            (&converge.to, self.state.snapshot.group(&converge.group).cloned())
        {
            let sizes = Sizes { min: group.min, desired: group.desired + 1, max: group.max };
            let _ = self.cloud.set_launch(&converge.group, launch).await;
            let _ = self.cloud.set_sizes(&converge.group, sizes).await;
        }
        let _ = self.cloud.advance(WAVE);
        self.refresh().await;
        let text = format!("0 of {} new in service; the first one boots", converge.count);
        self.tell(ticket, News::Status { step: step.id, text });
    }

    /// Runs of the days before.
    fn history(&self) -> Vec<Record> {
        let now = self.cloud.now();
        let record =
            |number: u32, operation: &str, what: &str, who: &str, state: RunState, ago: i64, took: i64| {
                let at = now.checked_sub(SignedDuration::from_secs(ago)).unwrap_or(now);
                let steps = ["stop Celery when its tasks have ended", "migrate"];
                Some(Record {
                    id: RunId::parse(&format!("2026-01-{:02}-{number:04}", at.strftime("%d")))?,
                    environment: "production".into(),
                    operation: operation.into(),
                    what: what.into(),
                    who: who.into(),
                    at,
                    finished: at.checked_add(SignedDuration::from_secs(took)).ok(),
                    state,
                    is_plan: operation != "exec",
                    left: Vec::new(),
                    foreign: 0,
                    holds: false,
                    steps: steps.map(|title| (title.to_owned(), 20)).into(),
                    progress: (13, 13),
                    lock: None,
                    launches: None,
                })
            };
        let serial = |changeset: &str| format!("deploy {changeset}, 1 server at a time");
        [
            record(3, "deploy-serial", &serial("4af7ece"), "jane@laptop", RunState::Done, 86_400, 1_062),
            record(2, "exec", "df -h /", "kim@desk", RunState::Done, 90_000, 4),
            record(
                1,
                "set-sizes",
                "set the sizes of the group to 4 of 2–8",
                "kim@desk",
                RunState::Done,
                180_000,
                3,
            ),
            record(2, "deploy-serial", &serial("571b011"), "jane@laptop", RunState::Failed, 260_000, 844),
            record(1, "deploy-serial", &serial("0442bd2"), "jane@laptop", RunState::Done, 350_000, 1_140),
            record(
                1,
                "suspend-processes",
                "suspend AZRebalance",
                "kim@desk",
                RunState::Cancelled,
                440_000,
                6,
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
