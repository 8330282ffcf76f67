//! GitHub, its data-residency hosts and GitHub Enterprise Server.

mod api;
mod current;
mod errors;
mod location;
mod open;
mod request;
mod text;

use std::collections::BTreeMap;

use async_trait::async_trait;
use reqwest::Url;
use tokio::sync::OnceCell;

use crate::http::{Client, HttpErrorClass, Request, Response, Token};
use crate::names::{BranchName, Origin, RepositoryName};

use super::{
    Block, BlockState, Closed, Connection, Forge, ForgeDef, ForgeError, ForgeErrorClass, Head,
    NewPullRequest, Opened, PullRequest, Readiness,
};

use api::{Close, Listed, RepositoryDetails, State};
use location::next_page;

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

/// The most pages of open pull requests that are read.
const PAGES: usize = 10;

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

    async fn permissions(&self) -> Result<Option<Vec<String>>, ForgeError> {
        let response = self.get(self.url(&[])?).await?;
        let details: RepositoryDetails = response.json()?;
        let granted = |permissions: BTreeMap<String, bool>| {
            let granted = permissions.into_iter().filter(|(_, granted)| *granted);
            granted.map(|(name, _)| name).collect()
        };
        Ok(details.permissions.map(granted))
    }
}

impl GitHub {
    /// Returns the first open pull request that the forge lists for this head, into `base` when one
    /// is named, and that `wanted` takes.
    async fn first_listed(
        &self,
        head: &Head,
        base: Option<&BranchName>,
        mut wanted: impl FnMut(&Listed) -> bool,
    ) -> Result<Option<Listed>, ForgeError> {
        let mut url = self.url(&["pulls"])?;
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("state", "open");
            // Without an owner GitHub ignores `head` and lists everything.
            query.append_pair("head", &format!("{}:{}", head.owner, head.branch));
            if let Some(base) = base {
                query.append_pair("base", base.as_str());
            }
            query.append_pair("per_page", "100");
        }
        for _ in 0..PAGES {
            let response = self.get(url).await?;
            let listed: Vec<Listed> = response.json()?;
            if let Some(pull) = listed.into_iter().find(&mut wanted) {
                return Ok(Some(pull));
            }
            match next_page(&response) {
                Some(next) => url = next,
                None => break,
            }
        }
        Ok(None)
    }

    /// Makes ours of what the forge said, without trusting its link.
    fn pull_request(&self, pull: &Listed) -> Result<PullRequest, ForgeError> {
        let base = BranchName::new(pull.base.name.as_str()).map_err(|_| {
            let message = "the pull request's base is not a branch name that git allows";
            ForgeError::new(ForgeErrorClass::Http(HttpErrorClass::BadResponse), message)
        })?;
        let is_hex = |sha: &&String| {
            matches!(sha.len(), 40 | 64) && sha.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        Ok(PullRequest {
            number: pull.number,
            url: location::page(
                pull.html_url.as_deref(),
                &self.api,
                &self.repository,
                pull.number,
            ),
            base,
            head_sha: pull.head.sha.as_ref().filter(is_hex).cloned(),
            body: pull.body.clone().unwrap_or_default(),
            readiness: if pull.draft == Some(true) {
                Readiness::Draft
            } else {
                Readiness::Ready
            },
            node_id: pull.node_id.clone(),
            warnings: Vec::new(),
        })
    }
}
