//! `PlanView`: what is known of a run without a request to a server.

use crate::git::Repo;
use crate::policy::{Policy, Trigger};
use crate::secrets::KnownSecrets;

use super::context::Context;
use super::facts::{Facts, TaskDocument};
use super::hold::Shipment;

/// What a step can use to describe itself in a plan.
#[derive(Debug, Clone, Copy)]
pub struct PlanView<'run> {
    /// What would start the run.
    pub trigger: Trigger,
    /// The policy.
    pub policy: &'run Policy,
    /// The repository; `None` outside of one.
    pub repo: Option<&'run Repo>,
    /// What would be pushed; `None` where nothing would.
    pub shipment: Option<&'run Shipment>,
    /// The facts, without the results of earlier steps.
    pub facts: &'run Facts,
    /// The task document.
    pub task: &'run TaskDocument,
    /// The secrets that texts must not contain.
    pub secrets: &'run KnownSecrets,
}

impl<'run> Context<'run> {
    /// Returns the part that is known without a request to a server.
    pub fn view(&self) -> PlanView<'run> {
        PlanView {
            trigger: self.trigger,
            policy: self.policy,
            repo: self.repo,
            shipment: self.shipment.ok(),
            facts: self.facts,
            task: self.task,
            secrets: self.secrets,
        }
    }
}
