//! Plans and their runs as the loop sees them: made and executed in tasks of their own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::feeds::{Feeds, Told};
use super::going_on::{Brake, GoingOn};
use super::{Clock, SecretsWays};
use crate::console::event::{Begun, Event};
use crate::console::panes::Ticket;
use crate::console::work::{KeepWish, NoPlan, Obstacle, PlanWish, Start, StartWish};
use crate::engine::lock::LockError;
use crate::engine::run::{self, Cancel, Launch, News, NotBegun, Ports, RunControl, Started};
use crate::engine::store::RunState;
use crate::fleet::{EnvironmentName, EnvironmentPlace, LaunchSettings, Reading, Snapshot, Topology};
use crate::operation::{self, FRESH, Facts, Offer};
use crate::plan::Plan;
use crate::refresh::Command;
use crate::repo::{Asking, RepoFacts};
use crate::template::{SiteFacts, Templates};

/// Gives what a run in an environment reads and changes; or why it cannot be had.
pub type PortsOf = Arc<dyn Fn(&EnvironmentPlace) -> Result<Ports, String> + Send + Sync>;

/// How long planning waits for facts that are read anew; then it goes on with those there are.
const READING: Duration = Duration::from_secs(15);
/// News taken at once from one run.
const AT_ONCE: usize = 256;

/// Runs of plans that can be stopped.
#[derive(Default)]
pub(super) struct Plans {
    controls: BTreeMap<Ticket, RunControl>,
}

impl Plans {
    /// It has begun.
    pub(super) fn began(&mut self, ticket: Ticket, control: RunControl) {
        self.controls.insert(ticket, control);
    }

    /// It is over.
    pub(super) fn over(&mut self, ticket: Ticket) {
        self.controls.remove(&ticket);
    }

    /// Stops it.
    pub(super) fn stop(&self, ticket: Ticket, cancel: Cancel) {
        if let Some(control) = self.controls.get(&ticket) {
            control.cancel(cancel);
        }
    }
}

/// What planners are told, and where it comes from.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) ports: PortsOf,
    pub(super) repo: Option<Asking>,
    pub(super) templates: Option<Arc<Templates>>,
    pub(super) secrets: Option<SecretsWays>,
    pub(super) topology: Arc<Topology>,
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) clock: Clock,
}

impl Bench {
    fn place(&self, name: &EnvironmentName) -> Result<&EnvironmentPlace, String> {
        operation::place(&self.topology, name.as_str()).map_err(|refused| refused.to_string())
    }

    /// Makes a plan from facts read just now.
    async fn plan(mut self, wish: &PlanWish) -> Result<Box<Plan>, NoPlan> {
        let no = |words: String| NoPlan { words, word: None, lacks: Vec::new() };
        let place = self.place(&wish.environment).map_err(no)?.clone();
        let ports = (self.ports)(&place).map_err(no)?;
        let snapshot = self.read_anew(&place).await;
        // A planner that needs none is not stopped by a list that cannot be read; one that does says so.
        let releases = releases(&ports, &self.topology, &place, &snapshot).await.unwrap_or_default();
        let operation = operation::find(wish.operation).map_err(|refused| no(refused.to_string()))?;
        let mut site = self.site(&place).await;
        if let (Some(site), Some(ways)) = (&mut site, &self.secrets)
            && operation.compares_secrets()
        {
            site.drift = (ways.drift)(place.clone(), Arc::clone(&snapshot)).await;
        }
        let mut facts = Facts { site: site.as_ref(), ..self.facts(&place, &snapshot, &releases) };
        let told = operation.informed(&facts, &wish.options, self.repo.as_ref()).await;
        facts.repo = told.as_ref();
        let ground = match operation.ground(&facts, &wish.options) {
            Some(asked) => Some(ports.read.ground(&asked).await),
            None => None,
        };
        facts.ground = ground.as_ref();
        let room = match operation.room(&facts, &wish.options) {
            Some(asked) => Some(ports.read.room(&asked).await),
            None => None,
        };
        facts.room = room.as_ref();
        let plan = operation.plan(&facts, &wish.options);
        plan.map(Box::new).map_err(|refused| {
            let missing = site.iter().filter(|_| refused.lacks_secrets()).flat_map(SiteFacts::lacking);
            let lacks = missing.filter(|_| self.secrets.is_some()).map(ToOwned::to_owned).collect();
            NoPlan { words: refused.to_string(), word: refused.word(), lacks }
        })
    }

