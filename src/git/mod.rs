//! Facts about the repository, through gitoxide, and the native push. Blocking; no git program.

pub mod credentials;
pub mod push;

use gix::ObjectId;

use crate::names::{RemoteName, RemoteUrl};

/// A repository, opened with reduced trust.
#[derive(Debug, Clone)]
pub struct Repo {}

/// Where a branch is pushed to.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The remote's name.
    pub name: RemoteName,
    /// Its push URL, rewritten only by system and global configuration.
    pub url: RemoteUrl,
}

/// A commit's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The commit.
    pub id: ObjectId,
    /// The first paragraph of the message, on one line.
    pub subject: String,
    /// The rest of the message, without the blank line.
    pub body: String,
    /// The author's name.
    pub author: String,
}
