//! `Rule`: one rule of the policy, compiled, and why an event does not match it.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::policy::{Bots, EventRule, Pattern};
use crate::template::{Condition, TemplateError};

use super::facts::EventFacts;
use super::glob::{Glob, any};

/// A rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// As it stands in the policy.
    pub(super) given: EventRule,
    /// What its state is kept under: it changes with what the rule matches and fires.
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
pub enum Miss {
    /// It is another event.
    #[error("it is for {0}")]
    Event(String),
    /// It is of another repository, or of none.
    #[error("{0} is not in `repositories`")]
    Repository(String),
    /// A bot caused it.
    #[error("{0} is a bot, and `bots` is not \"allow\"")]
    Bot(String),
    /// Another user caused it.
    #[error("{0} is not in `senders`")]
    Sender(String),
    /// A user caused it whose events do not count.
    #[error("{0} is in `not-senders`")]
    NotSender(String),
    /// It has none of the labels.
    #[error("it has none of the labels in `labels`")]
    Labels,
    /// It is of another branch, or of none.
    #[error("{0} is not in `branches`")]
    Branch(String),
    /// The condition is not true.
    #[error("`when` is not true")]
    When,
    /// The condition fails.
    #[error("`when` fails: {0}")]
    Condition(String),
}

/// What a condition sees.
#[derive(Serialize)]
struct Seen<'a> {
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

    /// Says whether an event matches, or why not. What costs least comes first.
    pub(super) fn judge(&self, facts: &EventFacts, payload: &Value) -> Result<(), Miss> {
        if !self.is_for(facts) {
            return Err(Miss::Event(self.on()));
        }
        let repository = facts.repository.as_deref();
        let is_all = |glob: &Glob| glob.matches("");
        match repository {
            Some(name) if any(&self.repositories, [name]) => {}
            // An event of an organisation has no repository.
            None if self.repositories.iter().any(is_all) => {}
            name => return Err(Miss::Repository(name.unwrap_or("no repository").into())),
        }
        self.judge_sender(facts)?;
        let labels = facts.labels.iter().map(String::as_str);
        if !self.labels.is_empty() && !any(&self.labels, labels) {
            return Err(Miss::Labels);
        }
        let branch = facts.branch.as_deref();
        let is_listed = |name: &str| {
            let mut patterns = self.given.branches.iter();
            patterns.any(|pattern| pattern.as_str() == "*" || pattern.matches(name))
        };
        if !self.given.branches.is_empty() && !branch.is_some_and(is_listed) {
            return Err(Miss::Branch(branch.unwrap_or("no branch").into()));
        }
        match &self.when {
            None => Ok(()),
            Some(condition) => match condition.holds(&Seen { payload }) {
                Ok(true) => Ok(()),
                Ok(false) => Err(Miss::When),
                Err(error) => Err(Miss::Condition(error.to_string())),
            },
        }
    }

    /// Says whether it is for the event, in the common words or the forge's own.
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

    fn judge_sender(&self, facts: &EventFacts) -> Result<(), Miss> {
        let sender = facts.sender.as_deref().unwrap_or_default();
        let shown = || facts.sender.clone().unwrap_or_else(|| "nobody".into());
        if facts.is_bot && self.given.bots == Bots::Ignore {
            return Err(Miss::Bot(shown()));
        }
        if any(&self.not_senders, [sender]) {
            return Err(Miss::NotSender(shown()));
        }
        if !self.senders.is_empty() && !any(&self.senders, [sender]) {
            return Err(Miss::Sender(shown()));
        }
        Ok(())
    }
}

/// Returns the key of a rule's state: a hash of all but how often it fires.
fn key(given: &EventRule) -> String {
    let mut rule = given.clone();
    rule.debounce = None;
    rule.limit = None;
    // It is made of texts and lists, which always serialise.
    let text = serde_json::to_vec(&rule).unwrap_or_default();
    let hash = Sha256::digest(&text);
    let mut number = [0; 8];
    number
        .iter_mut()
        .zip(hash)
        .for_each(|(to, byte)| *to = byte);
    format!("{:016x}", u64::from_be_bytes(number))
}
