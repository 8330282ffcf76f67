//! `PlanView`: what is known of a run before any server is asked.

use crate::git::Repo;
use crate::policy::{Policy, Trigger};
use crate::secrets::KnownSecrets;

use super::context::Context;
use super::facts::{Facts, TaskDocument};
use super::hold::Shipment;

/// What a step can say about itself in a plan is made of this.
#[derive(Debug, Clone, Copy)]
pub struct PlanView<'run> {
    /// Who asks.
    pub trigger: Trigger,
    /// The policy.
    pub policy: &'run Policy,
    /// The repository; `None` outside of one.
    pub repo: Option<&'run Repo>,
    /// What would be pushed, where something would.
    pub shipment: Option<&'run Shipment>,
    /// The facts without those of earlier steps.
    pub facts: &'run Facts,
    /// The task document.
    pub task: &'run TaskDocument,
    /// The secrets that no text may show.
    pub secrets: &'run KnownSecrets,
}

impl<'run> Context<'run> {
    /// Returns what is known without the servers.
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
