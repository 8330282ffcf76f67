//! Executors of agents, from their `finally` block.

use crate::policy::Trigger;

use super::{AsksFor, Installation, Payload, SurfaceDef, WhichRepository};

pub(super) const SURFACE: SurfaceDef = SurfaceDef {
    name: "executor",
    about: "An executor of agents, from its `finally` block, with the task document on standard input.",
    trigger: Trigger::Executor,
    asks_for: AsksFor::EndOfTask,
    payload: Payload::TaskDocument,
    repository: WhichRepository::OfDirectory,
    neutral: "",
    left_to_host: None,
    installation: Installation::ByCaller,
};
