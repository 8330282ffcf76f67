//! The step contract, planning and running. Knows no step by name.

mod context;
mod deadline;
mod facts;
mod hold;
mod step;

pub use context::{Context, ForgeSource, RemoteHeadSource};
pub use deadline::Deadline;
pub use facts::{
    CommitFacts, Facts, HeartbeatFacts, RepoFacts, RunFacts, StepFacts, TaskDocument, TaskFacts,
};
pub use hold::{Hold, Shipment};
pub use step::{ErrorKind, Outcome, Outputs, Step, StepDef, StepError};
