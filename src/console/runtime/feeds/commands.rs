//! Commands and logs on servers: begun, followed and ended, their news handed on.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Feeds, Told};
use crate::console::event::Event;
use crate::console::panes::{ExecWish, FollowWish, Ticket};
use crate::console::runtime::going_on::{Brake, GoingOn};
use crate::engine::{self, ExecRequest, FollowRequest, Progress, Summary};
use crate::remote::Line;

/// News taken at once from one run, unless they take more than [`BYTES_AT_ONCE`].
const AT_ONCE: usize = 256;
/// Once what was taken from one run takes so many bytes, no more is taken.
const BYTES_AT_ONCE: usize = 512 << 10;

impl Feeds {
    pub(super) fn take_cancelled_hosts(&mut self, ticket: Ticket) -> BTreeSet<(Ticket, usize)> {
        let (of_it, others) =
            std::mem::take(&mut self.cancelled_hosts).into_iter().partition(|(of, _)| *of == ticket);
        self.cancelled_hosts = others;
        of_it
    }

    /// Runs a command.
    pub(in crate::console::runtime) fn exec(&mut self, wish: ExecWish) {
        let ticket = wish.ticket;
        let (out, change, store) = (self.tell.clone(), self.change.clone(), self.store.clone());
        let request = ExecRequest {
            environment: wish.environment,
            hosts: wish.hosts,
            command: wish.command,
            sudo: wish.sudo,
            at_once: wish.at_once,
            stop_on_failure: wish.stop_on_failure,
            deadline: wish.deadline,
            who: self.who.clone(),
        };
        let (entry, going_on) = (self.going_on.begin(ticket), self.going_on.clone());
        tokio::spawn(async move {
            let begun = match (change, store) {
                (None, _) => Err("servers cannot be changed from this console".to_owned()),
                (_, None) => {
                    Err("there is no place to keep its record in; name one with --state-dir".to_owned())
                }
                (Some(change), Some(store)) => {
                    engine::exec(change, store, request).await.map_err(|error| error.to_string())
                }
            };
            match begun {
                Ok(running) => {
                    let name = running.id.to_string();
                    entry.began(name.clone(), Brake::Command(running.control.clone()));
                    let named = (running.id, running.output_dir, running.control);
                    tokio::select! {
                        _ = out.send(Told::Began(ticket, Ok(named))) => {}
                        () = going_on.alone() => {}
                    }
                    if let Some(summary) = forward(ticket, running.progress, out, &going_on).await {
                        entry.ended(&name, &summary);
                    }
                }
                Err(why) => {
                    let _ = out.send(Told::Began(ticket, Err(why))).await;
                }
            }
        });
    }

    /// Follows logs. What is told of those that were followed before under this name is no longer heard.
    pub(in crate::console::runtime) fn follow(&mut self, wish: FollowWish) {
        let ticket = wish.ticket;
        let hosts = wish.hosts.into_iter().map(|(host, logs)| {
            let (follow, ids) = engine::sources(&logs, wish.past, wish.sudo);
            (host, follow, ids)
        });
        let request = FollowRequest { hosts: hosts.collect() };
        let following = match &self.remote {
            None => Err("servers cannot be asked from this console".to_owned()),
            Some(remote) => engine::follow(Arc::clone(remote), request).map_err(|error| error.to_string()),
        };
        let out = self.tell.clone();
        match following {
            Ok(following) => {
                self.controls.insert(ticket, following.control);
                let going_on = self.going_on.clone();
                let reader =
                    tokio::spawn(async move { forward(ticket, following.progress, out, &going_on).await });
                self.readers.insert(ticket, reader.abort_handle());
            }
            Err(why) => {
                tokio::spawn(async move { out.send(Told::Event(Event::NotFollowed(ticket, why))).await });
            }
        }
    }

    /// Follows these logs no longer.
    pub(in crate::console::runtime) fn unfollow(&mut self, ticket: Ticket) {
        if let Some(reader) = self.readers.remove(&ticket) {
            reader.abort();
        }
        if let Some(control) = self.controls.remove(&ticket) {
            control.cancel();
        }
    }