    /// What is known of an environment before anybody else is asked.
    fn facts<'f>(
        &'f self,
        place: &'f EnvironmentPlace,
        snapshot: &'f Snapshot,
        releases: &'f [LaunchSettings],
    ) -> Facts<'f> {
        Facts {
            snapshot,
            topology: &self.topology,
            place,
            releases,
            now: (self.clock.now)(),
            fresh: on_the_clouds_clock(FRESH, self.clock.speed),
            room: None,
            ground: None,
            repo: None,
            site: None,
        }
    }

    /// What the project's templates and secrets are.
    async fn site(&self, place: &EnvironmentPlace) -> Option<SiteFacts> {
        let (templates, name) = (self.templates.clone()?, place.name.to_string());
        tokio::task::spawn_blocking(move || templates.facts(&name)).await.ok()
    }

    /// The newest snapshot, everything a plan stands on read after now where that is possible.
    async fn read_anew(&mut self, place: &EnvironmentPlace) -> Arc<Snapshot> {
        let now = (self.clock.now)();
        let asked = self.commands.send(Command::Now).await;
        if asked.is_ok() {
            let wait = self.snapshots.wait_for(|snapshot| is_newer(snapshot, place, now));
            let _ = timeout(READING, wait).await;
        }
        Arc::clone(&self.snapshots.borrow_and_update())
    }

    async fn releases(self, environment: &EnvironmentName) -> Result<Vec<Offer>, String> {
        let place = self.place(environment)?.clone();
        let ports = (self.ports)(&place)?;
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let releases = releases(&ports, &self.topology, &place, &snapshot).await?;
        let mut facts = self.facts(&place, &snapshot, &releases);
        let told = match &self.repo {
            Some(ask) => Some(ask(operation::questions(&facts), RepoFacts::default()).await),
            None => None,
        };
        facts.repo = told.as_ref();
        Ok(operation::offers(&facts))
    }
}

fn is_newer(snapshot: &Snapshot, place: &EnvironmentPlace, than: Timestamp) -> bool {
    fn newer<T>(reading: &Reading<T>, than: Timestamp) -> bool {
        reading.read_at().is_some_and(|at| at >= than)
    }
    let health = |name| snapshot.health.get(name).is_some_and(|health| newer(health, than));
    newer(&snapshot.servers, than)
        && newer(&snapshot.groups, than)
        && newer(&snapshot.load_balancers, than)
        && place.load_balancers.iter().all(health)
}

/// A simulated cloud's clock may run faster than its facts can be read.
fn on_the_clouds_clock(span: SignedDuration, speed: f64) -> SignedDuration {
    let seconds = span.as_secs_f64() * speed.clamp(1.0, 1e6);
    SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::MAX)
}

/// What the group could launch, newest first.
async fn releases(
    ports: &Ports,
    topology: &Topology,
    place: &EnvironmentPlace,
    snapshot: &Snapshot,
) -> Result<Vec<LaunchSettings>, String> {
    let launch = place.group.as_ref().and_then(|name| snapshot.group(name)?.launch.clone());
    let Some(launch) = launch else { return Err("the group says of nothing that it launches it".into()) };
    let prefix = format!("{}_{}_lc_", topology.deployment, place.name);
    ports.read.releases(&launch, &prefix).await.map_err(|error| error.to_string())
}

