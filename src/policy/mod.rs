//! What may happen, and how: TOML layers, checked one by one, merged into a `Policy`.
//!
//! A layer is parsed into a tree with the place of every key (`node`), read by itself into the types
//! (`file`, `check`), and merged over the lower layers (`merge`). To add a key, add a field with a doc line
//! and a default to the table's type, and set its class.

mod branches;
mod check;
mod class;
mod connections;
mod discover;
mod duration;
mod environment;
mod error;
mod file;
mod guard;
mod judge;
mod kind;
mod layer;
mod layer_kind;
mod layers;
mod limits;
mod loaded;
mod merge;
mod merged;
mod network;
mod node;
mod pattern;
mod permit;
mod pipelines;
mod preset;
mod problem;
mod protection;
mod read;
mod read_error;
mod remote_choice;
mod repository;
mod requirement;
mod server_url;
mod set;
mod setting;
mod size;
mod source;
mod step_table;
mod store;
mod text;
mod trigger;

pub use branches::{Base, Branches, Draft, Rule};
pub use class::{Classed, KeyClass, class_of};
pub use connections::{Forge, ForgeKind, Git, Http, LocalConfig, Platform, Remotes};
pub use discover::{MAX_REPOSITORY_FILE_SIZE, Places, REPOSITORY_FILE, RepositoryFile};
pub use duration::{DurationError, PolicyDuration};
pub use environment::{Environment, EnvironmentTrust};
pub use error::{PolicyError, in_order, nearest};
pub use file::{TABLE_CLASSES, file_schema};
pub use guard::{Finding, Guard, PrivateCommits};
pub use judge::Until;
pub use kind::Kind;
pub use layer_kind::LayerKind;
pub use layers::Layers;
pub use limits::{Count, CountError, Limits};
pub use loaded::Loaded;
pub use merged::Policy;
pub use network::Network;
pub use pattern::{Pattern, PatternError};
pub use permit::{Protected, PushPermit, Refused, RemoteFacts, RemoteHead, RewindPermit};
pub use pipelines::{PipelineTable, StepRef};
pub use preset::{PRESETS, Preset, preset};
pub use problem::PolicyProblem;
pub use remote_choice::RemoteChoice;
pub use repository::{Carried, LeftOut, for_repository};
pub use server_url::{ServerUrl, ServerUrlError};
pub use setting::Setting;
pub use size::{Size, SizeError};
pub use step_table::{OnError, SHARED_KEYS, StepSettings, StepTable, StepText};
pub use store::Store;
pub use trigger::{Trigger, UnknownTrigger};
