//! One refresh under way: its parts run side by side, a few at once.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::Limits;
use super::part::{Outcome, Part, fetch};
use crate::cloud::CloudRead;
use crate::fleet::Topology;

/// A refresh. Dropping it drops its calls.
pub(crate) struct Flight {
    cloud: Arc<dyn CloudRead>,
    topology: Arc<Topology>,
    limits: Limits,
    waiting: VecDeque<Part>,
    running: FuturesUnordered<Pin<Box<dyn Future<Output = Outcome> + Send>>>,
    under_way: Vec<Part>,
}

impl Flight {
    /// Nothing under way.
    pub(crate) fn new(cloud: Arc<dyn CloudRead>, topology: Arc<Topology>, limits: Limits) -> Self {
        let (waiting, running, under_way) = (VecDeque::new(), FuturesUnordered::new(), Vec::new());
        Self { cloud, topology, limits, waiting, running, under_way }
    }

    /// Nothing is under way.
    pub(crate) fn is_over(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Whether nothing is under way that could still name a new image.
    pub(crate) fn is_settled(&self) -> bool {
        !self.under_way.iter().any(|p| matches!(p, Part::Servers | Part::Groups | Part::Launch(_)))
    }

    /// Adds parts; they start as soon as there is room.
    pub(crate) fn add(&mut self, parts: Vec<Part>) {
        self.under_way.extend(parts.iter().cloned());
        self.waiting.extend(parts);
        self.fill();
    }

    fn fill(&mut self) {
        while self.running.len() < self.limits.at_once
            && let Some(part) = self.waiting.pop_front()
        {
            let call = fetch(Arc::clone(&self.cloud), Arc::clone(&self.topology), part, self.limits);
            self.running.push(Box::pin(call));
        }
    }

    /// The next part that ends. `None` when the refresh is over. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Outcome> {
        let outcome = self.running.next().await?;
        if let Some(n) = self.under_way.iter().position(|p| *p == outcome.part) {
            self.under_way.swap_remove(n);
        }
        self.fill();
        Some(outcome)
    }
}
