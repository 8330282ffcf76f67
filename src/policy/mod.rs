//! What may happen, and how: TOML layers, checked one by one, merged into a `Policy`.

mod class;
mod error;
mod permit;
mod step_table;
mod trigger;

pub use class::{Classed, KeyClass};
pub use error::PolicyError;
pub use permit::{PushPermit, RemoteFacts};
pub use step_table::{StepSettings, StepTable};
pub use trigger::Trigger;

/// The merged result of the layers.
#[derive(Debug, Clone, Default)]
pub struct Policy {}
