//! `message-text`: the text of an A2A message.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::{Context, ErrorKind, Outcome, Step, StepDef, StepError, TextStep};
use crate::reason::Code;
use crate::template::Template;
use crate::text::message_text;

pub(super) const STEP: StepDef =
    StepDef::of_text::<MessageText>("message-text", "Takes the text out of an A2A message.");

/// Takes the text out of an A2A message
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct MessageText {
    /// The text to work on, in a pipeline; alone the step takes `--input`.
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
                .advise("hand in the message as JSON: an object with `parts`, each with a `text`")
        })
    }
}

#[async_trait(?Send)]
impl Step for MessageText {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        super::run_on_text(self, cx, &self.text, "the text of the message is told")
    }
}
