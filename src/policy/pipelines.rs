//! `PipelineTable`: a named list of steps, some of which start together.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::error::PolicyError;
use super::node::{Entry, Item, Node};
use super::source::{Sources, Span};

/// The table `pipelines`, as a layer writes it.
pub(super) type Pipelines = BTreeMap<String, Vec<PipelineItem>>;

/// A step's name, or a group of steps that start together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum PipelineItem {
    /// One step.
    Step(String),
    /// Steps that start together.
    Group(Vec<String>),
}

impl<'de> Deserialize<'de> for PipelineItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;

        impl<'de> Visitor<'de> for Items {
            type Value = PipelineItem;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a step, or an array of names that start together")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<PipelineItem, E> {
                Ok(PipelineItem::Step(name.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<PipelineItem, A::Error> {
                let mut names = Vec::new();
                while let Some(Name(name)) = seq.next_element()? {
                    names.push(name);
                }
                Ok(PipelineItem::Group(names))
            }
        }

        deserializer.deserialize_any(Items)
    }
}

/// A name inside a group, which cannot contain another group.
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl Visitor<'_> for Names {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a step: a group holds names only")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
                Ok(Name(name.to_owned()))
            }
        }

        deserializer.deserialize_str(Names)
    }
}

/// A named list of groups. The steps of a group start together; a group starts after the one before.
#[derive(Debug, Clone)]
pub struct PipelineTable {
    /// The pipeline's name.
    pub name: String,
    /// The groups, in order.
    pub groups: Vec<Vec<StepRef>>,
    place: Span,
    sources: Sources,
}

/// A step's name in a pipeline, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRef {
    /// The step's name.
    pub name: String,
    place: Span,
}

impl PipelineTable {
    /// Reads a pipeline that was checked.
    pub(super) fn new(name: &str, entry: &Entry, sources: &Sources) -> Self {
        let groups = match &entry.value.item {
            Item::List(items) => items.iter().map(group).collect(),
            _ => Vec::new(),
        };
        Self {
            name: name.to_owned(),
            groups,
            place: entry.key.clone(),
            sources: sources.clone(),
        }
    }

    /// Returns every step in order.
    pub fn steps(&self) -> impl Iterator<Item = &StepRef> {
        self.groups.iter().flatten()
    }

    /// Makes an error about the pipeline, with its place.
    pub fn error(&self, message: impl Into<String>, help: impl Into<String>) -> PolicyError {
        let error = PolicyError::new(message).advise(help);
        error.at(&self.sources, &self.place, "here")
    }

    /// Makes an error about one of its steps, with its place.
    pub fn error_at(
        &self,
        step: &StepRef,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> PolicyError {
        let error = PolicyError::new(message).advise(help);
        error.at(&self.sources, &step.place, "here")
    }
}

/// Reads a name as a group of one, or a group.
fn group(item: &Node) -> Vec<StepRef> {
    let step = |node: &Node| {
        Some(StepRef {
            name: node.text()?.to_owned(),
            place: node.place.clone(),
        })
    };
    match &item.item {
        Item::List(nodes) => nodes.iter().filter_map(step).collect(),
        _ => step(item).into_iter().collect(),
    }
}
