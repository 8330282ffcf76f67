//! `redact`: a text with every secret replaced.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, Outcome, Step, StepDef, StepError, TextStep};
use crate::secrets::redact;
use crate::template::Template;

pub(super) const STEP: StepDef =
    StepDef::of_text::<Redact>("redact", "Replaces every secret in a text.");

/// Replaces every secret in a text
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Redact {
    /// The text to work on, in a pipeline; alone the step takes `--input`.
    text: Template,
}

crate::classes!(Redact { text: D });

impl Default for Redact {
    fn default() -> Self {
        Self {
            text: super::task_input(),
        }
    }
}

impl TextStep for Redact {
    fn convert(&self, input: &str) -> Result<String, StepError> {
        Ok(redact(input).into_owned())
    }
}

#[async_trait(?Send)]
impl Step for Redact {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        super::run_on_text(
            self,
            cx,
            &self.text,
            "the text has no secret that is known by its shape",
        )
    }
}
