//! `error-sanitize`: a sentence about a failure that is safe to show to users.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, Outcome, Step, StepDef, StepError, TextStep};
use crate::text::{classify, sanitize};

pub(super) const STEP: StepDef = StepDef::of_text::<ErrorSanitize>(
    "error-sanitize",
    "Makes a sentence about a failure that is safe to show to users.",
);

/// Make a sentence about a failure that is safe to show to users
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ErrorSanitize {
    /// The category; by default that of `error-classify`, or that of the task's stderr and exit code.
    category: Option<String>,
    /// The class name of the exception, when there is no category.
    exception: Option<String>,
}

crate::classes!(ErrorSanitize {
    category: D,
    exception: D
});

impl TextStep for ErrorSanitize {
    /// Ignores the text, because it must not be shown.
    fn convert(&self, _input: &str) -> Result<String, StepError> {
        Ok(sanitize(
            self.category.as_deref(),
            self.exception.as_deref(),
        ))
    }
}

#[async_trait(?Send)]
impl Step for ErrorSanitize {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let found = || {
            let earlier = cx.facts.steps.get("error-classify")?;
            Some(earlier.outputs.get("text")?.as_str()?.to_owned())
        };
        let told = || {
            let task = &cx.facts.task;
            let stderr = task.stderr.as_deref().or(task.error.as_deref());
            (stderr.is_some() || task.exit_code.is_some())
                .then(|| classify(stderr.unwrap_or_default(), task.exit_code))
        };
        let named = self.category.is_some() || self.exception.is_some();
        let category = match &self.category {
            None if !named => found().or_else(told),
            category => category.clone(),
        };
        let text = sanitize(category.as_deref(), self.exception.as_deref());
        Ok(super::done_with_text("the sentence is ready", text))
    }
}
