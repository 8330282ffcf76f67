//! `Why`: the document of `sendoff why`: each guard with its values, where they come from and what it decided.

use schemars::JsonSchema;
use serde::Serialize;

use crate::exit::Exit;
use crate::reason::Reason;
use crate::report::exit_of_notes;

/// Why a branch did, or does, not ship.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Why {
    /// The version of the document: `sendoff.why/1`.
    pub schema: String,
    /// The pipeline of the next run.
    pub pipeline: String,
    /// Who asks.
    pub trigger: String,
    /// The branch; none where HEAD is on none.
    pub branch: Option<String>,
    /// Where it would be pushed to.
    pub push_url: Option<String>,
    /// The last run of the branch that did or tried something, where one is kept.
    pub last_run: Option<LastRun>,
    /// Every guard, in the order in which a run asks them.
    pub guards: Vec<WhyGuard>,
    /// Every step of the next run, and those of the last one.
    pub steps: Vec<WhyStep>,
    /// What the user should know beside that.
    pub notes: Vec<Reason>,
}

/// The last run of a branch.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LastRun {
    /// Its id.
    pub run_id: String,
    /// When it started.
    pub started_at: String,
    /// Who asked for it.
    pub trigger: String,
    /// Its verdict: `done`, `skipped`, `queued`, `failed`.
    pub verdict: String,
}

/// One guard.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhyGuard {
    /// Its name.
    pub name: String,
    /// What it decided in the last run; none where no run is kept.
    pub last: Option<Decision>,
    /// What it decides in the next one.
    pub next: Decision,
    /// What it looks at now, beside the policy: the path, the branch, the URL, how many commits.
    pub value: Option<String>,
    /// The values of the policy that it reads, as they are now.
    pub settings: Vec<WhySetting>,
}

/// What a guard decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It let the branch through.
    Passes,
    /// It held it.
    Holds,
    /// Another one had held it before.
    NotReached,
    /// Only the run can ask it.
    AtRunTime,
}

/// A value of the policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhySetting {
    /// The dotted key.
    pub key: String,
    /// The value as TOML.
    pub value: String,
    /// The layer that sets it; none for a default.
    pub layer: Option<String>,
}

/// One step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhyStep {
    /// Its name.
    pub name: String,
    /// What became of it in the last run.
    pub last: Option<WhyOutcome>,
    /// What becomes of it in the next one; none where it is not part of that.
    pub next: Option<WhyOutcome>,
}

/// What becomes of a step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WhyOutcome {
    /// `runs`, `skipped`, `done`, `queued` or `failed`.
    pub verdict: String,
    /// A stable code; none where it runs or is done.
    pub reason: Option<String>,
    /// One sentence.
    pub message: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Why {
    /// The version of the document.
    pub const SCHEMA: &str = "sendoff.why/1";

    /// Returns the exit code: a policy that a run could not use is 78 here too.
    pub fn exit(&self) -> Exit {
        exit_of_notes(&self.notes)
    }
}
