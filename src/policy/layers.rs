//! `Layers`: the layers in their order, each checked by itself.

use std::borrow::Cow;

use super::check::mistakes;
use super::check_merged::check_merged;
use super::discover::{self, RepositoryFile};
use super::error::PolicyError;
use super::kind::Kinds;
use super::layer::Layer;
use super::layer_kind::LayerKind;
use super::locks::UnusedKey;
use super::merge::merge;
use super::node::Table;
use super::problem::PolicyProblem;
use super::repository::{LeftOut, sift};
use super::source::Sources;
use super::trusted::TrustedKeys;

/// The layers, each checked by itself.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    pub(super) sources: Sources,
    pub(super) stack: Vec<Layer>,
    pub(super) problems: Vec<PolicyProblem>,
    /// The layers that were dropped although they are TOML.
    pub(super) dropped: Vec<Layer>,
    /// The keys of the repository's policy that the user trusts.
    pub(super) trusted: TrustedKeys,
}

impl Layers {
    /// Parses and checks a layer, and keeps it or records its mistake.
    pub(super) fn add(
        &mut self,
        origin: LayerKind,
        name: &str,
        text: &str,
        kinds: &Kinds<'_>,
    ) -> Result<(), PolicyError> {
        let found = match Layer::parse(&mut self.sources, origin, name, text) {
            Ok(layer) => {
                // The built-in layer is checked by tests.
                let found = match origin {
                    LayerKind::BuiltIn => Vec::new(),
                    _ => mistakes(&layer, &self.sources, kinds),
                };
                if found.is_empty() {
                    self.stack.push(layer);
                } else {
                    self.dropped.push(layer);
                }
                found
            }
            Err(error) => vec![error],
        };
        match PolicyProblem::of(origin, found) {
            Some(problem) if origin.is_command_line() => return Err(problem.error),
            Some(problem) => self.problems.push(problem),
            None => {}
        }
        Ok(())
    }

    /// Adds a copy of the repository's policy; an invalid one is dropped and reported.
    pub(super) fn add_repository(
        &mut self,
        origin: LayerKind,
        file: &RepositoryFile,
        kinds: &Kinds<'_>,
    ) {
        let name = file.path.display().to_string();
        let added = discover::text(&file.bytes, discover::MAX_REPOSITORY_FILE_SIZE)
            .map_err(|error| error.in_layer(origin, &name))
            .and_then(|text| self.add(origin, &name, text, kinds));
        if let Err(error) = added {
            self.drop_layer(origin, error);
        }
    }

    pub(super) fn drop_layer(&mut self, origin: LayerKind, error: PolicyError) {
        self.problems.extend(PolicyProblem::of(origin, vec![error]));
    }

    /// Takes a layer out whose mistake shows later, and keeps that.
    pub(super) fn replace_by_mistake(&mut self, origin: LayerKind, error: PolicyError) {
        self.stack.retain(|layer| layer.origin != origin);
        self.drop_layer(origin, error);
    }

    /// Takes out the work tree's copy of the repository's policy, where it says the same.
    pub(super) fn remove_copies(&mut self, file: &RepositoryFile) {
        let sources = self.sources.clone();
        self.stack.retain(|layer| {
            let text = sources
                .at(&layer.place)
                .map(|source| source.text.as_bytes());
            layer.origin != LayerKind::Repository || text != Some(&file.bytes)
        });
    }

    /// Says whether there is a layer of a kind.
    pub(super) fn has(&self, origin: LayerKind) -> bool {
        self.stack.iter().any(|layer| layer.origin == origin)
    }

    /// Returns the built-in layer.
    pub(super) fn built_in(&self) -> Option<&Table> {
        let mut layers = self.stack.iter();
        let found = layers.find(|layer| layer.origin == LayerKind::BuiltIn);
        found.map(|layer| &layer.table)
    }

    /// Returns the names of the layers, lowest first.
    pub(super) fn names(&self) -> Vec<String> {
        let named = self.stack.iter();
        named
            .filter_map(|layer| Some(self.sources.at(&layer.place)?.name.to_string()))
            .collect()
    }

    /// Merges one layer over those below it, and checks the result.
    pub(super) fn lay_over<'l>(
        &self,
        below: &Table,
        layer: &'l Layer,
        kinds: &Kinds<'_>,
    ) -> Result<Laid<'l>, PolicyProblem> {
        let (mut counted, mut left_out) = (Cow::Borrowed(layer), Vec::new());
        let (mut found, mut outdone) = (Vec::new(), Vec::new());
        if layer.origin.is_of_repository() {
            let built_in = self.built_in();
            let sifted = sift(layer, below, &self.sources, kinds, &self.trusted, built_in);
            (left_out, found) = (sifted.left_out, sifted.mistakes);
            outdone = sifted.outdone;
            counted = Cow::Owned(Layer {
                table: sifted.table,
                ..layer.clone()
            });
        }
        let mut merged = below.clone();
        merge(&mut merged, counted.table.clone());
        if found.is_empty() && layer.origin != LayerKind::BuiltIn {
            found = check_merged(&counted, &merged, &self.sources, kinds);
        }
        let laid = Laid {
            merged,
            counted,
            left_out,
            outdone,
        };
        PolicyProblem::of(layer.origin, found).map_or(Ok(laid), Err)
    }
}

/// A layer that was merged over those below it.
pub(super) struct Laid<'l> {
    /// All of them.
    pub(super) merged: Table,
    /// What counts of the layer.
    pub(super) counted: Cow<'l, Layer>,
    /// What does not count yet.
    pub(super) left_out: Vec<LeftOut>,
    /// What lower layers outdo.
    pub(super) outdone: Vec<UnusedKey>,
}
