//! Host keys of servers that were just launched: they print them on their consoles, which only EC2 can tell.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Known, World};
use crate::remote::host_keys::{Trust, keys_in_console};
use crate::remote::{Outcome, Refusal, Target};

/// So many seconds lie between two looks at a server's console, which takes minutes to be told.
const CONSOLE: i64 = 30;

impl World {
    /// Why a server was not asked. Where its host key is not known, with why its console does not tell it.
    pub(in crate::engine::run) fn refused(&self, target: &Target, refusal: &Refusal) -> String {
        let mut words = refusal.to_string();
        if matches!(refusal, Refusal::UnknownHostKey { .. })
            && let Some(why) = self.known(|known| known.consoles.get(target.instance())?.1.clone())
        {
            let _ = write!(words, ". Its console was looked at: {why}");
        }
        words
    }

    /// Whether a server was not asked for want of its host key, and its key is known now.
    pub(in crate::engine::run) async fn learns_key(&self, target: &Target, outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::NotStarted(Refusal::UnknownHostKey { .. })) && self.pin(target).await
    }

    /// Whether the keys that it printed were pinned.
    async fn pin(&self, target: &Target) -> bool {
        let (now, instance) = (self.now(), target.instance());
        let lately = |at: &Timestamp| now.duration_since(*at).as_secs() < CONSOLE;
        let looked = |known: &mut Known| known.consoles.get(instance).is_some_and(|(at, _)| lately(at));
        if self.known(looked) {
            return false;
        }
        // Whoever asks meanwhile is told what was found before.
        self.known(|known| known.consoles.entry(instance.clone()).or_default().0 = now);
        let pinned = self.pin_printed(target).await;
        let is_known = pinned.is_ok();
        self.known(|known| known.consoles.insert(instance.clone(), (now, pinned.err())));
        is_known
    }

    /// The same, or why not.
    async fn pin_printed(&self, target: &Target) -> Result<(), String> {
        let printed = self.ports.read.console_output(target.instance()).await;
        let keys = keys_in_console(&printed.map_err(|error| error.to_string())?.unwrap_or_default());
        if keys.is_empty() {
            return Err("it shows no host keys yet".into());
        }
        self.ports.look.trust(target, Trust::Console(keys)).await.map_err(|refusal| refusal.to_string())?;
        Ok(())
    }
}
