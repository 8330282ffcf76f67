//! `PolicyFile`: all keys of a policy file.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::branches::{Branches, Rule};
use super::class::{Classed, KeyClass};
use super::connections::{Forge, Git, Http, Platform, Remotes};
use super::environment::Environment;
use super::events::{EventRule, Events};
use super::guard::Guard;
use super::limits::Limits;
use super::network::Network;
use super::pipelines::Pipelines;
use super::requirement::Requirement;
use super::schedules::Schedule;
use super::serve::Serve;
use super::store::Store;
use super::trust::Trust;

/// All keys of a policy file. Each has a default.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PolicyFile {
    /// The oldest version of sendoff that can read the file, such as `>=0.1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires: Option<Requirement>,
    /// Keys or tables that no other layer sets, such as `steps.push` or `remotes.allowed`; what another one says of them is left out and reported. `branches.protected` still grows. System policy only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lock: Vec<String>,
    /// Protected branches, and the base of pull requests.
    pub branches: Branches,
    /// Limits of time and size.
    pub limits: Limits,
    /// What a branch may bring to the remote.
    pub guard: Guard,
    /// The pipelines: lists of steps by name. The steps of a nested list start together.
    pub pipelines: Pipelines,
    /// The settings of each step, by its name.
    pub steps: Steps,
    /// The forge with the pull requests.
    pub forge: Forge,
    /// The agents' platform.
    pub platform: Platform,
    /// The remotes that are allowed.
    pub remotes: Remotes,
    /// The origins for steps that use `http`.
    pub http: Http,
    /// How git's configuration is used.
    pub git: Git,
    /// How far the environment is trusted.
    pub environment: Environment,
    /// What counts as trusted on every machine of a fleet.
    pub trust: Trust,
    /// How servers are reached.
    pub network: Network,
    /// How much is kept, and for how long.
    pub store: Store,
    /// The server for webhooks, `sendoff serve`.
    pub serve: Serve,
    /// Webhooks: the secrets of those who may send them, and the rules by which they fire schedules.
    pub events: Events,
    /// What runs when its time comes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<Schedule>,
}

crate::classes!(PolicyFile {
    requires: A,
    lock: D,
    branches: A,
    limits: ADown,
    guard: A,
    pipelines: B,
    steps: A,
    forge: D,
    platform: D,
    remotes: D,
    http: D,
    git: D,
    environment: D,
    trust: D,
    network: D,
    store: D,
    serve: D,
    events: D,
    schedules: D,
});

/// The classes of each table's keys, by the table's dotted name; `""` is the file itself.
pub const TABLE_CLASSES: &[(&str, &[(&str, KeyClass)])] = &[
    ("", PolicyFile::CLASSES),
    ("branches", Branches::CLASSES),
    ("branches.rule", Rule::CLASSES),
    ("limits", Limits::CLASSES),
    ("guard", Guard::CLASSES),
    ("forge", Forge::CLASSES),
    ("platform", Platform::CLASSES),
    ("remotes", Remotes::CLASSES),
    ("http", Http::CLASSES),
    ("git", Git::CLASSES),
    ("environment", Environment::CLASSES),
    ("trust", Trust::CLASSES),
    ("network", Network::CLASSES),
    ("store", Store::CLASSES),
    ("serve", Serve::CLASSES),
    ("events", Events::CLASSES),
    ("events.rule", EventRule::CLASSES),
    ("schedules", Schedule::CLASSES),
];

/// Returns the schema of a policy file, without the kinds of steps.
pub fn file_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    PolicyFile::json_schema(generator)
}

/// The step tables. `StepTable` and each kind read their keys.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub(super) struct Steps {}

impl<'de> Deserialize<'de> for Steps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Steps;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Steps, A::Error> {
                while map.next_entry::<IgnoredAny, OneStep>()?.is_some() {}
                Ok(Steps {})
            }
        }

        deserializer.deserialize_map(Names)
    }
}

/// One step's table, skipped.
struct OneStep;

impl<'de> Deserialize<'de> for OneStep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = OneStep;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<OneStep, A::Error> {
                Ok(OneStep)
            }
        }

        deserializer.deserialize_map(Keys)
    }
}
