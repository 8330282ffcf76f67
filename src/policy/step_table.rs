//! `StepTable`: one step's table, with its place in the layers; `StepSettings`: the shared keys.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::duration::PolicyDuration;
use super::error::PolicyError;
use super::node::{Entry, Item, Node, Table};
use super::read::read;
use super::source::{Sources, Span};

/// The keys that every step has; a test compares them with [`StepSettings`].
pub const SHARED_KEYS: &[&str] = &["uses", "when", "timeout", "on-error", "needs", "enabled"];

/// The keys that every step has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepSettings {
    /// The kind of the step, when it is not the step's name.
    pub uses: Option<String>,
    /// The step runs only when this expression over the facts is true.
    pub when: Option<String>,
    /// The step's time limit; by default `limits.step-timeout`. A repository may lower it for steps that push the branch or open its pull request.
    pub timeout: Option<PolicyDuration>,
    /// The effect of an error on the rest of the run.
    pub on_error: OnError,
    /// The steps that must be done first, instead of the kind's default.
    pub needs: Option<Vec<String>>,
    /// Whether the step runs. In the work tree's copy `false` counts for steps that push the branch or open its pull request.
    pub enabled: bool,
}

crate::classes!(StepSettings {
    uses: C,
    when: B,
    timeout: ADown,
    on_error: B,
    needs: B,
    enabled: BOrA("false"),
});

impl Default for StepSettings {
    fn default() -> Self {
        Self {
            uses: None,
            when: None,
            timeout: None,
            on_error: OnError::Continue,
            needs: None,
            enabled: true,
        }
    }
}

/// The effect of an error on the rest of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// The next steps still run.
    #[default]
    Continue,
    /// The group is finished, then only the heartbeat is cleared.
    Stop,
}

/// One step's merged table, which is empty when no layer has it.
#[derive(Debug, Clone)]
pub struct StepTable {
    /// The step's name.
    pub name: String,
    /// The keys that every step has.
    pub settings: StepSettings,
    shared: Table,
    own: Table,
    place: Option<Span>,
    sources: Sources,
}

impl StepTable {
    /// Makes the table of a step that no layer has.
    pub(super) fn absent(name: &str, sources: &Sources) -> Self {
        Self {
            name: name.to_owned(),
            settings: StepSettings::default(),
            shared: Table::default(),
            own: Table::default(),
            place: None,
            sources: sources.clone(),
        }
    }

    /// Reads the shared keys of a step's table and separates the others.
    pub(super) fn new(name: &str, entry: &Entry, sources: &Sources) -> Result<Self, PolicyError> {
        let mut step = Self::absent(name, sources);
        step.place = Some(entry.key.clone());
        for (key, value) in entry.value.table().into_iter().flat_map(|table| &table.0) {
            let shared = SHARED_KEYS.contains(&key.as_str());
            let part = if shared {
                &mut step.shared
            } else {
                &mut step.own
            };
            part.0.insert(key.clone(), value.clone());
        }
        step.settings = read(&step.shared, &entry.value.place)
            .map_err(|error| error.explain(sources, &["steps", name], &[]))?;
        Ok(step)
    }

    /// Returns the kind of the step: `uses`, or its name.
    pub fn kind(&self) -> &str {
        self.settings.uses.as_deref().unwrap_or(&self.name)
    }

    /// Reads the step's own keys. Unknown keys are errors if the type denies them.
    pub fn read<S: DeserializeOwned>(&self) -> Result<S, PolicyError> {
        let place = self.place.clone().unwrap_or_default();
        read(&self.own, &place)
            .map_err(|error| error.explain(&self.sources, &["steps", &self.name], SHARED_KEYS))
    }

    /// Makes an error about `key`, shared or own, with its place, or the step's when no layer sets it.
    pub fn error(
        &self,
        key: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> PolicyError {
        let error = PolicyError::new(message).advise(help);
        let value = self.entry(key).map(|entry| &entry.value.place);
        match value.or(self.place.as_ref()) {
            Some(place) => error.at(&self.sources, place, "here"),
            None => error,
        }
    }

    /// Returns every text that a layer writes at `key` or below it.
    pub fn texts(&self, key: &str) -> Vec<StepText> {
        let mut texts = Vec::new();
        if let Some(entry) = self.entry(key) {
            gather(&entry.value, &mut texts);
        }
        texts
    }

    /// Makes an error about a text of [`texts`](Self::texts), with its place.
    pub fn error_in(
        &self,
        text: &StepText,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> PolicyError {
        let error = PolicyError::new(message).advise(help);
        error.at(&self.sources, &text.place, "here")
    }

    /// Adds own keys, which override those of the layers.
    pub(super) fn overlay(&mut self, sources: Sources, own: Table) {
        self.sources = sources;
        super::merge::replace(&mut self.own, own);
    }

    /// Returns the texts of the layers.
    pub(super) const fn sources(&self) -> &Sources {
        &self.sources
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.shared.get(key).or_else(|| self.own.get(key))
    }
}

/// A text in a step's table.
#[derive(Debug, Clone)]
pub struct StepText {
    /// The text.
    pub text: String,
    place: Span,
}

/// Gathers the texts of a value.
fn gather(node: &Node, texts: &mut Vec<StepText>) {
    match &node.item {
        Item::Text(text) => texts.push(StepText {
            text: text.clone(),
            place: node.place.clone(),
        }),
        Item::List(nodes) => nodes.iter().for_each(|node| gather(node, texts)),
        Item::Table(table) => {
            let entries = table.0.values();
            entries.for_each(|entry| gather(&entry.value, texts));
        }
        Item::Integer(_) | Item::Float(_) | Item::Boolean(_) | Item::Datetime(_) => {}
    }
}
