//! What was typed on its way to the jobs that want it: beside the texts that are made from the project.

use std::sync::Arc;

use super::{Ports, StepEnd, Story, Way};
use crate::fleet::Server;
use crate::plan::typed::{Typed, Wanted, untyped, wanted};
use crate::plan::{JobFile, TextOf};
use crate::remote::Input;

impl Ports {
    /// The same, where jobs find what was typed.
    #[must_use]
    pub fn told(self, typed: Typed) -> Self {
        let made = self.texts;
        let texts = move |file: &JobFile, server: &Server| match (&file.of, &made) {
            (TextOf::Typed { name, .. }, _) => typed
                .get(name)
                .map(|value| Input::new(value.as_bytes().to_vec()))
                .ok_or_else(|| untyped(name)),
            (_, Some(made)) => made(file, server),
            (of, None) => Err(format!(
                "{} belongs to a project, and there is none here: resume in the project's directory",
                of.name()
            )),
        };
        Self { texts: Some(Arc::new(texts)), ..self }
    }
}

impl Story {
    /// What has to be typed before it goes forward again.
    #[must_use]
    pub fn wants_typed(&self) -> Vec<Wanted> {
        if self.way != Way::Forward && !self.goes_on() {
            return Vec::new();
        }
        let is_open = |step: &&crate::plan::Step| {
            let ended = self.of(step.id).and_then(|told| told.ended.as_ref());
            !matches!(ended, Some((_, StepEnd::Done | StepEnd::AlreadySo)))
        };
        wanted(self.plan.steps.iter().filter(is_open))
    }
}
