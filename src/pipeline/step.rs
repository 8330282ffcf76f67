//! The contract between the engine and a step.

use std::fmt::Debug;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::git::Repo;
use crate::policy::{Classed, KeyClass, Kind, Policy, PolicyError, StepTable, Trigger};

use super::context::Context;

/// What a step found or made, as JSON; templates and conditions see it as `steps[name].outputs`.
pub type Outputs = Map<String, Value>;

/// One thing a run does. The type that implements this is also the step's settings.
///
/// A step may run twice, and late: it derives what to do from the repository and the servers, and
/// takes the facts of earlier steps as a shortcut only.
///
/// `?Send`, because a run lives on one thread; blocking work goes through
/// [`interruptible`](super::interruptible).
#[async_trait(?Send)]
pub trait Step: Debug {
    /// Does what can be done before the step's turn, such as a look-up on a connection of its own.
    ///
    /// Starts with the run, beside the earlier steps. Must have no effect outside the process, and
    /// leaves what it found where [`run`](Self::run) looks, in a source of the context.
    async fn prepare(&self, _cx: &Context<'_>) {}

    /// Returns what a plan says of the step beside its name: one line each. Looks at files only.
    fn details(&self, _repo: &Repo, _policy: &Policy, _trigger: Trigger) -> Vec<String> {
        Vec::new()
    }

    /// Does the work.
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError>;
}

/// A step that makes one text of another and reaches nothing else, so that it can be used alone,
/// many times in one process.
pub trait TextStep: Debug {
    /// Makes the text. An error says what is wrong with `input`.
    fn convert(&self, input: &str) -> Result<String, StepError>;
}

/// What a step says of its work. A refusal by policy or state is a skip, not an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The work is done, or was found done.
    Done {
        /// One line.
        summary: String,
        /// What was found or made.
        outputs: Outputs,
    },
    /// There is nothing to do, or it is not allowed.
    Skipped {
        /// A stable code.
        reason: &'static str,
        /// One line.
        summary: String,
        /// What to do about it.
        advice: Option<String>,
    },
}

impl Outcome {
    /// Makes a `Done` without outputs.
    pub fn done(summary: impl Into<String>) -> Self {
        Self::Done {
            summary: summary.into(),
            outputs: Outputs::new(),
        }
    }

    /// Makes a `Skipped` without advice.
    pub fn skipped(reason: &'static str, summary: impl Into<String>) -> Self {
        Self::Skipped {
            reason,
            summary: summary.into(),
            advice: None,
        }
    }
}

/// Whose turn it is after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// It can be tried again: the network, a lock, a rate limit.
    Transient,
    /// Somebody said no, or something has to be changed first.
    Denied,
    /// A bug of ours.
    Internal,
}

/// Why a step did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{summary}")]
pub struct StepError {
    /// Whose turn it is.
    pub kind: ErrorKind,
    /// A stable code, such as `auth`.
    pub reason: &'static str,
    /// One line: what happened.
    pub summary: String,
    /// One line: what to do.
    pub advice: Option<String>,
    /// What was found out all the same, such as what a server said.
    pub outputs: Box<Outputs>,
}

impl StepError {
    /// Makes an error without advice.
    pub fn new(kind: ErrorKind, reason: &'static str, summary: impl Into<String>) -> Self {
        Self {
            kind,
            reason,
            summary: summary.into(),
            advice: None,
            outputs: Box::default(),
        }
    }

    /// Makes an error of another one and its causes, on one line.
    pub fn of(kind: ErrorKind, reason: &'static str, error: &dyn std::error::Error) -> Self {
        let mut summary = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let told = error.to_string();
            if !summary.contains(&told) {
                summary = format!("{summary}: {told}");
            }
            cause = error.source();
        }
        Self::new(kind, reason, summary)
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

/// One kind of step: its name, how its settings are read, their schema and their classes.
///
/// To add one: a file in `steps/` that exports a `STEP`, and two lines in `steps/mod.rs`.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a mark of its own that a kind may have"
)]
pub struct StepDef {
    /// The kind's name, which is also the default name of a step.
    pub name: &'static str,
    /// What the kind does, in one line.
    pub about: &'static str,
    /// The steps that must be done before, unless the policy names others.
    pub(super) needs: &'static [&'static str],
    /// Whether it shows work to others, so that a broken policy stops it.
    pub(super) ships: bool,
    /// Whether it runs after a failure that stops the run.
    pub(super) always: bool,
    /// Whether it waits for something even when there is neither a platform nor work to ship.
    pub(super) waits: bool,
    /// Whether it watches its own progress, so that `limits.step-timeout` is not for it.
    pub(super) times_itself: bool,
    read: fn(&StepTable) -> Result<Box<dyn Step>, PolicyError>,
    schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
    defaults: fn() -> Value,
    classes: &'static [(&'static str, KeyClass)],
    read_text: Option<ReadText>,
}