impl Feeds {
    /// Plans an operation.
    pub(super) fn plan(&self, bench: Option<Bench>, wish: PlanWish) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let planned = match bench {
                Some(bench) => bench.plan(&wish).await,
                None => Err(NoPlan { words: nothing(), word: None, lacks: Vec::new() }),
            };
            let _ = tell.send(Told::Event(Event::Planned(wish.ticket, planned))).await;
        });
    }

    /// Writes secrets that were typed.
    pub(super) fn keep_secrets(&self, bench: Option<Bench>, wish: KeepWish) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let kept = match bench.and_then(|bench| bench.secrets) {
                Some(ways) => (ways.keep)(wish.environment, wish.typed).await,
                None => Err(nothing()),
            };
            let _ = tell.send(Told::Event(Event::SecretsKept(wish.ticket, kept))).await;
        });
    }

    /// Asks which releases there are.
    pub(super) fn releases(&self, bench: Option<Bench>, environment: EnvironmentName) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let releases = match bench {
                Some(bench) => bench.releases(&environment).await,
                None => Err(nothing()),
            };
            let _ = tell.send(Told::Event(Event::Releases(environment, releases))).await;
        });
    }

    /// Begins the run of a plan, or takes one up again.
    pub(super) fn start(&self, bench: Option<Bench>, wish: StartWish, identity: String) {
        let ticket = wish.ticket;
        let (tell, store, who) = (self.tell.clone(), self.store.clone(), self.who.clone());
        let (entry, going_on) = (self.going_on.begin(ticket), self.going_on.clone());
        tokio::spawn(async move {
            let launch = Launch { who, identity, grip: wish.grip };
            let Some((bench, store)) = bench.zip(store) else {
                let _ = tell.send(Told::Begun(ticket, Err(Obstacle::Other(nothing())))).await;
                return;
            };
            let ports = bench.place(&wish.environment).cloned().and_then(|place| (bench.ports)(&place));
            let ports = ports.map(|ports| ports.told(wish.typed));
            let started = match (ports, wish.start) {
                (Err(why), _) => Err(Obstacle::Other(why)),
                (Ok(ports), Start::Begin(plan)) => {
                    run::begin(ports, store, *plan, launch).await.map_err(obstacle)
                }
                (Ok(ports), Start::TakeUp { id, undo }) => {
                    run::resume(ports, store, id, undo, launch).await.map_err(obstacle)
                }
            };
            match started {
                Err(why) => {
                    let _ = tell.send(Told::Begun(ticket, Err(why))).await;
                }
                Ok(Started { id, dir, story, news, control }) => {
                    let name = id.to_string();
                    entry.began(name.clone(), Brake::Plan(control.clone()));
                    let begun = Box::new(Begun { id, dir, story });
                    tokio::select! {
                        _ = tell.send(Told::Begun(ticket, Ok((begun, control)))) => {}
                        () = going_on.alone() => {}
                    }
                    if let Some(state) = forward(ticket, news, tell, &going_on).await {
                        entry.over(&name, state);
                    }
                }
            }
        });
    }
}

fn nothing() -> String {
    "nothing can be changed from this console: there is no way to change the cloud, or no place to keep a journal in"
        .into()
}

fn obstacle(error: NotBegun) -> Obstacle {
    match error {
        NotBegun::Changed { fact, was, is } => {
            Obstacle::Changed { fact: fact.to_string(), was: was.to_string(), is: is.to_string() }
        }
        NotBegun::Lock(LockError::Held(held)) => Obstacle::Held(held),
        NotBegun::Lock(error @ LockError::Denied(_)) => Obstacle::Denied(error.to_string()),
        other => Obstacle::Other(other.to_string()),
    }
}

