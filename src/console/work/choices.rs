//! What an operation is told: a line for everything that can be chosen, made from the options that it takes.

use crate::console::age;
use crate::console::state::State;
use crate::fleet::{Certificate, EnvironmentName, InstanceId, LaunchSource, Process};
use crate::operation::{Kind, Offer, Operation, Opt, Options, Refused};

/// The longest text of a line: a public RSA key of 4096 bits has more than 700 letters.
const LONGEST: usize = 1_000;

/// How a line is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Taken in or left out; of several that belong together any number.
    Check,
    /// Of several that belong together at most one.
    Pick,
    /// Typed: a number.
    Number,
    /// Typed: words.
    Text,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The option it is of.
    pub opt: Opt,
    /// How it is changed.
    pub kind: LineKind,
    /// What it is called.
    pub label: String,
    /// What is written for it, where it is not typed.
    pub value: String,
    /// Whether it is taken in.
    pub on: bool,
    /// What was typed.
    pub text: String,
    /// What more is known of it, line by line.
    pub more: Vec<String>,
}

/// What is being chosen.
#[derive(Clone, Debug)]
pub struct Choices {
    /// Where.
    pub environment: EnvironmentName,
    /// The operation.
    pub operation: &'static Operation,
    /// The lines.
    pub lines: Vec<Line>,
    /// Where the keys go.
    pub cursor: usize,
    /// Words of refusals that are not to count.
    pub overrides: Vec<String>,
    /// Why the releases are not listed: not read yet, or what went wrong.
    pub no_releases: Option<String>,
}

impl Choices {
    /// What can be chosen for an operation; a server that is selected is taken in.
    #[must_use]
    pub fn new(
        state: &State,
        environment: EnvironmentName,
        operation: &'static Operation,
        selected: Option<&InstanceId>,
    ) -> Self {
        let lines = operation.takes.iter().filter(|opt| **opt != Opt::Override);
        let lines = lines.flat_map(|opt| lines_of(state, &environment, operation, *opt, selected)).collect();
        let no_releases = operation.takes.contains(&Opt::Release).then(|| "reading…".to_owned());
        Self { environment, operation, lines, cursor: 0, overrides: Vec::new(), no_releases }
    }

    /// Whether releases are to be chosen from, and did not come in yet.
    #[must_use]
    pub fn awaits_releases(&self) -> bool {
        let listed = |line: &Line| line.opt == Opt::Release && line.kind == LineKind::Pick;
        self.operation.takes.contains(&Opt::Release) && !self.lines.iter().any(listed)
    }

    /// The releases that there are came in, newest first.
    pub fn list_releases(&mut self, state: &State, offers: &[Offer]) {
        self.no_releases = offers.is_empty().then(|| "there is none yet".to_owned());
        self.lines.retain(|line| line.opt != Opt::Release || line.kind != LineKind::Pick);
        let at = self.lines.iter().position(|line| line.opt == Opt::Release).map_or(0, |at| at + 1);
        let picks = offers.iter().map(|offer| pick(state, &self.environment, offer));
        self.lines.splice(at..at, picks.collect::<Vec<_>>());
        // Back is where it was before; what is in use is known to be wrong then.
        let used = offers.iter().position(|offer| offer.is_current);
        if let Some(used) = used.filter(|used| self.operation.name == "rollback" && used + 1 < offers.len()) {
            self.cursor = at + used + 1;
        }
        self.cursor = self.cursor.min(self.lines.len().saturating_sub(1));
    }

    /// What it is told.
    ///
    /// # Errors
    /// When a value makes no sense.
    pub fn options(&self) -> Result<Options, Refused> {
        let mut options = Options::default();
        for opt in self.operation.takes {
            let of_it = || self.lines.iter().filter(|line| line.opt == *opt);
            let typed = of_it().find(|line| !line.text.trim().is_empty()).map(|line| line.text.trim());
            let chosen: Vec<&str> = of_it().filter(|line| line.on).map(|line| line.value.as_str()).collect();
            if let Some(typed) = typed {
                options.set(*opt, typed)?;
            } else if !chosen.is_empty() {
                options.set(*opt, &chosen.join(","))?;
            }
        }
        options.overrides.clone_from(&self.overrides);
        Ok(options)
    }