/// How the settings of a text step are read.
type ReadText = fn(&StepTable) -> Result<Box<dyn TextStep>, PolicyError>;

impl StepDef {
    /// Declares the kind `name` with the settings and work of `S`.
    pub const fn of<S>(name: &'static str, about: &'static str) -> Self
    where
        S: Step + Classed + Default + DeserializeOwned + Serialize + JsonSchema + 'static,
    {
        Self {
            name,
            about,
            needs: &[],
            ships: false,
            always: false,
            waits: true,
            times_itself: false,
            read: |table| Ok(Box::new(table.read::<S>()?)),
            schema: |generator| generator.subschema_for::<S>(),
            defaults: || serde_json::to_value(S::default()).unwrap_or_default(),
            classes: S::CLASSES,
            read_text: None,
        }
    }

    /// Declares the kind `name` like [`of`](Self::of), for a step that makes one text of another.
    pub const fn of_text<S>(name: &'static str, about: &'static str) -> Self
    where
        S: Step
            + TextStep
            + Classed
            + Default
            + DeserializeOwned
            + Serialize
            + JsonSchema
            + 'static,
    {
        let mut def = Self::of::<S>(name, about);
        def.waits = false;
        def.read_text = Some(|table| Ok(Box::new(table.read::<S>()?)));
        def
    }

    /// Names the steps that must be done before, unless the policy names others.
    #[must_use]
    pub const fn needs(mut self, steps: &'static [&'static str]) -> Self {
        self.needs = steps;
        self
    }

    /// Marks a kind that shows work to others or runs programs: it does not run when the policy
    /// of the system or the user is broken.
    #[must_use]
    pub const fn ships(mut self) -> Self {
        self.ships = true;
        self
    }

    /// Marks a kind that runs also after a failure with `on-error = "stop"`.
    #[must_use]
    pub const fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// Marks a kind that waits for the platform, the remote or the forge and for nothing else: a run of
    /// such steps that has none of these to ask needs no runtime, which is most of what it would cost.
    #[must_use]
    pub const fn waits_for_servers_only(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Marks a kind that watches its own progress: only a `timeout` of its own limits it, and the
    /// run's deadline.
    #[must_use]
    pub const fn no_step_timeout(mut self) -> Self {
        self.times_itself = true;
        self
    }

    /// Reads the settings of a step of this kind.
    pub fn read(&self, table: &StepTable) -> Result<Box<dyn Step>, PolicyError> {
        (self.read)(table)
    }

    /// Reads the settings of a text step; nothing when steps of this kind are none.
    pub fn read_text(&self, table: &StepTable) -> Result<Option<Box<dyn TextStep>>, PolicyError> {
        self.read_text.map(|read| read(table)).transpose()
    }

    /// Returns the schema of the settings.
    pub fn schema(&self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        (self.schema)(generator)
    }

    /// Returns the settings when no layer says anything.
    pub fn defaults(&self) -> Value {
        (self.defaults)()
    }

    /// Returns the class of each own key, in kebab-case: who may set it.
    pub const fn classes(&self) -> &'static [(&'static str, KeyClass)] {
        self.classes
    }
}

impl Debug for StepDef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StepDef({})", self.name)
    }
}

impl Kind for StepDef {
    fn name(&self) -> &str {
        self.name
    }

    fn classes(&self) -> &'static [(&'static str, KeyClass)] {
        self.classes
    }

    fn check(&self, table: &StepTable) -> Result<(), PolicyError> {
        self.read(table).map(drop)
    }
}
