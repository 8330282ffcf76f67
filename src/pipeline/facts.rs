//! The facts that templates and conditions can use. A fact that is absent is defined as `none`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::git::Commit;
use crate::report::Verdict;
use crate::secrets::KnownSecrets;

use super::outcome::Outputs;

/// The facts that templates and conditions can use.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Facts {
    /// The repository; `none` outside of one.
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

/// The facts of the run.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct RunFacts {
    /// The run's id.
    pub id: String,
}

/// The facts of the repository.
#[derive(Debug, Clone, Default, Serialize, schemars::JsonSchema)]
pub struct RepoFacts {
    /// The work tree.
    pub path: String,
    /// The branch.
    pub branch: Option<String>,
    /// The commit id of HEAD, in hexadecimal.
    pub head: Option<String>,
    /// The remote's name.
    pub remote: Option<String>,
    /// The owner in the remote's URL.
    pub owner: Option<String>,
    /// The repository's name in the remote's URL.
    pub name: Option<String>,
    /// The base branch of the pull request.
    pub base: Option<String>,
    /// The commits ahead of the base, oldest first.
    pub commits: Vec<CommitFacts>,
}

/// The prefixes of subjects that `git rebase --autosquash` reads.
const TO_BE_SQUASHED: &[&str] = &["fixup!", "squash!", "amend!"];

/// The facts of a commit.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct CommitFacts {
    /// The id, in hexadecimal.
    pub id: String,
    /// The first line of the message.
    pub subject: String,
    /// The rest of the message, without the separating blank line.
    pub body: String,
    /// The author's name.
    pub author: String,
    /// Whether it has more than one parent.
    pub is_merge: bool,
}

impl CommitFacts {
    /// Says whether the subject marks an unfinished commit: by `WIP` as a word of its own, by `wip` at the beginning, or by
    /// a prefix of `git commit --fixup` and `--squash`.
    pub fn is_unfinished(&self) -> bool {
        let subject = self.subject.trim_start();
        if TO_BE_SQUASHED.iter().any(|mark| subject.starts_with(mark)) {
            return true;
        }
        let mut words = subject.split(|c: char| !c.is_alphanumeric());
        let first = words.clone().find(|word| !word.is_empty());
        first.is_some_and(|word| word.eq_ignore_ascii_case("wip"))
            || words.any(|word| word == "WIP")
    }
}

impl From<&Commit> for CommitFacts {
    fn from(commit: &Commit) -> Self {
        Self {
            id: commit.id.to_string(),
            subject: commit.subject.clone(),
            body: commit.body.clone(),
            author: commit.author.clone(),
            is_merge: commit.parents.len() > 1,
        }
    }
}

/// The task document that a caller passes in: `sendoff.task/1`. All keys are optional.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TaskDocument {
    /// The version of the document: `sendoff.task/1`.
    pub schema: Option<String>,
    /// The task that ended.
    pub task: TaskFacts,
    /// Who ran the task.
    pub executor: Option<String>,
    /// The caller's counters, for the heartbeat.
    pub heartbeat: Option<HeartbeatFacts>,
    /// The text of `--input` for a text step, which takes no document.
    #[serde(skip)]
    #[schemars(skip)]
    pub raw: Option<String>,
}

impl TaskDocument {
    /// Serialises the document with the secrets in its texts redacted.
    pub fn without_secrets(&self, known: &KnownSecrets) -> Option<String> {
        let mut value = serde_json::to_value(self).ok()?;
        known.hide_json(&mut value);
        serde_json::to_string(&value).ok()
    }
}

/// The task that ended.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TaskFacts {
    /// The caller's id for it.
    pub id: Option<String>,
    /// The request.
    pub input: Option<String>,
    /// The response.
    pub response: Option<String>,
    /// Whether it succeeded.
    pub ok: Option<bool>,
    /// The error.
    pub error: Option<String>,
    /// The stderr of the agent's process.
    pub stderr: Option<String>,
    /// The exit code of the agent's process.
    pub exit_code: Option<i64>,
}

/// The caller's counters, for an executor that runs several tasks.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeartbeatFacts {
    /// The current task, as the platform shows it.
    pub current_task: Option<String>,
    /// The number of running tasks.
    pub active_tasks: Option<u64>,
    /// The share of failed tasks, 0 to 1.
    pub error_rate: Option<f64>,
    /// A recent error.
    pub sample_error: Option<String>,
    /// The seconds since the agent started.
    pub uptime_seconds: Option<u64>,
}

/// The facts of a step.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct StepFacts {
    /// `pending`, or the verdict.
    pub verdict: String,
    /// Its result in one line.
    pub summary: String,
    /// Its outputs.
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

    /// Returns the default pipeline: a failed task has one of its own.
    pub fn default_pipeline(&self) -> &'static str {
        if self.task.ok == Some(false) {
            "on-failure"
        } else {
            "post-task"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_unfinished(subject: &str) -> bool {
        let commit = CommitFacts {
            id: String::new(),
            subject: subject.into(),
            body: String::new(),
            author: String::new(),
            is_merge: false,
        };
        commit.is_unfinished()
    }

    #[test]
    fn a_subject_can_mark_a_commit_as_unfinished() {
        for subject in [
            "WIP",
            "wip: parse it",
            "[wip] parse it",
            "(WIP) parse it",
            "Parse it (WIP)",
            "feat: WIP parser",
            "fixup! Parse it",
            "squash! Parse it",
            "amend! Parse it",
            "  WIP",
        ] {
            assert!(is_unfinished(subject), "{subject}");
        }
        for subject in [
            "",
            "Parse it",
            "Wipe the disk",
            "Swipe",
            "Stop a wip from leaving",
            "Say fixup! twice",
        ] {
            assert!(!is_unfinished(subject), "{subject}");
        }
    }
}
