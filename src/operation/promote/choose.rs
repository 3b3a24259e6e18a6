//! Which replica: the one that has received most.

use super::super::refused::some;
use super::super::{Facts, Options, Refused};
use crate::fleet::{Power, Role, Server, words};

/// A replica that could be the primary, as it was measured.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'f> {
    pub(super) server: &'f Server,
    /// How far it has received the WAL.
    pub(super) received: Option<u64>,
    replayed: Option<u64>,
    timeline: Option<u32>,
    /// Why it does not answer.
    unreachable: Option<String>,
    /// What it has received less than the first.
    behind: u64,
}

impl Candidate<'_> {
    /// What is known of it.
    pub(super) fn told(&self) -> String {
        let id = &self.server.id;
        if let Some(why) = &self.unreachable {
            return format!("{id}, which does not answer: {why}");
        }
        let Some(received) = self.received else {
            return format!("{id}, of which it was not measured how far it is.");
        };
        let replay = match self.replayed {
            Some(replayed) if replayed < received => {
                format!(", of which {} are still to be replayed", words::bytes(received - replayed))
            }
            _ => String::new(),
        };
        let behind = match self.behind {
            0 => String::new(),
            bytes => format!(", {} less than the first", words::bytes(bytes)),
        };
        let timeline = self.timeline.map_or_else(String::new, |timeline| format!(", timeline {timeline}"));
        format!("{id}, received up to {}{behind}{replay}{timeline}.", written(received))
    }
}

/// A position in the WAL, as PostgreSQL writes it.
pub(in super::super) fn position(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let part = |text: &str| u32::from_str_radix(text, 16).ok().map(u64::from);
    Some((part(high)? << 32) | part(low)?)
}

fn written(position: u64) -> String {
    format!("{:X}/{:X}", position >> 32, position & 0xFFFF_FFFF)
}

/// The replicas, the one that is meant first: the one that was named, else the one that has received most.
pub(super) fn candidates<'f>(facts: &Facts<'f>, options: &Options) -> Result<Vec<Candidate<'f>>, Refused> {
    let all = facts.servers(&[Role::DbReplica])?;
    let mut found: Vec<Candidate<'_>> = all
        .into_iter()
        .filter(|server| server.power == Power::Running)
        .map(|server| candidate(facts, server))
        .collect();
    let timeline = found.iter().filter_map(|one| one.timeline).max();
    found.sort_by_key(|one| {
        (
            one.unreachable.is_some(),
            one.timeline.is_some() && one.timeline != timeline,
            std::cmp::Reverse((one.received, one.replayed)),
            one.server.id.clone(),
        )
    });
    match options.servers.as_slice() {
        [] => {}
        [_] => {
            let named = facts.named(&options.servers, &[Role::DbReplica])?;
            let is_it = |one: &Candidate<'_>| named.iter().any(|server| server.id == one.server.id);
            let Some(place) = found.iter().position(is_it) else {
                let id = some(named.iter().map(|server| &server.id));
                return Err(Refused::State(format!("replica {id} does not run: name another one")));
            };
            let chosen = found.remove(place);
            found.insert(0, chosen);
        }
        several => {
            return Err(Refused::Usage(format!(
                "one replica becomes the primary, and --servers names {}: leave all but one out",
                several.len()
            )));
        }
    }
    if let Some(first) = found.first() {
        if let Some(why) = &first.unreachable {
            return Err(Refused::State(format!(
                "replica {} cannot be reached: {why}; mend that, or name another one with --servers",
                first.server.id
            )));
        }
        let most = first.received;
        for other in found.iter_mut().skip(1) {
            other.behind = most.unwrap_or(0).saturating_sub(other.received.unwrap_or(u64::MAX));
        }
        let first = found.first().and_then(|first| first.received);
        let ahead = found.iter().skip(1).find(|other| other.received > first && first.is_some());
        if let (Some(ahead), false) = (ahead, options.overrides("less-received")) {
            return Err(Refused::Unless {
                word: "less-received",
                message: format!(
                    "{} has received more than the replica that was named: what is only there would be lost, and it could not \
                     follow. Name that one, or leave --servers out",
                    ahead.server.id
                ),
            });
        }
    }
    Ok(found)
}

fn candidate<'f>(facts: &Facts<'f>, server: &'f Server) -> Candidate<'f> {
    let measured = facts.snapshot.measured(&server.id);
    let postgres = measured.and_then(|measured| measured.postgres());
    let replica = postgres.and_then(|postgres| postgres.replica.as_ref());
    let at = |text: Option<&String>| text.and_then(|text| position(text));
    let replayed = at(replica.and_then(|replica| replica.replayed.as_ref()));
    Candidate {
        server,
        // One that has started since has received nothing by this connection, and has what it replays.
        received: at(replica.and_then(|replica| replica.received.as_ref())).max(replayed),
        replayed,
        timeline: postgres.and_then(|postgres| postgres.timeline),
        unreachable: measured
            .and_then(|measured| measured.unreachable.as_ref())
            .map(|failure| failure.message.clone()),
        behind: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_in_the_wal_are_numbers_that_can_be_compared() {
        assert_eq!(position("0/3000148"), Some(0x300_0148));
        assert_eq!(position("1/0"), Some(1 << 32));
        assert!(position("A/FF") > position("9/FFFFFFFF"));
        assert_eq!(position("nothing"), None);
        assert_eq!(written(position("2A/3000148").unwrap()), "2A/3000148");
    }
}
