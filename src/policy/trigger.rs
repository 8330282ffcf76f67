//! Who asked for a run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Who asked for a run. Agents' surfaces and executors are agent triggers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A person at a terminal, or a person's script.
    #[default]
    Manual,
    /// An agent executor, from its `finally` block.
    Executor,
    /// git's `post-commit` hook.
    GitPostCommit,
    /// git's `post-rewrite` hook.
    GitPostRewrite,
    /// git's `post-merge` hook.
    GitPostMerge,
    /// git's `post-applypatch` hook.
    GitPostApplypatch,
    /// Claude Code, when a turn ends.
    ClaudeCode,
    /// Codex, when a turn ends.
    Codex,
    /// Codex, when its `notify` program is told of the end of a turn.
    CodexNotify,
    /// GitHub Copilot CLI, when a turn ends.
    Copilot,
    /// Cursor, when its agent ends.
    Cursor,
    /// Gemini CLI, when a turn ends.
    Gemini,
    /// Goose, when a turn ends.
    Goose,
    /// `OpenCode`, when a session is idle.
    Opencode,
    /// Pi, when the agent has settled.
    Pi,
    /// A schedule whose time came, or that an event set due.
    Schedule,
    /// Any other program; it may be an agent.
    Generic,
}

impl Trigger {
    /// Every trigger, in the order of the reference page.
    pub const ALL: [Self; 17] = [
        Self::Manual,
        Self::Executor,
        Self::GitPostCommit,
        Self::GitPostRewrite,
        Self::GitPostMerge,
        Self::GitPostApplypatch,
        Self::ClaudeCode,
        Self::Codex,
        Self::CodexNotify,
        Self::Copilot,
        Self::Cursor,
        Self::Gemini,
        Self::Goose,
        Self::Opencode,
        Self::Pi,
        Self::Schedule,
        Self::Generic,
    ];

    /// Returns the name on the command line and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Executor => "executor",
            Self::GitPostCommit => "git-post-commit",
            Self::GitPostRewrite => "git-post-rewrite",
            Self::GitPostMerge => "git-post-merge",
            Self::GitPostApplypatch => "git-post-applypatch",
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::CodexNotify => "codex-notify",
            Self::Copilot => "copilot",
            Self::Cursor => "cursor",
            Self::Gemini => "gemini",
            Self::Goose => "goose",
            Self::Opencode => "opencode",
            Self::Pi => "pi",
            Self::Schedule => "schedule",
            Self::Generic => "generic",
        }
    }

    /// Says whether an agent asked, so that its pull requests are drafts.
    pub const fn is_agent(self) -> bool {
        matches!(
            self,
            Self::Executor
                | Self::ClaudeCode
                | Self::Codex
                | Self::CodexNotify
                | Self::Copilot
                | Self::Cursor
                | Self::Gemini
                | Self::Goose
                | Self::Opencode
                | Self::Pi
                | Self::Generic
        )
    }
}

/// A name that is not a trigger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no trigger is called `{}`; they are: {}", .0.escape_debug(), Trigger::ALL.map(Trigger::as_str).join(", "))]
pub struct UnknownTrigger(String);

impl FromStr for Trigger {
    type Err = UnknownTrigger;

    fn from_str(name: &str) -> Result<Self, UnknownTrigger> {
        let found = Self::ALL
            .into_iter()
            .find(|trigger| trigger.as_str() == name);
        found.ok_or_else(|| UnknownTrigger(name.to_owned()))
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trigger_is_read_by_the_name_it_shows() {
        for trigger in Trigger::ALL {
            assert_eq!(trigger.to_string().parse(), Ok(trigger));
            let json = serde_json::to_string(&trigger).unwrap();
            assert_eq!(json, format!("\"{trigger}\""));
        }
        let error = "cron".parse::<Trigger>().unwrap_err().to_string();
        assert!(error.starts_with("no trigger is called `cron`; they are: manual, executor"));
    }
}
