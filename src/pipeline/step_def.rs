//! `StepDef`: the definition of one kind of step.

use std::fmt::Debug;
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::policy::{Classed, KeyClass, Kind, PolicyError, StepTable};
use crate::template::Template;

use super::step::{Step, TextStep};

/// One kind of step: its name, how its settings are read, their schema and their classes.
///
/// To add one, write a file in `steps/` that exports a `STEP`, and add two lines to `steps/mod.rs`.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent property of a kind"
)]
pub struct StepDef {
    /// The kind's name, which is also the default name of a step.
    pub name: &'static str,
    /// What the kind does, in one line.
    pub about: &'static str,
    /// The steps that must be done first, unless the policy names others.
    pub(super) needs: &'static [&'static str],
    /// Whether it publishes work, so that an invalid policy stops it.
    pub(super) ships: bool,
    /// The service without which it does nothing.
    pub(super) service: Option<Service>,
    /// Whether it can learn a password of the remote's.
    pub(super) learns_login: bool,
    /// The default timeout of the kind.
    pub(super) timeout: Option<Duration>,
    /// Whether it runs after a failure that stops the run.
    pub(super) always: bool,
    /// Whether it waits for something even when there is neither a platform nor work to ship.
    pub(super) waits: bool,
    /// Whether it has an idle timeout of its own, so that `limits.step-timeout` does not apply.
    pub(super) times_itself: bool,
    /// How it is retried after a transient failure.
    pub(super) retry: Retry,
    read: fn(&StepTable) -> Result<Box<dyn Step>, PolicyError>,
    schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
    classes: &'static [(&'static str, KeyClass)],
    read_text: Option<ReadText>,
}

/// A service that a step cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The agents' platform.
    Platform,
    /// The remote that the branch is pushed to.
    Remote,
    /// The forge, which shows the pushed branch.
    Forge,
}

/// How a step is retried after a transient failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It is not retried.
    Never,
    /// Its branch is queued, and the step runs again for the branch's state at that time.
    Branch,
    /// Its message is in the outbox. If the step could not start, its run is deferred, because the message reports an event.
    Message,
    /// Its message is in the outbox. If the step could not start, it is not retried: a newer message replaces it.
    NewestMessage,
}

/// How the settings of a text step are read.
type ReadText = fn(&StepTable) -> Result<Box<dyn TextStep>, PolicyError>;

impl StepDef {
    /// Declares the kind `name` with the settings and work of `S`.
    pub const fn of<S>(name: &'static str, about: &'static str) -> Self
    where
        S: Step + Classed + DeserializeOwned + JsonSchema + 'static,
    {
        Self {
            name,
            about,
            needs: &[],
            ships: false,
            service: None,
            learns_login: false,
            timeout: None,
            always: false,
            waits: true,
            times_itself: false,
            retry: Retry::Never,
            read: |table| Ok(Box::new(table.read::<S>()?)),
            schema: |generator| generator.subschema_for::<S>(),
            classes: S::CLASSES,
            read_text: None,
        }
    }

    /// Declares the kind `name` like [`of`](Self::of), for a text step.
    pub const fn of_text<S>(name: &'static str, about: &'static str) -> Self
    where
        S: Step + TextStep + Classed + DeserializeOwned + JsonSchema + 'static,
    {
        let mut def = Self::of::<S>(name, about);
        def.waits = false;
        def.read_text = Some(|table| Ok(Box::new(table.read::<S>()?)));
        def
    }

    /// Names the steps that must be done first, unless the policy names others.
    #[must_use]
    pub const fn needs(mut self, steps: &'static [&'static str]) -> Self {
        self.needs = steps;
        self
    }

    /// Marks a kind that publishes work or runs programs: it does not run when the policy of the
    /// system or the user is invalid.
    #[must_use]
    pub const fn ships(mut self) -> Self {
        self.ships = true;
        self
    }

    /// Names the service without which steps of this kind do nothing.
    ///
    /// A run whose steps all lack their service needs no runtime, which would be most of its cost. Steps that use the
    /// remote or the forge publish work, so the repository's guards and limits apply to them.
    #[must_use]
    pub const fn asks(mut self, service: Service) -> Self {
        self.service = Some(service);
        self.waits = false;
        self.ships = self.ships || !matches!(service, Service::Platform);
        self
    }

    /// Marks a kind that can learn a password of the remote's. Texts of other steps in its group are sent only after
    /// [`Logins::settle`](super::Logins::settle).
    #[must_use]
    pub const fn learns_login(mut self) -> Self {
        self.learns_login = true;
        self
    }

    /// Sets the default timeout of the kind, in place of `limits.step-timeout`.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Marks a kind that runs also after a failure with `on-error = "stop"`.
    #[must_use]
    pub const fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// Marks a kind with an idle timeout of its own: only its own `timeout` and the run's deadline
    /// limit it.
    #[must_use]
    pub const fn no_step_timeout(mut self) -> Self {
        self.times_itself = true;
        self
    }

    /// Sets how steps of this kind are retried after a transient failure.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Reads the settings of a step of this kind.
    pub fn read(&self, table: &StepTable) -> Result<Box<dyn Step>, PolicyError> {
        (self.read)(table)
    }

    /// Says whether this is a kind of text step.
    pub const fn makes_text(&self) -> bool {
        self.read_text.is_some()
    }

    /// Reads the settings of a text step; `None` when this is not a kind of text step.
    pub fn read_text(&self, table: &StepTable) -> Result<Option<Box<dyn TextStep>>, PolicyError> {
        self.read_text.map(|read| read(table)).transpose()
    }

    /// Returns the schema of the settings.
    pub fn schema(&self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        (self.schema)(generator)
    }

    /// Returns the keys whose values are templates, or contain some.
    pub fn template_keys(&self) -> Vec<String> {
        let mut generator = schemars::SchemaGenerator::default();
        let schema = self.schema(&mut generator).to_value();
        let definitions = generator.take_definitions(true);
        let properties = definition(&schema, &definitions).get("properties");
        let keys = properties.and_then(Value::as_object).into_iter().flatten();
        keys.filter(|(_, schema)| holds_template(schema, &definitions))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Returns the service without which steps of this kind do nothing.
    pub const fn service(&self) -> Option<Service> {
        self.service
    }

    /// Returns the class of each key of the kind, in kebab-case.
    pub const fn classes(&self) -> &'static [(&'static str, KeyClass)] {
        self.classes
    }
}

/// Follows a reference of a schema.
fn definition<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str);
    let name = name.and_then(|name| name.rsplit('/').next());
    name.and_then(|name| definitions.get(name))
        .unwrap_or(schema)
}

/// Says whether the values of a schema are templates or contain some.
fn holds_template(schema: &Value, definitions: &Map<String, Value>) -> bool {
    let schema = definition(schema, definitions);
    let any = schema.get("anyOf").and_then(Value::as_array);
    schema
        .get("format")
        .is_some_and(|format| format == Template::FORMAT)
        || any.is_some_and(|any| any.iter().any(|one| holds_template(one, definitions)))
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

    fn ships_branch(&self) -> bool {
        matches!(self.service, Some(Service::Remote | Service::Forge))
    }

    fn needs_trust(&self) -> bool {
        // A kind that publishes work without one of these services runs what its settings say, such as a program.
        self.ships && self.service.is_none()
    }

    fn check(&self, table: &StepTable) -> Result<(), PolicyError> {
        self.read(table).map(drop)
    }
}
