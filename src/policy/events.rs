//! The table `events`: who may send webhooks, and the rules by which they fire schedules. Never from a repository.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::PolicyDuration;
use super::one_or_more::{OneOrMore, at_least_one};
use super::pattern::Pattern;
use super::rate::Rate;

/// Webhooks: the secrets of those who may send them, and the rules by which they fire schedules.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Events {
    /// The file with the secret of GitHub's webhooks as its only line, or a list of two while the secret is changed; by default `GITHUB_WEBHOOK_SECRET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github_secret_file: Option<OneOrMore<PathBuf>>,
    /// The same for GitLab: the secret token, or the signing token, which begins with `whsec_`; by default `GITLAB_WEBHOOK_SECRET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitlab_secret_file: Option<OneOrMore<PathBuf>>,
    /// The same for Gitea and Forgejo; by default `GITEA_WEBHOOK_SECRET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitea_secret_file: Option<OneOrMore<PathBuf>>,
    /// The rules: each fires schedules when an event matches it.
    pub rule: Vec<EventRule>,
}

crate::classes!(Events {
    github_secret_file: D,
    gitlab_secret_file: D,
    gitea_secret_file: D,
    rule: D,
});

/// A rule: which events fire which schedules. An event fires what every rule that it matches names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EventRule {
    /// The events, as globs of `event.action` in GitHub's words, such as `issues.opened`, or `push`. Without a dot: the event with any action.
    pub on: OneOrMore<Pattern>,
    /// The repositories, as globs of `owner/name`. `["*"]`: all.
    #[serde(deserialize_with = "at_least_one")]
    #[schemars(length(min = 1))]
    pub repositories: Vec<Pattern>,
    /// Only events that these users caused, as globs of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub senders: Vec<Pattern>,
    /// No events that these users caused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_senders: Vec<Pattern>,
    /// Whether events count that a bot caused.
    #[serde(default)]
    pub bots: Bots,
    /// Only issues and pull requests with one of these labels, as globs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Pattern>,
    /// Only events of these branches, as globs: the branch that was pushed, the base of a pull request, the branch of a workflow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Pattern>,
    /// Only events for which this expression over `payload`, the delivery, is true. An expression that fails is not true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The schedules that are fired, as globs of their names or tags in either case: `*` stands for any text, `?` for one character.
    #[serde(deserialize_with = "at_least_one")]
    #[schemars(length(min = 1))]
    pub fire: Vec<String>,
    /// Events that come within this time of one another fire once, when no more has come for as long; at the latest after ten times as long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debounce: Option<PolicyDuration>,
    /// How often the rule fires at most, such as `20/h`. What would be more is not fired, and the answer says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Rate>,
}

crate::classes!(EventRule {
    on: D,
    repositories: D,
    senders: D,
    not_senders: D,
    bots: D,
    labels: D,
    branches: D,
    when: D,
    fire: D,
    debounce: D,
    limit: D,
});

/// Whether events count that a bot caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Bots {
    /// They do not: an agent's own review would otherwise fire the agent again.
    #[default]
    Ignore,
    /// They do.
    Allow,
}
