//! A forge client that takes the next token when the forge rejects the current one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::forge::{
    Access, Block, BlockState, Closed, Forge, ForgeError, Head, NewPullRequest, Opened, Protection,
    PullRequest, PullRequests, RootEntry,
};
use crate::git::credentials::{LoginSource, Sources};
use crate::names::{BranchName, RepositoryName};
use crate::pipeline::interruptible;

/// Connects to the forge with a token.
pub(super) type Connect = Box<dyn Fn(SecretString) -> Result<Box<dyn Forge>, ForgeError>>;

/// A forge, and the tokens that were not tried yet.
pub(super) struct ForgeWithTokens {
    connect: Connect,
    sources: Mutex<Sources>,
    forge: RefCell<Rc<dyn Forge>>,
    source: RefCell<LoginSource>,
    /// How often another token was taken.
    taken: Cell<u32>,
}

impl std::fmt::Debug for ForgeWithTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForgeWithTokens")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl ForgeWithTokens {
    /// Begins with a connection whose token comes from `source`; `sources` has the others.
    pub(super) fn new(
        connect: Connect,
        forge: Box<dyn Forge>,
        source: LoginSource,
        sources: Sources,
    ) -> Self {
        Self {
            connect,
            sources: Mutex::new(sources),
            forge: RefCell::new(forge.into()),
            source: RefCell::new(source),
            taken: Cell::new(0),
        }
    }

    /// Takes the next token after `error`, unless another request did so since `before`. When there is no other
    /// token, returns the error with the source of the rejected one.
    async fn renew(&self, before: u32, error: ForgeError) -> Result<(), ForgeError> {
        if !error.is_bad_token() {
            return Err(error);
        }
        let mut sources = self.sources.lock().await;
        if self.taken.get() != before {
            return Ok(());
        }
        let mut asked = sources.clone();
        let found = interruptible(move |_| {
            let found = asked.kept();
            (found, asked)
        })
        .await;
        let named = |error: ForgeError| {
            error.of_token(
                &self.source.borrow().to_string(),
                &self.source.borrow().renewal(),
            )
        };
        let Ok((found, asked)) = found else {
            return Err(named(error));
        };
        *sources = asked;
        let found = found.ok().flatten();
        let found = found.and_then(|found| Some((found.token()?, found.source)));
        let Some((token, source)) = found else {
            return Err(named(error));
        };
        *self.forge.borrow_mut() = (self.connect)(token)?.into();
        *self.source.borrow_mut() = source;
        self.taken.set(before + 1);
        Ok(())
    }

    /// Sends a request to the forge, and once more with each further token while the forge rejects the current one: a
    /// request with a rejected token has had no effect.
    async fn with_token<T>(
        &self,
        ask: impl AsyncFn(&dyn Forge) -> Result<T, ForgeError>,
    ) -> Result<T, ForgeError> {
        loop {
            let (forge, taken) = (Rc::clone(&self.forge.borrow()), self.taken.get());
            match ask(&*forge).await {
                Err(error) => self.renew(taken, error).await?,
                answer => return answer,
            }
        }
    }
}

#[async_trait(?Send)]
impl Forge for ForgeWithTokens {
    async fn find(
        &self,
        head: &Head,
        base: Option<&BranchName>,
    ) -> Result<Option<PullRequest>, ForgeError> {
        self.with_token(async |forge| forge.find(head, base).await)
            .await
    }

    async fn list(
        &self,
        head: &Head,
        base: Option<&BranchName>,
    ) -> Result<PullRequests, ForgeError> {
        self.with_token(async |forge| forge.list(head, base).await)
            .await
    }

    async fn open(&self, request: &NewPullRequest) -> Result<Opened, ForgeError> {
        self.with_token(async |forge| forge.open(request).await)
            .await
    }

    async fn keep_block(
        &self,
        pull: &PullRequest,
        block: &Block,
    ) -> Result<BlockState, ForgeError> {
        self.with_token(async |forge| forge.keep_block(pull, block).await)
            .await
    }

    async fn mark_ready(&self, pull: &PullRequest) -> Result<(), ForgeError> {
        self.with_token(async |forge| forge.mark_ready(pull).await)
            .await
    }

    async fn close(&self, number: u64) -> Result<Closed, ForgeError> {
        self.with_token(async |forge| forge.close(number).await)
            .await
    }

    async fn default_branch(&self) -> Result<BranchName, ForgeError> {
        self.with_token(async |forge| forge.default_branch().await)
            .await
    }

    async fn access(&self) -> Result<Access, ForgeError> {
        self.with_token(async |forge| forge.access().await).await
    }

    async fn default_branch_of(
        &self,
        repository: &RepositoryName,
    ) -> Result<BranchName, ForgeError> {
        self.with_token(async |forge| forge.default_branch_of(repository).await)
            .await
    }

    async fn protection(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<Protection>, ForgeError> {
        self.with_token(async |forge| forge.protection(repository, branch).await)
            .await
    }

    async fn root_entry(
        &self,
        repository: &RepositoryName,
        commit: &str,
        name: &str,
    ) -> Result<RootEntry, ForgeError> {
        self.with_token(async |forge| forge.root_entry(repository, commit, name).await)
            .await
    }

    async fn file_content(
        &self,
        repository: &RepositoryName,
        id: &str,
    ) -> Result<Vec<u8>, ForgeError> {
        self.with_token(async |forge| forge.file_content(repository, id).await)
            .await
    }
}
