//! `Loaded`: the layers of their places, merged, with what was left out and why; and what is laid on them later.

use std::borrow::Cow;
use std::path::Path;

use super::discover::{self, Places, RepositoryFile};
use super::error::PolicyError;
use super::kind::{Kind, Kinds};
use super::layer::Layer;
use super::layer_kind::LayerKind;
use super::layers::Layers;
use super::locks::{Locks, UnusedKey};
use super::merge::merge;
use super::merged::Policy;
use super::node::Table;
use super::preset::DEFAULT;
use super::problem::PolicyProblem;
use super::protection;
use super::repository::LeftOut;
use super::set;
use super::source::Sources;
use super::trusted::TrustedKeys;

/// The result of merging the layers.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The merged policy.
    pub policy: Policy,
    /// The layers that were dropped, and why.
    pub problems: Vec<PolicyProblem>,
    /// Whether a layer of the system or the user is invalid: then nothing may be pushed, opened or executed.
    pub fail_closed: bool,
    /// The keys of the repository's policy that do not count yet.
    pub left_out: Vec<LeftOut>,
    /// The keys that do not count because the system's policy locks them.
    pub locked: Vec<UnusedKey>,
    /// The keys of the repository's policy that do not count because a lower layer is stricter.
    pub outdone: Vec<UnusedKey>,
    pub(super) layers: Layers,
}

impl Layers {
    /// Loads every layer. An invalid layer of the command line is an error; others are dropped and reported.
    pub fn load<K: Kind>(places: &Places, kinds: &[K]) -> Result<Loaded, PolicyError> {
        let kinds = Kinds::new(kinds);
        let mut layers = Self::default();
        layers.add(LayerKind::BuiltIn, "built-in", DEFAULT, &kinds)?;
        for (origin, path) in [
            (LayerKind::System, places.system.as_deref()),
            (LayerKind::User, places.user.as_deref()),
        ] {
            let Some(path) = path else { continue };
            match discover::read_owned(path) {
                Ok(None) => {}
                Ok(Some(text)) => {
                    let name = path.display().to_string();
                    layers.add(origin, &name, &text, &kinds)?;
                }
                Err(error) => {
                    let error = error.in_layer(origin, &path.display().to_string());
                    layers.drop_layer(origin, error);
                }
            }
        }
        if let Some(path) = &places.policy_file {
            let name = path.display().to_string();
            let text = discover::read_named(path)
                .map_err(|error| error.in_layer(LayerKind::PolicyFile, &name))?;
            layers.add(LayerKind::PolicyFile, &name, &text, &kinds)?;
        }
        for argument in &places.set {
            let layer = set::layer(argument, &mut layers.sources, &kinds)?;
            layers.stack.push(layer);
        }
        if let Some(file) = &places.repository {
            layers.add_repository(LayerKind::Repository, file, &kinds);
        }
        layers.finish(&kinds)
    }

    /// Makes a layer of a file, over the built-in layer. Whose file it is does not matter.
    pub fn of_file<K: Kind>(
        origin: LayerKind,
        file: &Path,
        kinds: &[K],
    ) -> Result<Loaded, PolicyError> {
        let kinds = Kinds::new(kinds);
        let name = file.display().to_string();
        let text = discover::read_named(file).map_err(|error| error.in_layer(origin, &name))?;
        let mut layers = Self::default();
        layers.add(LayerKind::BuiltIn, "built-in", DEFAULT, &kinds)?;
        layers.add(origin, &name, &text, &kinds)?;
        layers.finish(&kinds)
    }

    /// Makes layers from texts, over the built-in layer.
    pub fn from_texts<K: Kind>(
        texts: &[(LayerKind, &str)],
        kinds: &[K],
    ) -> Result<Loaded, PolicyError> {
        let kinds = Kinds::new(kinds);
        let mut layers = Self::default();
        layers.add(LayerKind::BuiltIn, "built-in", DEFAULT, &kinds)?;
        for (origin, text) in texts {
            layers.add(*origin, origin.as_str(), text, &kinds)?;
        }
        layers.finish(&kinds)
    }