    /// Takes the line in, or leaves it out.
    pub fn toggle(&mut self) {
        let Some(line) = self.lines.get(self.cursor) else { return };
        let (opt, kind, on) = (line.opt, line.kind, !line.on);
        for (n, other) in self.lines.iter_mut().enumerate() {
            if n == self.cursor {
                other.on = on && matches!(kind, LineKind::Check | LineKind::Pick);
            } else if kind == LineKind::Pick && other.opt == opt {
                other.on = false;
                other.text.clear();
            }
        }
    }

    /// All lines of the same option, or none of them.
    pub fn toggle_all(&mut self) {
        let Some(opt) = self.lines.get(self.cursor).map(|line| line.opt) else { return };
        let of_it = |line: &&mut Line| line.opt == opt && line.kind == LineKind::Check;
        let all = self.lines.iter().filter(|line| line.opt == opt).all(|line| line.on);
        self.lines.iter_mut().filter(of_it).for_each(|line| line.on = !all);
    }

    /// Types a character, or takes the last one away. False where nothing is typed.
    pub fn write(&mut self, typed: Option<char>) -> bool {
        let Some(line) = self.lines.get_mut(self.cursor) else { return false };
        let fits = |c: char| match line.kind {
            LineKind::Number => c.is_ascii_digit(),
            LineKind::Text => crate::fleet::text::is_printable(c),
            LineKind::Check | LineKind::Pick => false,
        };
        if !matches!(line.kind, LineKind::Number | LineKind::Text) {
            return false;
        }
        match typed {
            Some(c) if fits(c) && line.text.chars().count() < LONGEST => line.text.push(c),
            Some(_) => {}
            None => drop(line.text.pop()),
        }
        if !line.text.is_empty() {
            let opt = line.opt;
            self.lines.iter_mut().filter(|line| line.opt == opt).for_each(|line| line.on = false);
        }
        true
    }
}

/// A release to choose: what it is in the line, and the rest where the cursor is on it.
fn pick(state: &State, environment: &EnvironmentName, offer: &Offer) -> Line {
    let value = match &offer.launch {
        LaunchSource::Configuration { name } => name.clone(),
        LaunchSource::Template { version, .. } => version.clone(),
    };
    let label = offer.launch.label();
    let what = match &offer.commit {
        Some((subject, author)) => format!("{subject} · {author}"),
        None => label.clone(),
    };
    let current = if offer.is_current { "in use: " } else { "" };
    let age = age::ago(offer.made_at, state.now);
    let mut more = vec![label];
    more.push(deployed(state, environment, &offer.launch));
    if !offer.is_current {
        more.push(match offer.migrations.as_deref() {
            None => "Which migrations lie between it and what is in use is not known.".into(),
            Some([]) => "No migration lies between it and what is in use.".into(),
            Some(names) => format!("Between it and what is in use: {}.", names.join(", ")),
        });
    }
    Line {
        opt: Opt::Release,
        kind: LineKind::Pick,
        label: format!("{:<9} {age:<8} {current}{what}", offer.changeset.short()),
        value,
        on: false,
        text: String::new(),
        more,
    }
}

/// Who has deployed it last, as far as the history of this machine knows.
fn deployed(state: &State, environment: &EnvironmentName, launch: &LaunchSource) -> String {
    let history = state.desk.history.iter().flatten();
    let mut runs =
        history.filter(|past| past.environment == *environment && past.launches.as_ref() == Some(launch));
    runs.next().map_or_else(
        || "No deploy of it is in the history of this machine.".into(),
        |past| {
            let ago = age::ago(past.at, state.now);
            format!("{} by {} {ago}: {}", past.operation, past.who, past.state.word())
        },
    )
}

