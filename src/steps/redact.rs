//! `redact`: replaces every secret in a text.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, Outcome, Step, StepDef, StepError, TextStep};
use crate::secrets::{REDACTED, redact};
use crate::template::Template;

pub(super) const STEP: StepDef =
    StepDef::of_text::<Redact>("redact", "Replaces every secret in a text.");

/// Replace every secret in a text
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Redact {
    /// The text, in a pipeline; `sendoff step` takes it from `--input`.
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
        let text = match &cx.task.raw {
            Some(raw) => raw.clone(),
            None => cx.render(&self.text)?,
        };
        let marks = |text: &str| text.matches(REDACTED).count();
        let redacted = redact(&text);
        let replaced = marks(&redacted).saturating_sub(marks(&text));
        let summary = "every secret of a known format is replaced";
        let mut outcome = super::done_with_text(summary, redacted);
        if let Outcome::Done { outputs, .. } = &mut outcome {
            outputs.insert("replaced".into(), replaced.into());
        }
        Ok(outcome)
    }
}