    /// Merges the layers, lowest first; a layer that does not fit those below is invalid.
    fn finish(mut self, kinds: &Kinds<'_>) -> Result<Loaded, PolicyError> {
        // A stable sort keeps the order of several `--set`.
        self.stack.sort_by_key(|layer| layer.origin);
        let mut merged = Table::default();
        // The limits without the repository's, which are for push and pull request only.
        let mut outside = Table::default();
        let mut bases = Vec::new();
        let mut problems = self.problems.clone();
        let (mut left_out, mut locked, mut outdone) = (Vec::new(), Vec::new(), Vec::new());
        let mut locks = Locks::default();
        for layer in &self.stack {
            let mut layer = Cow::Borrowed(layer);
            if layer.origin == LayerKind::System {
                locks = Locks::of(&layer);
            } else if layer.origin > LayerKind::System && !locks.is_empty() {
                locked.extend(locks.enforce(layer.to_mut()));
            }
            match self.lay_over(&merged, &layer, kinds) {
                Ok(laid) => {
                    merged = laid.merged;
                    if !layer.origin.is_of_repository() {
                        lay_limits(&mut outside, &layer);
                    }
                    bases.extend(protection::bases(&laid.counted.table));
                    left_out.extend(laid.left_out);
                    outdone.extend(laid.outdone);
                }
                Err(problem) if layer.origin.is_command_line() => return Err(problem.error),
                Err(problem) => problems.push(problem),
            }
        }
        let limits_of_repository = self
            .stack
            .iter()
            .any(|layer| layer.origin.is_of_repository() && layer.table.table("limits").is_some());
        let closes =
            |problem: &PolicyProblem| matches!(problem.origin, LayerKind::System | LayerKind::User);
        let mut policy = Policy::new(merged, &self.sources, bases)?;
        if limits_of_repository {
            policy = policy.with_limits_outside(&outside)?;
        }
        Ok(Loaded {
            policy: policy.with_pinned_files(self.trusted.files()),
            fail_closed: problems.iter().any(closes),
            problems,
            left_out,
            locked,
            outdone,
            layers: self,
        })
    }
}

/// Lays the limits of a layer over those below it.
fn lay_limits(below: &mut Table, layer: &Layer) {
    if let Some((key, entry)) = layer.table.0.get_key_value("limits") {
        merge(below, Table([(key.clone(), entry.clone())].into()));
    }
}

impl Loaded {
    /// Returns the names of the layers in use, lowest first.
    pub fn layer_names(&self) -> Vec<String> {
        self.layers.names()
    }

    /// Leaves out the layer of a mistake that shows when a pipeline is planned, and merges again. Returns
    /// `None` when it is of the command line or has no layer.
    pub fn without<K: Kind>(&self, error: &PolicyError, kinds: &[K]) -> Option<Self> {
        let origin = error.origin()?;
        if origin.is_command_line() || origin == LayerKind::BuiltIn {
            return None;
        }
        let mut layers = self.layers.clone();
        layers.replace_by_mistake(origin, error.clone());
        layers.finish(&Kinds::new(kinds)).ok()
    }

    /// Adds the repository's layer, which is known later than the others, and merges again.
    pub fn with_repository<K: Kind>(
        self,
        file: &RepositoryFile,
        kinds: &[K],
    ) -> Result<Self, PolicyError> {
        let kinds = Kinds::new(kinds);
        let mut layers = self.layers;
        layers.add_repository(LayerKind::Repository, file, &kinds);
        layers.finish(&kinds)
    }

    /// Lets keys of the repository's policy count that the user trusts, and no others, and merges again.
    pub fn with_trusted<K: Kind>(
        &self,
        trusted: TrustedKeys,
        kinds: &[K],
    ) -> Result<Self, PolicyError> {
        let mut layers = self.layers.clone();
        layers.trusted = trusted;
        layers.finish(&Kinds::new(kinds))
    }

    /// Says whether the work tree has a copy of the repository's policy, whatever is wrong with it.
    pub fn has_work_tree_copy(&self) -> bool {
        let is_copy = |problem: &PolicyProblem| problem.origin == LayerKind::Repository;
        self.layers.has(LayerKind::Repository) || self.problems.iter().any(is_copy)
    }

    /// Adds the repository's policy as the policy base has it, and merges again. A copy in the work tree that says the same
    /// adds nothing.
    pub fn with_policy_base<K: Kind>(
        self,
        file: &RepositoryFile,
        kinds: &[K],
    ) -> Result<Self, PolicyError> {
        let kinds = Kinds::new(kinds);
        let mut layers = self.layers;
        layers.remove_copies(file);
        layers.add_repository(LayerKind::PolicyBase, file, &kinds);
        layers.finish(&kinds)
    }

    /// Adds the `.sendoff.toml` of a work tree and merges again; one that cannot be read is reported.
    pub fn with_work_tree<K: Kind>(
        mut self,
        work_tree: &Path,
        kinds: &[K],
    ) -> Result<Self, PolicyError> {
        match RepositoryFile::read(work_tree) {
            Ok(None) => Ok(self),
            Ok(Some(file)) => self.with_repository(&file, kinds),
            Err(error) => {
                // Also recorded with the layers, so that another merge reports it again.
                self.layers.drop_layer(LayerKind::Repository, error.clone());
                self.problems
                    .extend(PolicyProblem::of(LayerKind::Repository, vec![error]));
                Ok(self)
            }
        }
    }
}

impl Default for Policy {
    /// Returns the built-in policy.
    fn default() -> Self {
        let mut sources = Sources::default();
        let layer = Layer::parse(&mut sources, LayerKind::BuiltIn, "built-in", DEFAULT);
        let policy = layer.and_then(|layer| Self::new(layer.table, &sources, []));
        policy.unwrap_or_else(|_| Self::empty())
    }
}
