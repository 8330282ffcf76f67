//! The contract of a step, planning and running. Knows no step by name.

mod backoff;
mod base_tip;
mod blocking;
mod context;
mod deadline;
mod deliveries;
mod facts;
mod hold;
mod known_facts;
mod logins;
mod mistakes;
mod outbox;
mod outcome;
mod partial_report;
mod plan;
mod plan_view;
mod planned_step;
mod policy_base;
mod policy_held;
mod progress;
mod receipts;
mod recount;
mod references;
mod run;
mod shown;
mod step;
mod step_def;
mod step_end;
mod watchdog;

pub use backoff::{try_again_at, wait_until};
pub use base_tip::BaseTip;
pub use blocking::interruptible;
pub use context::{Context, DefaultBranch, ForgeSource, ListedPullRequests, message_key};
pub use deadline::{Deadline, Suspension};
pub use deliveries::Sent;
pub use facts::{
    CommitFacts, Facts, HeartbeatFacts, RepoFacts, RunFacts, StepFacts, TaskDocument, TaskFacts,
};
pub use hold::{BaseRepository, Destination, Hold, Shipment, Target};
pub use logins::Logins;
pub use mistakes::mistakes;
pub use outbox::{Outbox, TaskKept};
pub use outcome::{ErrorKind, Outcome, Outputs, StepError};
pub use partial_report::{PartialReport, RunInfo};
pub use plan::Pipeline;
pub use plan_view::PlanView;
pub use planned_step::PlannedStep;
pub use policy_base::{PolicyBase, PolicyChanged, PolicyCopy};
pub use policy_held::{policy_held, read_beside_push, read_local};
pub use progress::SharedProgress;
pub use receipts::Receipts;
pub use recount::recounted;
pub use step::{Step, TextStep};
pub use step_def::{Again, Service, StepDef};
pub use step_end::{DEFERRED, NOT_KEPT};
pub use watchdog::Watchdog;
