//! `message-text`: extracts the text of an A2A message.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, ErrorKind, Outcome, Step, StepDef, StepError, TextStep};
use crate::reason::Code;
use crate::template::Template;
use crate::text::message_text;

pub(super) const STEP: StepDef =
    StepDef::of_text::<MessageText>("message-text", "Extracts the text of an A2A message.");

/// Extract the text of an A2A message
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MessageText {
    /// The text, in a pipeline; `sendoff step` takes it from `--input`.
    text: Template,
}

crate::classes!(MessageText { text: D });

impl Default for MessageText {
    fn default() -> Self {
        Self {
            text: super::task_input(),
        }
    }
}

impl TextStep for MessageText {
    fn convert(&self, input: &str) -> Result<String, StepError> {
        message_text(input).map_err(|error| {
            StepError::new(ErrorKind::Denied, Code::Message, error.to_string())
                .advise("pass the message as JSON: an object with `parts`, each with a `text`")
        })
    }
}

#[async_trait(?Send)]
impl Step for MessageText {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        super::run_on_text(self, cx, &self.text, "the text is extracted")
    }
}
