//! `Source`: the forges that send webhooks, with the names of their headers.

use std::fmt;
use std::str::FromStr;

/// A kind of forge that sends webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// GitHub, or GitHub Enterprise Server.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gitea, or Forgejo.
    Gitea,
}

impl Source {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::GitHub, Self::GitLab, Self::Gitea];

    /// Returns its name in paths and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
        }
    }

    /// Returns the variable that holds its secret where the policy names no file.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::GitHub => "GITHUB_WEBHOOK_SECRET",
            Self::GitLab => "GITLAB_WEBHOOK_SECRET",
            Self::Gitea => "GITEA_WEBHOOK_SECRET",
        }
    }

    /// Returns the key of the policy that names the files of its secrets.
    pub const fn key(self) -> &'static str {
        match self {
            Self::GitHub => "events.github-secret-file",
            Self::GitLab => "events.gitlab-secret-file",
            Self::Gitea => "events.gitea-secret-file",
        }
    }

    /// Returns the headers that name the event. The first one present is used.
    pub(super) const fn event_headers(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &["x-github-event"],
            Self::GitLab => &["x-gitlab-event"],
            Self::Gitea => &["x-gitea-event", "x-forgejo-event"],
        }
    }

    /// Returns the headers with the delivery's id, which a redelivery keeps. The first one present is used.
    pub(super) const fn id_headers(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &["x-github-delivery"],
            // The last one is for GitLab before 17.4. Webhooks that another webhook causes share it.
            Self::GitLab => &["webhook-id", "idempotency-key", "x-gitlab-event-uuid"],
            Self::Gitea => &["x-gitea-delivery", "x-forgejo-delivery"],
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|source| source.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is not github, gitlab or gitea"))
    }
}
