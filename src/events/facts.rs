//! `EventFacts`: an event, in terms that are the same for all forges.

use serde::{Deserialize, Serialize};

use crate::secrets::{KnownSecrets, clean_line};

/// The longest text of an event that is stored, in characters.
const MAX_TEXT_LENGTH: usize = 1000;
/// The most labels that are stored.
const MAX_LABELS: usize = 100;

/// An event. Its texts are written by the user who caused it, and are not trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFacts {
    /// The kind of forge: `github`, `gitlab` or `gitea`.
    pub source: String,
    /// The delivery's id.
    pub delivery: Option<String>,
    /// The event, in GitHub's terms where it has one: `issues`.
    pub event: String,
    /// What happened: `opened`.
    pub action: Option<String>,
    /// Event and action in the forge's own terms, where they differ: `merge_request.open`.
    pub own_name: Option<String>,
    /// The repository: `owner/name`.
    pub repository: Option<String>,
    /// The user who caused it.
    pub sender: Option<String>,
    /// Whether that is a bot, as far as the payload shows.
    pub is_bot: bool,
    /// The labels of the issue or pull request.
    pub labels: Vec<String>,
    /// The branch: the one that was pushed, the base of the pull request, that of the workflow.
    pub branch: Option<String>,
    /// The number of the issue or pull request.
    pub number: Option<u64>,
    /// Its title.
    pub title: Option<String>,
    /// The page of what the event is about.
    pub url: Option<String>,
}

impl EventFacts {
    /// Returns event and action as one name: `issues.opened`, or `push`.
    pub fn name(&self) -> String {
        name(&self.event, self.action.as_deref())
    }

    /// Returns the facts as they are stored and passed on: without secrets and control characters, and of bounded length.
    #[must_use]
    pub fn safe(&self, known: &KnownSecrets) -> Self {
        let text = |text: &String| {
            let short: String = text.chars().take(MAX_TEXT_LENGTH).collect();
            clean_line(&known.hide(&short))
        };
        let some = |value: &Option<String>| value.as_ref().map(text);
        Self {
            source: self.source.clone(),
            delivery: some(&self.delivery),
            event: text(&self.event),
            action: some(&self.action),
            own_name: some(&self.own_name),
            repository: some(&self.repository),
            sender: some(&self.sender),
            is_bot: self.is_bot,
            labels: self.labels.iter().take(MAX_LABELS).map(text).collect(),
            branch: some(&self.branch),
            number: self.number,
            title: some(&self.title),
            url: some(&self.url),
        }
    }
}

/// Joins an event and its action to one name: `issues.opened`, or `push`.
pub(super) fn name(event: &str, action: Option<&str>) -> String {
    match action {
        Some(action) => format!("{event}.{action}"),
        None => event.to_owned(),
    }
}

/// Says whether a user's name has an ending that bots have by convention.
pub(super) fn has_bot_suffix(name: &str) -> bool {
    ["[bot]", "-bot", "_bot"]
        .iter()
        .any(|end| name.ends_with(end))
}