/// Hands news on, as many at once as there are. Once nobody takes them they are thrown away up to the last word, which
/// is given back: the run goes on, and its journal with it.
async fn forward(
    ticket: Ticket,
    mut news: mpsc::Receiver<News>,
    tell: mpsc::Sender<Told>,
    going_on: &GoingOn,
) -> Option<RunState> {
    let mut heard = true;
    while let Some(first) = news.recv().await {
        let mut some = vec![first];
        while some.len() < AT_ONCE {
            let Ok(next) = news.try_recv() else { break };
            some.push(next);
        }
        let last = if let Some(News::Finished { state, .. }) = some.last() { Some(*state) } else { None };
        heard = heard
            && tokio::select! {
                biased;
                () = going_on.alone() => false,
                sent = tell.send(Told::Plan(ticket, some)) => sent.is_ok(),
            };
        if let (Some(state), false) = (last, heard) {
            return Some(state);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::panes::Ticket;
    use crate::fleet::{Changeset, Interest};
    use crate::operation::Options;
    use crate::refresh::{Limits, once_looking};
    use crate::repo::{Head, Question, RepoFacts};
    use crate::sandbox::{SandboxCloud, Scenario};

    const HEAD: &str = "5e6f7081928374655647382910fedcba01234567";

    /// What planners are told on a simulated fleet. The commands that come back keep the way to them open.
    async fn bench(repo: Option<Asking>) -> (Bench, mpsc::Receiver<Command>) {
        bench_of(SandboxCloud::in_memory_with_tokio(Scenario::Calm, 7).unwrap(), repo).await
    }

    async fn bench_of(cloud: SandboxCloud, repo: Option<Asking>) -> (Bench, mpsc::Receiver<Command>) {
        let topology = Arc::new(cloud.topology());
        let snapshot = once_looking(
            Arc::new(cloud.clone()),
            None,
            Arc::clone(&topology),
            Limits::ONCE,
            Interest::default(),
        );
        let (_, snapshots) = watch::channel(Arc::new(snapshot.await));
        let (commands, kept) = mpsc::channel(4);
        let clock = cloud.clone();
        let clock = Clock { now: Arc::new(move || crate::cloud::CloudRead::now(&clock)), speed: 1.0 };
        let ports: PortsOf = Arc::new(move |_| {
            let page = String::new;
            Ok(Ports {
                read: Arc::new(cloud.clone()),
                change: Arc::new(cloud.clone()),
                look: Arc::new(cloud.hosts()),
                act: Arc::new(cloud.hosts_change()),
                deployment: "myproject".into(),
                address: crate::fleet::AddressChoice::Private,
                pages: run::Pages { show: page(), off: page(), healthy: page(), unhealthy: page() },
                evidence: None,
                texts: None,
                secrets: None,
            })
        });
        (Bench { ports, repo, templates: None, secrets: None, topology, snapshots, commands, clock }, kept)
    }

    fn wish(options: Options) -> PlanWish {
        PlanWish { ticket: Ticket(1), environment: "staging".into(), operation: "create-release", options }
    }

    #[tokio::test(start_paused = true)]
    async fn the_repository_is_asked_for_the_head_of_the_branch_from_the_screen_too() {
        let asking: Asking = Arc::new(|questions: Vec<Question>, mut told: RepoFacts| {
            for question in questions {
                if let Question::Head(branch) = question {
                    told.heads.push(Head { branch, changeset: Ok(Changeset::new(HEAD)) });
                }
            }
            Box::pin(std::future::ready(told))
        });
        let (bench, _kept) = bench(Some(asking)).await;
        let plan = bench.plan(&wish(Options::default())).await.unwrap();
        assert_eq!(plan.title, "make a release of 5e6f708");
    }

    #[tokio::test(start_paused = true)]
    async fn releases_to_choose_come_with_what_the_repository_knows_of_them() {
        let asking: Asking = Arc::new(|questions: Vec<Question>, mut told: RepoFacts| {
            for question in questions {
                if let Question::Commit(changeset) = question {
                    let (subject, author) = ("Faster import".into(), "ana".into());
                    told.commits.push(crate::repo::Commit { changeset, subject, author, at: None });
                }
            }
            Box::pin(std::future::ready(told))
        });
        let (bench, _kept) = bench(Some(asking)).await;
        let offers = bench.releases(&"staging".into()).await.unwrap();
        assert!(offers.len() > 1 && offers.iter().filter(|one| one.is_current).count() == 1, "{offers:?}");
        assert!(offers.iter().all(|one| one.commit == Some(("Faster import".into(), "ana".into()))));
        assert!(offers.iter().all(|one| one.migrations.is_none()), "nobody told of any");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_repository_the_refusal_says_what_to_tell_instead() {
        let (bench, _kept) = bench(None).await;
        let refused = bench.clone().plan(&wish(Options::default())).await.unwrap_err();
        assert!(refused.words.ends_with("or name the changeset with --changeset"), "{}", refused.words);
        let options = Options { changeset: Some(Changeset::new(HEAD)), ..Options::default() };
        assert!(bench.plan(&wish(options)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn room_for_the_servers_is_looked_at_from_the_screen_too() {
        let cloud = SandboxCloud::in_memory_with_tokio(Scenario::Calm, 7).unwrap();
        cloud.limit_vcpus(1).unwrap();
        let (bench, _kept) = bench_of(cloud, None).await;
        let options = Options { changeset: Some(Changeset::new(HEAD)), ..Options::default() };
        let refused = bench.plan(&wish(options)).await.unwrap_err();
        assert_eq!(refused.word, Some("over-quota"), "{}", refused.words);
    }
}
