//! The pull requests that GitHub lists for a branch.

use url::Url;

use crate::forge::{
    Closed, EndedPullRequest, Forge as _, ForgeError, ForgeErrorClass, Head, PullRequest,
    PullRequests, Readiness,
};
use crate::http::HttpErrorClass;
use crate::names::BranchName;

use super::GitHub;
use super::api::Listed;
use super::location::{self, next_page};

/// The most pages of open pull requests that are read.
const MAX_PAGES: usize = 10;
/// How many pull requests a page has at most.
const PAGE_SIZE: usize = 100;
/// How many are listed to find the open one, or those that ended last.
const SHORT_LIST_SIZE: usize = 10;

impl GitHub {
    /// Returns the open pull request of this head, or those that ended last.
    pub(super) async fn list_pulls(
        &self,
        head: &Head,
        base: Option<&BranchName>,
    ) -> Result<PullRequests, ForgeError> {
        let url = self.list_url(head, base, "all", SHORT_LIST_SIZE)?;
        let listed: Vec<Listed> = self.get(url).await?.json()?;
        let is_ours = |pull: &&Listed| pull.is_of(head, base, &self.repository);
        if let Some(open) = listed.iter().find(is_ours) {
            return Ok(PullRequests {
                open: Some(self.pull_request(open)?),
                ended: Vec::new(),
            });
        }
        // The open one can be older than those that were shown.
        let open = match listed.len() {
            SHORT_LIST_SIZE.. => self.find(head, base).await?,
            _ => None,
        };
        let was_ours = |pull: &&Listed| pull.was_of(head, base, &self.repository);
        let ended = match open {
            Some(_) => Vec::new(),
            None => listed
                .iter()
                .filter(was_ours)
                .map(|pull| self.ended(pull))
                .collect(),
        };
        Ok(PullRequests { open, ended })
    }

    /// Returns the first open pull request that the forge lists for this head, into `base` when one
    /// is named, and that `wanted` takes.
    pub(super) async fn first_listed(
        &self,
        head: &Head,
        base: Option<&BranchName>,
        mut wanted: impl FnMut(&Listed) -> bool,
    ) -> Result<Option<Listed>, ForgeError> {
        let mut url = self.list_url(head, base, "open", PAGE_SIZE)?;
        for _ in 0..MAX_PAGES {
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

    /// Returns where the pull requests of this head are listed, newest first.
    fn list_url(
        &self,
        head: &Head,
        base: Option<&BranchName>,
        state: &str,
        per_page: usize,
    ) -> Result<Url, ForgeError> {
        let mut url = self.url(&["pulls"])?;
        let mut query = url.query_pairs_mut();
        query.append_pair("state", state);
        // Without an owner GitHub ignores `head` and lists everything.
        query.append_pair("head", &format!("{}:{}", head.owner, head.branch));
        if let Some(base) = base {
            query.append_pair("base", base.as_str());
        }
        query.append_pair("per_page", &per_page.to_string());
        drop(query);
        Ok(url)
    }

    /// Makes ours of one that ended.
    fn ended(&self, pull: &Listed) -> EndedPullRequest {
        EndedPullRequest {
            number: pull.number,
            url: self.page(pull),
            how: match pull.merged_at {
                Some(_) => Closed::Merged,
                None => Closed::Closed,
            },
            head_sha: head_sha(pull),
        }
    }

    fn page(&self, pull: &Listed) -> String {
        location::page(
            pull.html_url.as_deref(),
            &self.api,
            &self.repository,
            pull.number,
        )
    }

    /// Makes ours of what the forge said, without trusting its link.
    pub(super) fn pull_request(&self, pull: &Listed) -> Result<PullRequest, ForgeError> {
        let base = BranchName::new(pull.base.name.as_str()).map_err(|_| {
            let message = "the pull request's base is not a branch name that git allows";
            ForgeError::new(ForgeErrorClass::Http(HttpErrorClass::BadResponse), message)
        })?;
        Ok(PullRequest {
            number: pull.number,
            url: self.page(pull),
            base,
            head_sha: head_sha(pull),
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

/// Returns the commit at the head of a pull request.
fn head_sha(pull: &Listed) -> Option<String> {
    let is_hex = |sha: &&String| {
        matches!(sha.len(), 40 | 64) && sha.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    pull.head.sha.as_ref().filter(is_hex).cloned()
}
