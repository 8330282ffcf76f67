//! `error-classify`: the category of a failure.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, Outcome, Step, StepDef, StepError, TextStep};
use crate::reason::Code;
use crate::template::Template;
use crate::text::classify;

pub(super) const STEP: StepDef = StepDef::of_text::<ErrorClassify>(
    "error-classify",
    "Names the category of a failure, from stderr and exit code.",
);

/// Name the category of a failure, from stderr and exit code
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ErrorClassify {
    /// The text, in a pipeline; `sendoff step` takes it from `--input`.
    text: Template,
    /// The program's exit code; by default the task's.
    exit_code: Option<i64>,
}

crate::classes!(ErrorClassify {
    text: D,
    exit_code: D
});

impl Default for ErrorClassify {
    fn default() -> Self {
        Self {
            text: Template::built_in("{{ task.stderr or task.error or '' }}"),
            exit_code: None,
        }
    }
}

impl TextStep for ErrorClassify {
    fn convert(&self, input: &str) -> Result<String, StepError> {
        Ok(classify(input, self.exit_code))
    }
}

#[async_trait(?Send)]
impl Step for ErrorClassify {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let task = &cx.facts.task;
        let nothing = task.stderr.is_none() && task.error.is_none() && task.exit_code.is_none();
        let exit_code = self.exit_code.or(task.exit_code);
        if nothing && exit_code.is_none() && cx.task.raw.is_none() && *self == Self::default() {
            return Ok(Outcome::skipped(
                Code::NoError,
                "the task has no stderr, no error and no exit code",
            ));
        }
        let complete = Self {
            exit_code,
            ..self.clone()
        };
        super::run_on_text(&complete, cx, &self.text, "the failure has a category")
    }
}
