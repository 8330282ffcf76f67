//! `system-prompt`: reads the agent's system prompt.

use std::path::Path;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::files::{self, FileError, Links};
use crate::pipeline::{Context, ErrorKind, Outcome, Step, StepDef, StepError, interruptible};
use crate::reason::Code;
use crate::text::{read_as_text_file, strip};

pub(super) const STEP: StepDef = StepDef::of::<SystemPrompt>(
    "system-prompt",
    "Reads the system prompt from the configuration directory.",
);

/// The file name in the configuration directory.
const FILE_NAME: &str = "system-prompt.md";
/// The largest prompt, in bytes.
const MAX_PROMPT_SIZE: u64 = 256 << 10;

/// Read the system prompt from the configuration directory
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SystemPrompt {
    /// The prompt when there is no `system-prompt.md` in `CONFIGS_DIR`.
    fallback: Option<String>,
}

crate::classes!(SystemPrompt { fallback: D });

#[async_trait(?Send)]
impl Step for SystemPrompt {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let directory = cx.environment.configs_directory();
        let place = directory.join(FILE_NAME).display().to_string();
        let read = interruptible(move |_| read(&directory)).await?;
        match (read, &self.fallback) {
            (Ok(Some(text)), _) => Ok(super::done_with_text("the prompt is ready", text)),
            (Ok(None), Some(fallback)) => Ok(super::done_with_text(
                "there is no prompt file: the fallback is used",
                fallback,
            )),
            (Ok(None), None) => Ok(Outcome::skipped(
                Code::NoPrompt,
                format!("there is no {place}, and no fallback"),
            )),
            (Err(why), _) => Err(StepError::new(
                ErrorKind::Denied,
                Code::Prompt,
                format!("{place} {why}"),
            )
            .advise("make it a readable file of at most 256 KiB in the configuration directory")),
        }
    }
}

/// Reads the file; `None` when it does not exist. It can be a symbolic link to a file in the same
/// directory, as in a mounted `ConfigMap`, but not to one outside.
fn read(directory: &Path) -> Result<Option<String>, String> {
    let path = directory.join(FILE_NAME);
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(format!("cannot be found: {error}")),
    };
    let inside = directory
        .canonicalize()
        .is_ok_and(|directory| real.starts_with(directory));
    if !inside {
        return Err("is a link out of its directory".into());
    }
    let bytes =
        files::read(&real, MAX_PROMPT_SIZE, Links::Refused).map_err(|error| match error {
            FileError::NotRegular => "is not a regular file".to_owned(),
            FileError::TooLarge(limit) => format!("is larger than {} KiB", limit >> 10),
            error => format!("cannot be read: {error}"),
        })?;
    Ok(bytes.map(|bytes| strip(&read_as_text_file(&bytes)).to_owned()))
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}
