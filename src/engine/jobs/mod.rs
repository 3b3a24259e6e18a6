//! Which server begins when, when to stop, and when it is over: a pure state machine,
//! `handle(event) -> actions`.

#[cfg(test)]
mod tests;

use super::Verdict;

/// How many at a time, and what a failure means for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// So many at a time; none is all at once. 0 counts as 1.
    pub at_once: Option<usize>,
    /// Once one did not end well, no other begins.
    pub stop_on_failure: bool,
}

/// What happened. Servers are named by their place in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The run begins.
    Begin,
    /// It is over on a server.
    Ended {
        /// Which one.
        host: usize,
        /// How.
        verdict: Verdict,
        /// In words, with the server's name: for whoever is skipped because of it.
        words: String,
    },
    /// Somebody wants all of it to end.
    Cancel,
    /// Somebody wants it to end on one server.
    CancelHost(usize),
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask this server.
    Start(usize),
    /// End it there; its end is still to come.
    Cancel(usize),
    /// It never begins there.
    Skip {
        /// Which one.
        host: usize,
        /// Why not.
        why: String,
    },
    /// Every server has its end. Comes exactly once and last.
    Finish,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running { cancelled: bool },
    Over,
}

/// A run's state.
#[derive(Clone, Debug)]
pub struct Jobs {
    rules: Rules,
    hosts: Vec<State>,
    /// Why nobody else begins.
    stopped: Option<String>,
    cancelled: bool,
    begun: bool,
    finished: bool,
}

impl Jobs {
    /// A run on so many servers, not begun.
    #[must_use]
    pub fn new(hosts: usize, rules: Rules) -> Self {
        Self {
            rules,
            hosts: vec![State::Waiting; hosts],
            stopped: None,
            cancelled: false,
            begun: false,
            finished: false,
        }
    }

    /// Whether somebody cancelled all of it before it was over.
    #[must_use]
    pub const fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// Takes in what happened. What cannot happen (the end of a server that does not run) changes nothing.
    pub fn handle(&mut self, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.finished {
            return actions;
        }
        match event {
            Event::Begin => self.begun = true,
            Event::Ended { host, verdict, words } => self.ended(host, verdict, &words),
            Event::Cancel => self.cancel(&mut actions),
            Event::CancelHost(host) => self.cancel_host(host, &mut actions),
        }
        if self.begun {
            self.go_on(&mut actions);
        }
        actions
    }

    fn ended(&mut self, host: usize, verdict: Verdict, words: &str) {
        let Some(state @ State::Running { .. }) = self.hosts.get_mut(host) else { return };
        let wanted = *state == State::Running { cancelled: true };
        *state = State::Over;
        // What was cancelled as it was wished is no failure; what nobody knows is one.
        let failed = verdict != Verdict::Done && !(wanted && verdict == Verdict::Cancelled);
        if failed && self.rules.stop_on_failure && self.stopped.is_none() {
            self.stopped = Some(format!("stopped after {words}"));
        }
    }

    fn cancel(&mut self, actions: &mut Vec<Action>) {
        self.cancelled = true;
        self.begun = true;
        self.stopped.get_or_insert_with(|| "cancelled before it began".into());
        for host in 0..self.hosts.len() {
            self.cancel_running(host, actions);
        }
    }

    fn cancel_host(&mut self, host: usize, actions: &mut Vec<Action>) {
        if self.hosts.get(host) == Some(&State::Waiting) {
            self.hosts[host] = State::Over;
            actions.push(Action::Skip { host, why: "cancelled before it began".into() });
        }
        self.cancel_running(host, actions);
    }

    fn cancel_running(&mut self, host: usize, actions: &mut Vec<Action>) {
        if let Some(state @ State::Running { cancelled: false }) = self.hosts.get_mut(host) {
            *state = State::Running { cancelled: true };
            actions.push(Action::Cancel(host));
        }
    }

    /// Begins whom there is room for, or skips them; then sees whether that was all.
    fn go_on(&mut self, actions: &mut Vec<Action>) {
        let most = self.rules.at_once.map_or(usize::MAX, |most| most.max(1));
        let mut running = self.hosts.iter().filter(|state| matches!(state, State::Running { .. })).count();
        for (host, state) in self.hosts.iter_mut().enumerate().filter(|(_, state)| **state == State::Waiting)
        {
            if let Some(why) = &self.stopped {
                *state = State::Over;
                actions.push(Action::Skip { host, why: why.clone() });
            } else if running < most {
                running += 1;
                *state = State::Running { cancelled: false };
                actions.push(Action::Start(host));
            } else {
                break;
            }
        }
        if self.hosts.iter().all(|state| *state == State::Over) {
            self.finished = true;
            actions.push(Action::Finish);
        }
    }
}
