//! `StepTable`: one step's table, with its place in the layers; `StepSettings`: the shared keys.

use serde::de::DeserializeOwned;

use super::PolicyError;

/// One step's merged table.
#[derive(Debug, Clone)]
pub struct StepTable {}

/// The keys that every step has.
#[derive(Debug, Clone, Default)]
pub struct StepSettings {}

impl StepTable {
    /// Reads the step's own keys.
    pub fn read<S: DeserializeOwned + Default>(&self) -> Result<S, PolicyError> {
        Ok(S::default())
    }
}