    /// Follows no logs any longer.
    pub(in crate::console::runtime) fn unfollow_all(&mut self) {
        for ticket in self.readers.keys().copied().collect::<Vec<_>>() {
            self.unfollow(ticket);
        }
    }

    /// Ends a run on every server.
    pub(in crate::console::runtime) fn cancel(&mut self, ticket: Ticket) {
        match self.controls.get(&ticket) {
            Some(control) => control.cancel(),
            None => {
                self.cancelled.insert(ticket);
            }
        }
    }

    /// Ends a run on one server.
    pub(in crate::console::runtime) fn cancel_host(&mut self, ticket: Ticket, host: usize) {
        match self.controls.get(&ticket) {
            Some(control) => control.cancel_host(host),
            None => {
                self.cancelled_hosts.insert((ticket, host));
            }
        }
    }
}

/// What news take in memory, about.
pub(super) fn bytes_of(news: &Progress) -> usize {
    let of_lines = match news {
        Progress::Lines { lines, .. } => {
            lines.iter().map(|line| size_of::<Line>() + line.text.as_str().len()).sum()
        }
        _ => 0,
    };
    size_of::<Progress>() + of_lines
}

/// Hands news on, as many at once as there are and as the bounds allow. Once nobody takes them they are thrown away
/// up to the last word, which is given back: the run goes on, and its output to the disk.
async fn forward(
    ticket: Ticket,
    mut progress: mpsc::Receiver<Progress>,
    tell: mpsc::Sender<Told>,
    going_on: &GoingOn,
) -> Option<Summary> {
    let mut heard = true;
    while let Some(first) = progress.recv().await {
        let mut bytes = bytes_of(&first);
        let mut news = vec![first];
        while bytes < BYTES_AT_ONCE && news.len() < AT_ONCE {
            let Ok(next) = progress.try_recv() else { break };
            bytes += bytes_of(&next);
            news.push(next);
        }
        let last = match news.last() {
            Some(Progress::Finished { summary }) => Some(summary.clone()),
            _ => None,
        };
        heard = heard
            && tokio::select! {
                biased;
                () = going_on.alone() => false,
                sent = tell.send(Told::News(ticket, news)) => sent.is_ok(),
            };
        if last.is_some() && !heard {
            return last;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::MOST_BYTES;
    use super::*;
    use crate::console::event::Event;
    use crate::remote::Stream;
    use crate::remote::clean_text::CleanText;

    fn lines(bytes: usize) -> Progress {
        let text = CleanText::one_line(&"x".repeat(1_000));
        let line =
            Line { at: Timestamp::UNIX_EPOCH, stream: Stream::Out, source: None, unfinished: false, text };
        Progress::Lines { host: 0, lines: vec![line; bytes / 1_000] }
    }

    #[tokio::test]
    async fn news_that_nobody_takes_are_bounded_in_bytes() {
        let (give, progress) = mpsc::channel(400);
        for _ in 0..400 {
            give.send(lines(100_000)).await.unwrap();
        }
        let mut feeds = Feeds::new(None, None, None, "jane".into());
        let (tell, going_on) = (feeds.tell.clone(), feeds.going_on.clone());
        tokio::spawn(async move { forward(Ticket(1), progress, tell, &going_on).await });
        drop(give);
        let mut all = 0;
        while all < 400 {
            let Event::News(news) = feeds.next().await else { panic!("news") };
            let bytes: usize = news.iter().map(|(_, news)| bytes_of(news)).sum();
            assert!(bytes < MOST_BYTES + BYTES_AT_ONCE + 200_000, "{bytes} bytes for one frame");
            all += news.len();
        }
        assert_eq!(all, 400);
    }
    #[test]
    fn a_server_that_is_cancelled_before_its_run_has_begun_is_remembered_until_it_has() {
        let mut feeds = Feeds::new(None, None, None, "jane".into());
        feeds.cancel_host(Ticket(1), 3);
        feeds.cancel_host(Ticket(2), 0);
        assert_eq!(feeds.take_cancelled_hosts(Ticket(1)), [(Ticket(1), 3)].into());
        assert_eq!(feeds.cancelled_hosts, [(Ticket(2), 0)].into());
        feeds.take(Told::Began(Ticket(2), Err("no".into())));
        assert!(feeds.cancelled_hosts.is_empty());
    }
}