/// The certificates that are known and could be served, those first that are good for the environment's domains.
fn certificates(state: &State, environment: &EnvironmentName) -> Vec<Line> {
    let domains = state.topology.environment(environment).map_or(&[][..], |place| &place.domains);
    let readings = state.snapshot.certificates.values().filter_map(crate::fleet::Reading::value);
    let mut known: Vec<_> = readings.flat_map(|all| all.values()).collect();
    known.retain(|one| one.is_issued() && !one.is_expired(state.now));
    let fits = |one: &Certificate| one.missing(domains).is_some_and(|missing| missing.is_empty());
    known.sort_by_key(|one| (!fits(one), one.name.clone(), std::cmp::Reverse(one.expires_at)));
    let line = |one: &Certificate| Line {
        opt: Opt::Certificate,
        kind: LineKind::Pick,
        label: format!("{} · {} · {}", one.label(), one.ends(state.now), one.source),
        value: one.arn.clone(),
        on: false,
        text: String::new(),
        more: vec![one.arn.clone(), one.names.as_deref().unwrap_or_default().join(", ")],
    };
    known.into_iter().map(line).collect()
}

/// The environments beside this one.
fn others<'s>(state: &'s State, environment: &EnvironmentName) -> Vec<&'s EnvironmentName> {
    let all = state.topology.environments.iter().map(|place| &place.name);
    all.filter(|name| *name != environment).collect()
}

fn lines_of(
    state: &State,
    environment: &EnvironmentName,
    operation: &Operation,
    opt: Opt,
    selected: Option<&InstanceId>,
) -> Vec<Line> {
    let line = |kind, label: String, value: String| {
        let on = selected.is_some_and(|id| opt == Opt::Servers && id.as_str() == value);
        Line { opt, kind, label, value, on, text: String::new(), more: Vec::new() }
    };
    let words = |word: &str| line(LineKind::Check, word.to_owned(), word.to_owned());
    match (opt, opt.kind()) {
        (Opt::Processes, _) => Process::ALL.iter().map(|process| words(process.word())).collect(),
        (Opt::Servers, _) => {
            let reads_others = operation.takes.contains(&Opt::From);
            let others = others(state, environment);
            let places = if reads_others { others } else { vec![environment] };
            let mut servers: Vec<_> =
                places.into_iter().flat_map(|place| state.snapshot.servers_of(place)).collect();
            servers.retain(|server| operation.may_be_told(server));
            servers.sort_by(|a, b| a.id.cmp(&b.id));
            let label = |server: &crate::fleet::Server| {
                let of = server.environment.as_ref().filter(|_| reads_others);
                let of = of.map(|name| format!(" of {name}")).unwrap_or_default();
                format!("{} {} {}{of}", server.id, server.role.role, server.address().unwrap_or("?"))
            };
            servers.iter().map(|s| line(LineKind::Check, label(s), s.id.as_str().to_owned())).collect()
        }
        (Opt::From, _) if !others(state, environment).is_empty() => {
            let pick = |name: &EnvironmentName| {
                line(LineKind::Pick, name.as_str().to_owned(), name.as_str().to_owned())
            };
            others(state, environment).into_iter().map(pick).collect()
        }
        (Opt::Balancers, _) => {
            let place = state.topology.environment(environment);
            let names = place.into_iter().flat_map(|place| &place.load_balancers);
            names.map(|name| words(name.as_str())).collect()
        }
        (Opt::Certificate, _) => {
            let typed = line(LineKind::Text, String::new(), String::new());
            std::iter::once(typed).chain(certificates(state, environment)).collect()
        }
        (_, Kind::Flag) => vec![line(LineKind::Check, opt.name().replace('-', " "), "yes".into())],
        (_, Kind::Number) => vec![line(LineKind::Number, String::new(), String::new())],
        (_, Kind::Word | Kind::Words) => vec![line(LineKind::Text, String::new(), String::new())],
    }
}
