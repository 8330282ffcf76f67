//! `brief-summary`: a one-line summary of a Markdown text.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, Outcome, Step, StepDef, StepError, TextStep};
use crate::template::Template;
use crate::text::{BRIEF_LENGTH, brief};

pub(super) const STEP: StepDef =
    StepDef::of_text::<BriefSummary>("brief-summary", "Summarises a Markdown text in one line.");

/// Summarise a Markdown text in one line
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BriefSummary {
    /// The text, in a pipeline; `sendoff step` takes it from `--input`.
    text: Template,
    /// The maximum length, in code points; less than 4 counts as 4.
    max_length: i64,
}

crate::classes!(BriefSummary {
    text: D,
    max_length: D
});

impl Default for BriefSummary {
    fn default() -> Self {
        Self {
            text: super::task_input(),
            max_length: BRIEF_LENGTH,
        }
    }
}

impl TextStep for BriefSummary {
    fn convert(&self, input: &str) -> Result<String, StepError> {
        Ok(brief(input, self.max_length))
    }
}

#[async_trait(?Send)]
impl Step for BriefSummary {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        super::run_on_text(self, cx, &self.text, "the text is summarised")
    }
}
