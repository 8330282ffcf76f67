//! `Policy`: the result of merging the layers.

use std::collections::BTreeMap;

use crate::names::BranchName;

use super::branches::Branches;
use super::connections::{Forge, Git, Http, Platform, Remotes};
use super::environment::Environment;
use super::error::PolicyError;
use super::events::Events;
use super::file::PolicyFile;
use super::guard::Guard;
use super::kind::Kind;
use super::layer_kind::LayerKind;
use super::limits::Limits;
use super::network::Network;
use super::node::Table;
use super::pattern::Pattern;
use super::permit::{Protected, PushPermit};
use super::pipelines::PipelineTable;
use super::protection::protected;
use super::read::read;
use super::schedules::Schedule;
use super::serve::Serve;
use super::setting::{Setting, settings};
use super::source::{Sources, Span};
use super::step_table::StepTable;
use super::store::Store;
use super::trust::Trust;
use super::trusted::PinnedFile;

/// What may happen, and how: the result of merging the layers.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The tables of fixed keys.
    file: PolicyFile,
    protected: Vec<Pattern>,
    /// The limits for push and pull request, where a repository lowers them.
    branch_limits: Option<Limits>,
    /// The files of the work tree that trusted keys run.
    pinned_files: Vec<PinnedFile>,
    pipelines: BTreeMap<String, PipelineTable>,
    steps: BTreeMap<String, StepTable>,
    merged: Table,
    sources: Sources,
}

impl Policy {
    /// Reads the merged layers. `bases` are the branches that a layer names as a base: they are protected too.
    pub(super) fn new(
        merged: Table,
        sources: &Sources,
        bases: impl IntoIterator<Item = Pattern>,
    ) -> Result<Self, PolicyError> {
        let place = Span::default();
        let mut file: PolicyFile =
            read(&merged, &place).map_err(|error| error.explain(sources, &[], &[]))?;
        if let Some(entry) = merged.find(["branches", "protected"]) {
            file.branches.protected = protected(&entry.value, &file.branches.unprotect, sources);
        }
        let mut pipelines = BTreeMap::new();
        for (name, entry) in merged
            .table("pipelines")
            .into_iter()
            .flat_map(|table| &table.0)
        {
            pipelines.insert(name.clone(), PipelineTable::new(name, entry, sources));
        }
        let mut steps = BTreeMap::new();
        for (name, entry) in merged.table("steps").into_iter().flat_map(|table| &table.0) {
            steps.insert(name.clone(), StepTable::new(name, entry, sources)?);
        }
        let protected = file.branches.protected.iter().cloned();
        Ok(Self {
            protected: protected.chain(bases).collect(),
            file,
            branch_limits: None,
            pinned_files: Vec::new(),
            pipelines,
            steps,
            merged,
            sources: sources.clone(),
        })
    }

    /// Returns a policy without pipelines, with the types' default values.
    pub(super) fn empty() -> Self {
        let file = PolicyFile::default();
        Self {
            protected: file.branches.protected.clone(),
            file,
            branch_limits: None,
            pinned_files: Vec::new(),
            pipelines: BTreeMap::new(),
            steps: BTreeMap::new(),
            merged: Table::default(),
            sources: Sources::default(),
        }
    }

    /// Returns the table `branches`.
    pub const fn branches(&self) -> &Branches {
        &self.file.branches
    }

    /// Returns the limits without those of the repository's policy.
    pub const fn limits(&self) -> &Limits {
        &self.file.limits
    }

    /// Returns what a branch may bring to the remote.
    pub const fn guard(&self) -> &Guard {
        &self.file.guard
    }

    /// Returns the limits for steps of a kind: those of the repository only where they move or show
    /// the branch.
    pub fn limits_for(&self, kind: &impl Kind) -> &Limits {
        if kind.ships_branch() {
            self.branch_limits()
        } else {
            self.limits()
        }
    }

    /// Returns the limits for push and pull request, which a repository may lower.
    pub fn branch_limits(&self) -> &Limits {
        self.branch_limits.as_ref().unwrap_or(&self.file.limits)
    }

