//! Checked names: a value of these types cannot be wrong, so nobody checks it again.

mod branch;
mod name_pattern;
mod origin;
mod remote;
mod remote_url;
mod run_id;
mod text;
mod visible;

pub use branch::{BranchName, BranchNameError, OddName, fold};
pub use name_pattern::NamePattern;
pub use origin::Origin;
pub use remote::{RemoteName, RemoteNameError};
pub use remote_url::{RemoteUrl, RemoteUrlError, RepositoryName, Scheme};
pub use run_id::RunId;
pub use sendoff_push::shell_word;
