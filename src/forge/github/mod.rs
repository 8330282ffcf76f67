//! GitHub, its data-residency hosts and GitHub Enterprise Server.

mod api;
mod current;
mod errors;
mod form;
mod list;
mod location;
mod objects;
mod open;
mod protection;
mod refusal;
mod refused_for;
mod request;
mod text;
mod token_refused;

use std::collections::BTreeMap;

use async_trait::async_trait;
use tokio::sync::OnceCell;
use url::Url;

use crate::http::{Client, HttpErrorClass, Request, Response, Token};
use crate::names::{BranchName, Origin, RepositoryName};

use super::{
    Access, Block, BlockState, Closed, Connection, Forge, ForgeDef, ForgeError, ForgeErrorClass,
    Head, NewPullRequest, Opened, Protection, PullRequest, PullRequests, RootEntry,
};

use api::{Close, RepositoryDetails, State};

/// GitHub.
pub(super) const FORGE: ForgeDef = ForgeDef {
    name: "github",
    recognises: location::recognises,
    token_variables: &[
        ("GH_TOKEN", "github.com"),
        ("GITHUB_TOKEN", "github.com"),
        ("GH_TOKEN", "*.ghe.com"),
        ("GITHUB_TOKEN", "*.ghe.com"),
    ],
    api_url: location::api_url,
    connect,
};

/// One repository on GitHub.
#[derive(Debug)]
struct GitHub {
    client: Client,
    api: Url,
    repository: RepositoryName,
    token: Token,
    /// The repository's id, asked for when the forge says that it has moved.
    id: OnceCell<Option<u64>>,
}

fn connect(connection: Connection) -> Result<Box<dyn Forge>, ForgeError> {
    let unusable =
        |what: String| ForgeError::new(ForgeErrorClass::Http(HttpErrorClass::Unusable), what);
    let mut api = connection
        .api_url
        .or_else(|| location::api_url(&connection.remote))
        .ok_or_else(|| unusable("the remote names no host whose API could be asked".to_owned()))?;
    let RepositoryName { owner, name } = &connection.repository;
    if [owner, name].iter().any(|part| !is_path_part(part)) {
        return Err(unusable(format!(
            "`{}/{}` cannot be a repository on GitHub",
            text::line(owner),
            text::line(name)
        )));
    }
    let origin = Origin::of(&api)
        .filter(|_| api.username().is_empty() && api.password().is_none())
        .ok_or_else(|| unusable("the URL of the API is not plain http or https".to_owned()))?;
    api.set_query(None);
    api.set_fragment(None);
    Ok(Box::new(GitHub {
        client: connection.client,
        token: Token::bearer(origin, connection.token),
        api,
        repository: connection.repository,
        id: OnceCell::new(),
    }))
}

/// Says whether `part` can stand alone between two slashes: a dot segment would climb.
fn is_path_part(part: &str) -> bool {
    !part.is_empty() && part != "." && part != ".."
}

#[async_trait(?Send)]
impl Forge for GitHub {
    async fn find(
        &self,
        head: &Head,
        base: Option<&BranchName>,
    ) -> Result<Option<PullRequest>, ForgeError> {
        let ours = self
            .first_listed(head, base, |pull| pull.is_of(head, base, &self.repository))
            .await?;
        ours.map(|pull| self.pull_request(&pull)).transpose()
    }

    async fn list(
        &self,
        head: &Head,
        base: Option<&BranchName>,
    ) -> Result<PullRequests, ForgeError> {
        self.list_pulls(head, base).await
    }

    async fn open(&self, request: &NewPullRequest) -> Result<Opened, ForgeError> {
        self.open_or_find(request).await
    }

    async fn keep_block(
        &self,
        pull: &PullRequest,
        block: &Block,
    ) -> Result<BlockState, ForgeError> {
        self.write_block(pull, block).await
    }

    async fn mark_ready(&self, pull: &PullRequest) -> Result<(), ForgeError> {
        self.leave_draft(pull).await
    }

    async fn close(&self, number: u64) -> Result<Closed, ForgeError> {
        let url = self.url(&["pulls", &number.to_string()])?;
        let state = |response: &Response| response.json::<State>().map_err(ForgeError::from);
        let now = state(&self.get(url.clone()).await?)?;
        if now.is_merged() {
            return Ok(Closed::Merged);
        }
        if now.state == "closed" {
            return Ok(Closed::Closed);
        }
        let response = self.send(Request::patch(url, &Close { state: "closed" })?);
        let after = state(&response.await?)?;
        Ok(if after.is_merged() {
            Closed::Merged
        } else {
            Closed::Closed
        })
    }

    async fn default_branch(&self) -> Result<BranchName, ForgeError> {
        self.default_branch_of(&self.repository).await
    }

    async fn default_branch_of(
        &self,
        repository: &RepositoryName,
    ) -> Result<BranchName, ForgeError> {
        let response = self.get(self.url_of(repository, &[])?).await?;
        let details: RepositoryDetails = response.json()?;
        BranchName::new(details.default_branch)
            .map_err(|_| response.bad("a repository with a default branch").into())
    }

    async fn protection(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<Protection>, ForgeError> {
        self.protection_of(repository, branch).await
    }

    async fn root_entry(
        &self,
        repository: &RepositoryName,
        commit: &str,
        name: &str,
    ) -> Result<RootEntry, ForgeError> {
        self.root_entry_of(repository, commit, name).await
    }

    async fn file_content(
        &self,
        repository: &RepositoryName,
        id: &str,
    ) -> Result<Vec<u8>, ForgeError> {
        self.file_bytes(repository, id).await
    }

    async fn access(&self) -> Result<Access, ForgeError> {
        let response = self.get(self.url(&[])?).await?;
        let details: RepositoryDetails = response.json()?;
        let granted = |permissions: BTreeMap<String, bool>| {
            let granted = permissions.into_iter().filter(|(_, granted)| *granted);
            granted.map(|(name, _)| name).collect()
        };
        Ok(Access {
            permissions: details.permissions.map(granted),
            clock_ahead: response.clock_ahead(),
        })
    }
}
