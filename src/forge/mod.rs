//! Pull requests. To add a forge: a file here that exports a `FORGE`, and two lines below.

mod block;
mod body;
mod error;
mod github;
mod protection;
mod pull_request;
mod root_entry;

use std::fmt::Debug;

use async_trait::async_trait;
use jiff::SignedDuration;
use secrecy::SecretString;

use crate::http::Client;
use crate::names::{BranchName, RemoteUrl, RepositoryName};

pub use block::{Block, BlockState, FoundBlock, WholeBlock, find_block};
pub use body::Body;
pub use error::{ForgeError, ForgeErrorClass};
pub use protection::Protection;
pub use pull_request::{
    Closed, EndedPullRequest, Head, NewPullRequest, Opened, PullRequest, PullRequests, Readiness,
};
pub use root_entry::RootEntry;

/// Every forge that sendoff knows, in the order in which a URL is tried.
pub const FORGES: &[ForgeDef] = &[github::FORGE];

/// A repository on a forge, for its pull requests.
///
/// The contract that `tests/it/forge/contract.rs` holds every forge to: opening twice gives one
/// pull request, a namesake in another fork is not ours, what the forge calls "already exists" is
/// found, "nothing between" is [`Opened::NothingToDo`].
#[async_trait(?Send)]
pub trait Forge: Debug {
    /// Returns the open pull request of this head, into `base` when one is named.
    async fn find(
        &self,
        head: &Head,
        base: Option<&BranchName>,
    ) -> Result<Option<PullRequest>, ForgeError>;

    /// Returns the open pull request of this head, into `base` when one is named, or those that ended last.
    async fn list(
        &self,
        head: &Head,
        base: Option<&BranchName>,
    ) -> Result<PullRequests, ForgeError>;

    /// Opens a pull request, or finds the one that exists.
    ///
    /// Labels, reviewers and assignees are best effort: what failed is in [`PullRequest::warnings`].
    async fn open(&self, request: &NewPullRequest) -> Result<Opened, ForgeError>;

    /// Brings the block of an open pull request's body up to date, and leaves everything around it as it is.
    async fn keep_block(&self, pull: &PullRequest, block: &Block)
    -> Result<BlockState, ForgeError>;

    /// Makes a draft ready for review.
    async fn mark_ready(&self, pull: &PullRequest) -> Result<(), ForgeError>;

    /// Closes a pull request without merging it. One that is closed or merged already stays as it is.
    async fn close(&self, number: u64) -> Result<Closed, ForgeError>;

    /// Returns the name of the repository's default branch.
    async fn default_branch(&self) -> Result<BranchName, ForgeError>;

    /// Asks what the token may do in the repository.
    async fn access(&self) -> Result<Access, ForgeError>;

    /// Returns the name of the default branch of another repository, such as a fork of this one.
    async fn default_branch_of(
        &self,
        repository: &RepositoryName,
    ) -> Result<BranchName, ForgeError>;

    /// Returns how the forge says that it protects a branch of a repository; `None` where it says that it does not, or has no
    /// such branch.
    async fn protection(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<Protection>, ForgeError>;

    /// Returns the entry of a name in the root tree of a commit, by the commit's id.
    async fn root_entry(
        &self,
        repository: &RepositoryName,
        commit: &str,
        name: &str,
    ) -> Result<RootEntry, ForgeError>;

    /// Returns the content of a file of a repository by its object id. The content is not compared with the id.
    async fn file_content(
        &self,
        repository: &RepositoryName,
        id: &str,
    ) -> Result<Vec<u8>, ForgeError>;
}

/// How the forge takes a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// What it may do, such as `pull` and `push`; `None` where the forge does not say.
    pub permissions: Option<Vec<String>>,
    /// How far the forge's clock is ahead of ours, where it sends its time.
    pub clock_ahead: Option<SignedDuration>,
}

/// The parameters of a connection to one repository on a forge.
#[derive(Debug)]
pub struct Connection {
    /// The HTTP client.
    pub client: Client,
    /// The base of the API when the policy names one, such as `https://ghe.example/api/v3`.
    pub api_url: Option<url::Url>,
    /// The push URL; its host names the forge when no `api_url` does.
    pub remote: RemoteUrl,
    /// Owner and name of the repository that pull requests are opened in.
    pub repository: RepositoryName,
    /// The token, which belongs to the API's origin.
    pub token: SecretString,
}

/// One kind of forge.
#[derive(Debug, Clone, Copy)]
pub struct ForgeDef {
    /// The name in `forge.kind`.
    pub name: &'static str,
    /// Says whether a remote is on this forge by its host alone.
    pub recognises: fn(&RemoteUrl) -> bool,
    /// The variables that hold a token, and the one host that each is for; `*.` matches one label.
    pub token_variables: &'static [(&'static str, &'static str)],
    /// Returns the API's base URL for a remote of this forge.
    pub api_url: fn(&RemoteUrl) -> Option<url::Url>,
    /// Connects. Makes no request.
    pub connect: fn(Connection) -> Result<Box<dyn Forge>, ForgeError>,
}
