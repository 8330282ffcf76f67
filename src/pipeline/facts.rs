//! What templates and conditions can see. Optional facts are always defined, as `none`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::Verdict;

use super::step::Outputs;

/// Everything that templates and conditions can see.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Facts {
    /// The repository; `none` outside one.
    pub repo: Option<RepoFacts>,
    /// The task that ended.
    pub task: TaskFacts,
    /// Who asked for the run.
    pub trigger: String,
    /// The run.
    pub run: RunFacts,
    /// The steps by name. A planned step that has not ended is `pending`.
    pub steps: BTreeMap<String, StepFacts>,
}

/// The run, as templates see it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct RunFacts {
    /// The run's id.
    pub id: String,
}

/// The repository, as templates see it.
#[derive(Debug, Clone, Default, Serialize, schemars::JsonSchema)]
pub struct RepoFacts {
    /// The work tree.
    pub path: String,
    /// The branch.
    pub branch: Option<String>,
    /// The commit that HEAD names, in hex.
    pub head: Option<String>,
    /// The remote's name.
    pub remote: Option<String>,
    /// The owner in the remote's URL.
    pub owner: Option<String>,
    /// The repository's name in the remote's URL.
    pub name: Option<String>,
    /// The branch that the pull request goes to.
    pub base: Option<String>,
    /// The commits ahead of the base, oldest first.
    pub commits: Vec<CommitFacts>,
}

/// A commit, as templates see it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct CommitFacts {
    /// The id in hex.
    pub id: String,
    /// The first line of the message.
    pub subject: String,
    /// The rest of the message, without the blank line.
    pub body: String,
    /// The author's name.
    pub author: String,
}

/// The task document that a caller hands in: `sendoff.task/1`. All keys are optional.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TaskDocument {
    /// The version of the document: `sendoff.task/1`.
    pub schema: Option<String>,
    /// The task that ended.
    pub task: TaskFacts,
    /// Who ran the task.
    pub executor: Option<String>,
    /// The caller's own counters, for the heartbeat.
    pub heartbeat: Option<HeartbeatFacts>,
    /// The raw text that a text step gets instead of a document; no part of the document.
    #[serde(skip)]
    #[schemars(skip)]
    pub raw: Option<String>,
}

/// The task that ended.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TaskFacts {
    /// The caller's name for it.
    pub id: Option<String>,
    /// What was asked.
    pub input: Option<String>,
    /// What was answered.
    pub response: Option<String>,
    /// Whether it succeeded.
    pub ok: Option<bool>,
    /// What went wrong.
    pub error: Option<String>,
    /// What the agent's process wrote to stderr.
    pub stderr: Option<String>,
    /// How the agent's process ended.
    pub exit_code: Option<i64>,
}

/// The caller's counters: an executor that runs several tasks counts them itself.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeartbeatFacts {
    /// What the agent works on.
    pub current_task: Option<String>,
    /// How many tasks run.
    pub active_tasks: Option<u64>,
    /// The share of failed tasks, 0 to 1.
    pub error_rate: Option<f64>,
    /// A recent error.
    pub sample_error: Option<String>,
    /// Seconds since the agent started.
    pub uptime_seconds: Option<u64>,
}

/// A step, as templates and conditions see it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct StepFacts {
    /// `pending`, or the verdict.
    pub verdict: String,
    /// The step in one line.
    pub summary: String,
    /// What the step found or made.
    pub outputs: Outputs,
}

impl StepFacts {
    /// Returns the facts of a step that has not ended.
    pub fn pending() -> Self {
        Self {
            verdict: "pending".into(),
            summary: String::new(),
            outputs: Outputs::new(),
        }
    }

    /// Returns the facts of a step that ended.
    pub fn ended(verdict: Verdict, summary: &str, outputs: &Outputs) -> Self {
        Self {
            verdict: verdict.as_str().into(),
            summary: summary.into(),
            outputs: outputs.clone(),
        }
    }
}

impl TaskDocument {
    /// The version that this program reads.
    pub const SCHEMA: &str = "sendoff.task/1";

    /// Returns the pipeline that a run without a name means: a failed task has one of its own.
    pub fn default_pipeline(&self) -> &'static str {
        if self.task.ok == Some(false) {
            "on-failure"
        } else {
            "post-task"
        }
    }
}
