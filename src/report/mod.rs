//! What a run did: `sendoff.report/1`, the JSON contract.

mod prompt;
mod summary;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::reason::{Code, Reason};

pub use prompt::{SOURCE, prompt};
pub use summary::exit_of_notes;

/// The value of [`Report::schema`].
pub const SCHEMA: &str = "sendoff.report/1";

/// What one run did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of this document: `sendoff.report/1`.
    pub schema: String,
    /// The run, as a version 7 UUID.
    pub run_id: String,
    /// The version of sendoff.
    pub version: String,
    /// The pipeline that ran.
    pub pipeline: String,
    /// Who asked for the run.
    pub trigger: String,
    /// The repository, if there is one.
    pub repo: Option<RepoReport>,
    /// When the run started.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// The duration, in milliseconds.
    pub duration_ms: u64,
    /// The run's verdict.
    pub verdict: Verdict,
    /// The code that the process exits with.
    pub exit_code: u8,
    /// One entry for each step, in the order of the pipeline.
    pub steps: Vec<StepReport>,
    /// Messages that belong to no step, such as an ignored key or a dropped layer.
    #[serde(default)]
    pub notes: Vec<Reason>,
}

/// The repository of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepoReport {
    /// The work tree, or the git directory of a bare repository.
    pub path: String,
    /// The branch, unless HEAD is detached.
    pub branch: Option<String>,
    /// The commit id of HEAD, unless the branch is unborn.
    pub head: Option<String>,
    /// The remote's name.
    pub remote: Option<String>,
    /// The base branch of the pull request, if it is known.
    pub base: Option<String>,
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepReport {
    /// The step's name in the policy.
    pub name: String,
    /// The kind of code that it runs.
    pub kind: String,
    /// The step's verdict.
    pub verdict: Verdict,
    /// The step's result in one line.
    pub summary: String,
    /// A stable code for why it was skipped, queued or failed.
    #[schemars(with = "Option<String>")]
    pub reason: Option<Code>,
    /// The advice, in one line.
    pub advice: Option<String>,
    /// The step's outputs.
    pub outputs: Map<String, Value>,
    /// When the step started; absent if it never did.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub started_at: Option<Timestamp>,
    /// The duration, in milliseconds.
    pub duration_ms: u64,
}

/// The result of a step or a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The work is done, or was done before.
    Done,
    /// There was nothing to do, or it was not allowed.
    Skipped,
    /// It will be tried again later.
    Queued,
    /// It did not succeed.
    Failed,
}

impl Verdict {
    /// Returns the verdict as reports write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Queued => "queued",
            Self::Failed => "failed",
        }
    }
}
