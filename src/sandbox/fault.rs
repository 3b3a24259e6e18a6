//! What tests let go wrong between us and a world: requests that are throttled, refused, or lost on their way there
//! or back, and scripts that fail on servers.

use super::{SandboxCloud, held};
use crate::cloud::CloudError;

/// Something to go wrong with requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// With which: an action as [`SandboxCloud::requests`] names it (`ec2:RunInstances`), or what is asked of servers:
    /// `host:exec`, `host:upload`, `host:start`, `host:stop`, `host:forget`, `host:probe`, `host:measure`,
    /// `host:follow`, `host:attach`. None is any action of AWS.
    pub action: Option<&'static str>,
    /// What happens.
    pub kind: FaultKind,
}

/// How it goes wrong, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// So many requests are throttled. For servers: as [`Self::FailBefore`].
    Throttle(u32),
    /// So many requests do not get there: nothing happened.
    FailBefore(u32),
    /// So many requests take effect, and their answers are lost. For servers: the connection breaks.
    FailAfter(u32),
    /// All requests are denied, until [`SandboxCloud::clear_faults`]. For servers: as [`Self::FailBefore`], always.
    Deny,
}

/// What is to go wrong.
#[derive(Debug, Default)]
pub(super) struct Faults {
    requests: Vec<Fault>,
    scripts: Vec<Broken>,
}

/// A script that is to fail.
#[derive(Debug)]
struct Broken {
    verb: String,
    message: String,
    times: u32,
}

/// What a fault does to one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Blow {
    /// It is not done; this is the answer.
    Refused(CloudError),
    /// It is done, and this is heard in place of the answer.
    Lost(CloudError),
}

impl Faults {
    /// The fault that befalls this action now.
    fn take(&mut self, action: &str) -> Option<FaultKind> {
        let on_host = action.starts_with("host:");
        let meant = |fault: &Fault| fault.action.map_or(!on_host, |meant| meant == action);
        let place = self.requests.iter().position(meant)?;
        let kind = self.requests[place].kind;
        let left = match &mut self.requests[place].kind {
            FaultKind::Throttle(times) | FaultKind::FailBefore(times) | FaultKind::FailAfter(times) => {
                *times = times.saturating_sub(1);
                *times
            }
            FaultKind::Deny => 1,
        };
        if left == 0 {
            self.requests.remove(place);
        }
        Some(kind)
    }
}

impl SandboxCloud {
    /// Lets something go wrong. Faults of the same action come one after the other, in the order they were injected.
    pub fn inject(&self, fault: Fault) {
        let nothing =
            matches!(fault.kind, FaultKind::Throttle(0) | FaultKind::FailBefore(0) | FaultKind::FailAfter(0));
        if !nothing {
            held(&self.inner.faults).requests.push(fault);
        }
    }

    /// For so long nobody is told of a new server or image, and who wants to end one hears that there is none: what EC2
    /// knows at one place it does not know at another.
    pub fn keep_new_ones_unlisted(&self, time: std::time::Duration) {
        let time = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.inner.unlisted.store(time, std::sync::atomic::Ordering::Relaxed);
    }

    pub(super) fn unlisted(&self) -> i64 {
        self.inner.unlisted.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        *held(&self.inner.faults) = Faults::default();
    }

    /// The next `times` scripts whose line `# sandbox:` begins with this verb (`migrate`, `page healthy`) fail with
    /// this message and exit code 1, and have no effect.
    pub fn break_script(&self, verb: &str, message: &str, times: u32) {
        if times > 0 {
            let broken = Broken { verb: verb.to_owned(), message: message.to_owned(), times };
            held(&self.inner.faults).scripts.push(broken);
        }
    }

    /// Why a script of these words fails now, if it is to fail.
    pub(super) fn broken_script(&self, words: &str) -> Option<String> {
        let mut faults = held(&self.inner.faults);
        let begins = |verb: &str| {
            words.strip_prefix(verb).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let place = faults.scripts.iter().position(|broken| begins(&broken.verb))?;
        let broken = &mut faults.scripts[place];
        broken.times -= 1;
        let message = broken.message.clone();
        if broken.times == 0 {
            faults.scripts.remove(place);
        }
        Some(message)
    }

    /// What befalls this request.
    pub(super) fn blow(&self, action: &str) -> Option<Blow> {
        let kind = held(&self.inner.faults).take(action)?;
        Some(match kind {
            FaultKind::Throttle(_) => Blow::Refused(CloudError::Throttled(format!(
                "AWS asked for fewer requests of {action} (Throttling: Rate exceeded). It is asked again later."
            ))),
            FaultKind::FailBefore(_) => Blow::Refused(CloudError::Unreachable(format!(
                "AWS could not be reached for {action} (connection refused). Check the network."
            ))),
            FaultKind::FailAfter(_) => Blow::Lost(CloudError::Unreachable(format!(
                "AWS did not answer {action} in time. Whether it was done is not known."
            ))),
            FaultKind::Deny => Blow::Refused(CloudError::Denied(format!(
                "The credentials may not do {action} (AccessDenied). Ask for that permission."
            ))),
        })
    }
}
