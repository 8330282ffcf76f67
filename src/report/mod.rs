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
    /// The repository, where there is one.
    pub repo: Option<RepoReport>,
    /// When the run began.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The run in one word.
    pub verdict: Verdict,
    /// The code that the process exits with.
    pub exit_code: u8,
    /// One entry a step, in the order of the pipeline.
    pub steps: Vec<StepReport>,
    /// What the user should know that is no step's business: an ignored key, a dropped layer.
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
    /// The commit that HEAD names, unless the branch is unborn.
    pub head: Option<String>,
    /// The remote's name.
    pub remote: Option<String>,
    /// The branch that the pull request goes to, where it is known.
    pub base: Option<String>,
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepReport {
    /// The step's name in the policy.
    pub name: String,
    /// The kind of code that it runs.
    pub kind: String,
    /// The step in one word.
    pub verdict: Verdict,
    /// The step in one line.
    pub summary: String,
    /// A stable code for why it was skipped, queued or failed.
    #[schemars(with = "Option<String>")]
    pub reason: Option<Code>,
    /// What to do about it, in one line.
    pub advice: Option<String>,
    /// What the step found or made.
    pub outputs: Map<String, Value>,
    /// When the step began; absent when it never did.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub started_at: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What became of a step, or of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It did its work, or found it done.
    Done,
    /// There was nothing to do, or it was not allowed to.
    Skipped,
    /// It is kept for a later try.
    Queued,
    /// It tried and did not succeed.
    Failed,
}

impl Verdict {
    /// Returns the word that stands in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Queued => "queued",
            Self::Failed => "failed",
        }
    }
}
