//! Facts about the repository, through gitoxide, and the transports of the native push. Blocking; no git program.

mod alternates;
mod base_branch;
mod changed_files;
mod commit;
mod committed;
mod config;
pub mod credentials;
mod directories;
mod discover;
mod discovery_limits;
mod exec_path;
mod fetched;
mod head;
mod hooks;
mod ignored_keys;
mod lead;
mod leads;
mod network;
mod object_directories;
mod open;
mod open_error;
mod operation;
mod pr_template;
pub mod push;
mod range;
mod reflog;
mod refs;
mod refspec;
mod refused_values;
mod remote;
mod submodule;
mod temporary_objects;
mod tracking;
pub mod transport;
mod uncommitted;
mod upstream;
mod url_match;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

pub use changed_files::ChangedFiles;
pub use commit::Commit;
pub use committed::{CommittedFile, NotHere};
pub use config::{
    Config, ConfigFiles, ConfigLine, ConfigVariableError, Matching, config_lines, is_false, is_true,
};
pub use exec_path::program_inheritance;
pub use head::{Head, HeadError};
pub use hooks::{Hook, HooksPlace, PrePush};
pub use lead::{Lead, Leading, Leads};
pub use network::{GitNetwork, NetworkRules, NetworkState, unheeded};
pub use open_error::{LocalConfigTrust, OpenError};
pub use operation::Operation;
pub use pr_template::PrTemplate;
pub use range::{Ahead, RangeError};
pub use refs::{RefError, RefProblem};
pub use refused_values::refused_values;
pub use remote::{Remote, RemoteError};
pub use uncommitted::Uncommitted;
pub use upstream::UpstreamError;

/// A repository, opened with reduced trust. Cheap to clone, and safe to share between threads.
#[derive(Clone)]
pub struct Repo {
    refs: gix::refs::file::Store,
    object_hash: gix::hash::Kind,
    config: Arc<Config>,
    paths: Arc<discover::RepoPaths>,
    /// What of it leads elsewhere, and is trusted.
    leads: Arc<Leads>,
    /// What the configuration was read from: a submodule is read with the same.
    files: Arc<ConfigFiles>,
    /// The object directories that the environment names.
    objects: Arc<object_directories::ObjectDirectories>,
    /// Opened when an object is read for the first time: refs alone mostly say whether there is
    /// anything to do.
    opened: Arc<OnceLock<gix::ThreadSafeRepository>>,
    /// Ends walks through the history and through trees.
    stop: Arc<AtomicBool>,
}

impl std::fmt::Debug for Repo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Repo({})", self.git_dir().display())
    }
}
