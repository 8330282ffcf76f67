//! What an agent's payload says about a call, in one form for all agents.

use std::path::PathBuf;

use serde_json::Value;

/// What a call of an agent is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// Whether it asks for anything.
    pub gate: Gate,
    /// The directories that the agent works in; the working directory when there are none.
    pub directories: Vec<PathBuf>,
    /// The user's last prompt.
    pub input: Option<String>,
    /// The agent's last answer.
    pub response: Option<String>,
}

/// Whether a call asks for anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gate {
    /// The main agent finished well, or the payload does not tell.
    #[default]
    Open,
    /// It did not, and why.
    Closed(&'static str),
}

/// An agent's payload. It is read leniently: a value of another type counts as absent.
#[derive(Debug, Clone, Copy)]
pub struct AgentPayload<'a>(pub &'a Value);

impl<'a> AgentPayload<'a> {
    /// Returns a text that is not blank.
    pub(super) fn text(self, key: &str) -> Option<&'a str> {
        let text = self.0.get(key)?.as_str()?;
        (!text.trim().is_empty()).then_some(text)
    }

    /// Returns a text of ours.
    pub(super) fn owned(self, key: &str) -> Option<String> {
        self.text(key).map(ToOwned::to_owned)
    }

    /// Says whether a key is `true`.
    pub(super) fn is_true(self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool) == Some(true)
    }

    /// Returns the texts of a list.
    pub(super) fn texts(self, key: &str) -> impl Iterator<Item = &'a str> {
        let list = self.0.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Returns the objects of a list.
    pub(super) fn objects(self, key: &str) -> impl Iterator<Item = Self> {
        let list = self.0.get(key).and_then(Value::as_array);
        list.into_iter().flatten().map(Self)
    }

    /// Returns the directory that a key names.
    pub(super) fn directories(self, key: &str) -> Vec<PathBuf> {
        self.text(key).map(PathBuf::from).into_iter().collect()
    }
}

impl Gate {
    /// Closed for an event that is not one of `events`. A payload without an event asks.
    pub(super) fn for_event(event: Option<&str>, events: &[&str]) -> Self {
        match event {
            Some(event) if !events.contains(&event) => {
                Self::Closed("the event is not the end of the main agent's turn")
            }
            _ => Self::Open,
        }
    }

    /// Closed for an outcome that is there and is not `wanted`.
    pub(super) fn for_outcome(outcome: Option<&str>, wanted: &str) -> Self {
        match outcome {
            Some(outcome) if outcome != wanted => Self::Closed("the turn did not end well"),
            _ => Self::Open,
        }
    }

    /// Says why it is closed; `None` where it is open.
    pub const fn closed(self) -> Option<&'static str> {
        match self {
            Self::Open => None,
            Self::Closed(why) => Some(why),
        }
    }

    /// Closed when one of both is.
    pub(super) const fn and(self, other: Self) -> Self {
        match self {
            Self::Open => other,
            Self::Closed(_) => self,
        }
    }
}