    /// Takes `outside` as the limits of whatever does not move or show the branch.
    pub(super) fn with_limits_outside(mut self, outside: &Table) -> Result<Self, PolicyError> {
        let place = Span::default();
        let file: PolicyFile =
            read(outside, &place).map_err(|error| error.explain(&self.sources, &[], &[]))?;
        self.branch_limits = Some(std::mem::replace(&mut self.file.limits, file.limits));
        Ok(self)
    }

    /// Returns the forge's settings.
    pub const fn forge(&self) -> &Forge {
        &self.file.forge
    }

    /// Returns the platform's settings.
    pub const fn platform(&self) -> &Platform {
        &self.file.platform
    }

    /// Returns the origins for steps that use `http`.
    pub const fn http(&self) -> &Http {
        &self.file.http
    }

    /// Returns the allowed remotes.
    pub const fn remotes(&self) -> &Remotes {
        &self.file.remotes
    }

    /// Returns how git's configuration is used.
    pub const fn git(&self) -> &Git {
        &self.file.git
    }

    /// Returns how much is kept from one run to the next.
    pub const fn store(&self) -> &Store {
        &self.file.store
    }

    /// Returns where `sendoff serve` listens.
    pub const fn serve(&self) -> &Serve {
        &self.file.serve
    }

    /// Returns the secrets and rules of webhooks.
    pub const fn events(&self) -> &Events {
        &self.file.events
    }

    /// Returns what runs when its time comes.
    pub fn schedules(&self) -> &[Schedule] {
        &self.file.schedules
    }

    /// Returns how servers are reached.
    pub const fn network(&self) -> &Network {
        &self.file.network
    }

    /// Returns how far the environment is trusted.
    pub const fn environment(&self) -> &Environment {
        &self.file.environment
    }

    /// Returns the merged layers and their texts.
    pub(super) const fn merged(&self) -> (&Table, &Sources) {
        (&self.merged, &self.sources)
    }

    /// Returns what counts as trusted on every machine of a fleet.
    pub const fn trust(&self) -> &Trust {
        &self.file.trust
    }

    /// Notes the files that trusted keys run.
    pub(super) fn with_pinned_files(mut self, files: &[PinnedFile]) -> Self {
        self.pinned_files = files.to_vec();
        self
    }

    /// Returns the files of the work tree that trusted keys run, as they were when they were trusted.
    pub fn pinned_files(&self) -> &[PinnedFile] {
        &self.pinned_files
    }

    /// Returns a pipeline by its name.
    pub fn pipeline(&self, name: &str) -> Option<&PipelineTable> {
        self.pipelines.get(name)
    }

    /// Returns the names of the pipelines, sorted.
    pub fn pipeline_names(&self) -> impl Iterator<Item = &str> {
        self.pipelines.keys().map(String::as_str)
    }

    /// Returns the table of a step, which is empty when no layer has it.
    pub fn step(&self, name: &str) -> StepTable {
        let found = self.steps.get(name).cloned();
        found.unwrap_or_else(|| StepTable::absent(name, &self.sources))
    }

    /// Returns the names of the steps with a table, sorted.
    pub fn step_names(&self) -> impl Iterator<Item = &str> {
        self.steps.keys().map(String::as_str)
    }

    /// Says whether a layer has a table for the step.
    pub fn mentions(&self, step: &str) -> bool {
        self.steps.contains_key(step)
    }

    /// Returns a permit to push the branch, unless it is protected.
    pub fn permit_push(&self, branch: &BranchName) -> Result<PushPermit, Protected> {
        PushPermit::new(branch, &self.protected)
    }

    /// Returns the layer that sets a value, by its dotted key; `None` for a default.
    pub fn origin_of(&self, key: &str) -> Option<LayerKind> {
        let entry = self.merged.find(key.split('.'))?;
        Some(self.sources.origin(&entry.key))
    }

    /// Returns every value that a layer sets, sorted by key.
    ///
    /// `branches.protected` has one entry for each layer that adds to it.
    pub fn flatten(&self) -> Vec<Setting> {
        settings(&self.merged, &self.file.branches.unprotect, &self.sources)
    }
}
