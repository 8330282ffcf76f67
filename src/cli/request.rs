//! The arguments that `run`, `step` and `plan` share, and the task document.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::pipeline::TaskDocument;
use crate::policy::Trigger;
use crate::session::Request;

/// How much of `--input` is read, in bytes.
const INPUT_LIMIT: u64 = 64 << 20;

/// Where and under which policy to work
#[derive(Debug, Clone, clap::Args)]
pub(super) struct RequestArgs {
    /// Work in this directory instead of the current one
    #[arg(short = 'C', value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Who asks; agent triggers open drafts
    #[arg(long, value_name = "NAME", default_value = "manual", value_parser = parse_trigger)]
    trigger: Trigger,
    /// Read one more policy file, above all others
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Set one key of the policy, such as branches.base=staging
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl RequestArgs {
    /// Makes the request that the session opens.
    pub(super) fn request(self, task: TaskDocument) -> Request {
        Request {
            directory: self.directory,
            trigger: self.trigger,
            policy_file: self.policy,
            sets: self.set,
            task,
        }
    }
}

fn parse_trigger(name: &str) -> Result<Trigger, String> {
    Trigger::ALL
        .into_iter()
        .find(|trigger| trigger.as_str() == name)
        .ok_or_else(|| {
            let names: Vec<&str> = Trigger::ALL
                .iter()
                .map(|trigger| trigger.as_str())
                .collect();
            format!("the triggers are: {}", names.join(", "))
        })
}

/// Reads `--input`: a file, or `-` for standard input.
pub(super) fn read_input(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let name = name_of(path);
    let read = if path == Path::new("-") {
        io::stdin()
            .lock()
            .take(INPUT_LIMIT + 1)
            .read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(INPUT_LIMIT + 1).read_to_end(&mut bytes))
    };
    match read {
        Err(error) => Err(format!("{name} cannot be read: {error}")),
        Ok(_) if bytes.len() as u64 > INPUT_LIMIT => {
            Err(format!("{name} is larger than {} MiB", INPUT_LIMIT >> 20))
        }
        Ok(_) => Ok(bytes),
    }
}

/// Reads the task document, where one is given.
pub(super) fn read_task(path: Option<&Path>) -> Result<TaskDocument, String> {
    let Some(path) = path else {
        return Ok(TaskDocument::default());
    };
    let bytes = read_input(path)?;
    let name = name_of(path);
    let document: TaskDocument = serde_json::from_slice(&bytes)
        .map_err(|error| format!("{name} is no task document: {error}"))?;
    match document.schema.as_deref() {
        None | Some(TaskDocument::SCHEMA) => Ok(document),
        Some(other) => Err(format!(
            "{name} says `{}`, and this version reads `{}`",
            other.escape_debug(),
            TaskDocument::SCHEMA
        )),
    }
}

/// Names the input for messages.
fn name_of(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".into()
    } else {
        path.display().to_string()
    }
}
