//! A plan as it is shown.

use jiff::Timestamp;

use super::wish::{NoPlan, PlanWish};
use crate::console::panes::Ticket;
use crate::plan::{Fact, Plan};

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is being made.
    Planning,
    /// There is none.
    Refused(NoPlan),
    /// Here it is.
    Ready(Box<Plan>),
}

/// A plan that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Its name here.
    pub ticket: Ticket,
    /// What was asked for.
    pub wish: PlanWish,
    /// When.
    pub asked_at: Timestamp,
    /// How far it is.
    pub stage: Stage,
    /// Whether its run is being begun.
    pub beginning: bool,
}

impl Sheet {
    /// A plan that is asked for now.
    #[must_use]
    pub const fn new(wish: PlanWish, now: Timestamp) -> Self {
        Self { ticket: wish.ticket, wish, asked_at: now, stage: Stage::Planning, beginning: false }
    }

    /// The plan, once there is one.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        if let Stage::Ready(plan) = &self.stage { Some(plan) } else { None }
    }

    /// When the oldest fact was read that it rests on and that changes by itself. Releases do not, and like locks are
    /// asked about rarely.
    #[must_use]
    pub fn read_at(&self) -> Option<Timestamp> {
        let plan = self.plan()?;
        let moving =
            plan.assumes.iter().filter(|one| !matches!(one.fact, Fact::Release { .. } | Fact::Lock { .. }));
        Some(moving.map(|one| one.read_at).min().unwrap_or(plan.made_at))
    }
}
