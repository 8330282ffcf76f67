//! `Rule`: one rule of the policy, compiled, and why an event does not match it.

use faster_hex::hex_string;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::policy::{Bots, EventRule, Pattern};
use crate::template::{Condition, TemplateError};

use super::facts::EventFacts;
use super::glob::{Glob, any_matches};

/// A rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// As it stands in the policy.
    pub(super) given: EventRule,
    /// The key of its state in the store, see [`key`].
    pub(super) key: String,
    on: Vec<Glob>,
    repositories: Vec<Glob>,
    senders: Vec<Glob>,
    not_senders: Vec<Glob>,
    labels: Vec<Glob>,
    when: Option<Condition>,
}

/// Why an event does not match a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It is another event.
    #[error("it is for {0}")]
    Event(String),
    /// It is for another repository, or for none.
    #[error("{0} is not in `repositories`")]
    Repository(String),
    /// A bot caused it.
    #[error("{0} is a bot, and `bots` is not \"allow\"")]
    Bot(String),
    /// Another user caused it.
    #[error("{0} is not in `senders`")]
    Sender(String),
    /// A user caused it whose events are excluded.
    #[error("{0} is in `not-senders`")]
    NotSender(String),
    /// It has none of the labels.
    #[error("it has none of the labels in `labels`")]
    Labels,
    /// It is for another branch, or for none.
    #[error("{0} is not in `branches`")]
    Branch(String),
    /// The condition is not true.
    #[error("`when` is not true")]
    When,
    /// The condition fails.
    #[error("`when` fails: {0}")]
    Condition(String),
}

/// The context of a condition.
#[derive(Serialize)]
struct ConditionFacts<'a> {
    payload: &'a Value,
}

impl Rule {
    /// Compiles a rule.
    pub(super) fn new(given: &EventRule) -> Result<Self, TemplateError> {
        let when = given.when.as_deref().map(Condition::new).transpose()?;
        Ok(Self {
            key: key(given),
            on: given.on.iter().map(Glob::new).collect(),
            repositories: Glob::all(&given.repositories),
            senders: Glob::all(&given.senders),
            not_senders: Glob::all(&given.not_senders),
            labels: Glob::all(&given.labels),
            when,
            given: given.clone(),
        })
    }

    /// Returns the events that it is for, as they are written.
    pub(super) fn on(&self) -> String {
        let on: Vec<&str> = self.given.on.iter().map(Pattern::as_str).collect();
        on.join(", ")
    }

    /// Compares an event with the rule; the error says why it does not match. The cheapest comparisons come first.
    pub(super) fn judge(&self, facts: &EventFacts, payload: &Value) -> Result<(), Mismatch> {
        if !self.is_for(facts) {
            return Err(Mismatch::Event(self.on()));
        }
        let repository = facts.repository.as_deref();
        let is_all = |glob: &Glob| glob.matches("");
        match repository {
            Some(name) if any_matches(&self.repositories, [name]) => {}
            // An event of an organisation has no repository.
            None if self.repositories.iter().any(is_all) => {}
            name => return Err(Mismatch::Repository(name.unwrap_or("no repository").into())),
        }
        self.judge_sender(facts)?;
        let labels = facts.labels.iter().map(String::as_str);
        if !self.labels.is_empty() && !any_matches(&self.labels, labels) {
            return Err(Mismatch::Labels);
        }
        let branch = facts.branch.as_deref();
        let is_listed = |name: &str| {
            let mut patterns = self.given.branches.iter();
            patterns.any(|pattern| pattern.as_str() == "*" || pattern.matches(name))
        };
        if !self.given.branches.is_empty() && !branch.is_some_and(is_listed) {
            return Err(Mismatch::Branch(branch.unwrap_or("no branch").into()));
        }
        match &self.when {
            None => Ok(()),
            Some(condition) => match condition.holds(&ConditionFacts { payload }) {
                Ok(true) => Ok(()),
                Ok(false) => Err(Mismatch::When),
                Err(error) => Err(Mismatch::Condition(error.to_string())),
            },
        }
    }

    /// Says whether it is for the event, in the common terms or the forge's own.
    pub(super) fn is_for(&self, facts: &EventFacts) -> bool {
        let names = [Some(facts.name()), facts.own_name.clone()];
        names.into_iter().flatten().any(|name| {
            let event = name.split('.').next().unwrap_or_default();
            self.on.iter().any(|glob| {
                let compared = if glob.has_no_dot() { event } else { &name };
                glob.matches(compared)
            })
        })
    }

    fn judge_sender(&self, facts: &EventFacts) -> Result<(), Mismatch> {
        let sender = facts.sender.as_deref().unwrap_or_default();
        let shown = || facts.sender.clone().unwrap_or_else(|| "nobody".into());
        if facts.is_bot && self.given.bots == Bots::Ignore {
            return Err(Mismatch::Bot(shown()));
        }
        if any_matches(&self.not_senders, [sender]) {
            return Err(Mismatch::NotSender(shown()));
        }
        if !self.senders.is_empty() && !any_matches(&self.senders, [sender]) {
            return Err(Mismatch::Sender(shown()));
        }
        Ok(())
    }
}

/// Returns the key of a rule's state: 16 hexadecimal digits of a SHA-256 of the rule without `debounce` and `limit`, so that
/// a change of these keeps the state.
fn key(given: &EventRule) -> String {
    let mut rule = given.clone();
    rule.debounce = None;
    rule.limit = None;
    // Serialising texts and lists cannot fail.
    let text = serde_json::to_vec(&rule).unwrap_or_default();
    let mut key = hex_string(&Sha256::digest(&text));
    key.truncate(16);
    key
}
