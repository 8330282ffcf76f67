//! The commits ahead of a base: how many, and their texts, oldest first.

use gix::ObjectId;
use sendoff_push::objects::{ObjectError, Reader, SelectError, ahead};

use super::Repo;
use super::commit::Commit;
use super::open_error::OpenError;

/// How many commits one question looks at. Histories beyond it are answered with `capped`.
const VISIT_LIMIT: usize = 2_000_000;

/// The commits that a tip has and its bases have not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// Their texts, oldest first: parents before children, else by commit date. Only the oldest when
    /// there are more than asked for.
    pub commits: Vec<Commit>,
    /// How many there are; a lower bound when the history is too long to be walked.
    pub total: usize,
    /// There are more than `commits` holds.
    pub truncated: bool,
}

/// Why the commits ahead cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum RangeError {
    /// A commit is not there, and the clone is not shallow at this place.
    #[error("the commit {0} is missing")]
    Missing(ObjectId),
    /// An object is damaged, or no commit.
    #[error("the object {0} is not a readable commit")]
    Corrupt(ObjectId),
    /// The object database cannot be read.
    #[error("the object {id} cannot be read")]
    Read {
        /// The object.
        id: ObjectId,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It is larger than is read at once.
    #[error("{0}")]
    TooLarge(Box<dyn std::error::Error + Send + Sync>),
    /// The repository cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The stop flag was set, because it took too long.
    #[error("looking at it took too long")]
    Stopped,
    /// The list of shallow commits or the commit-graph cannot be read.
    #[error("the repository's history cannot be read")]
    History(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<SelectError> for RangeError {
    fn from(error: SelectError) -> Self {
        match error {
            SelectError::Interrupted => Self::Stopped,
            SelectError::Object(ObjectError::Missing(id)) => Self::Missing(id),
            SelectError::Object(ObjectError::Corrupt(id)) => Self::Corrupt(id),
            SelectError::Object(ObjectError::Read { id, why }) => Self::Read {
                id,
                source: Box::new(why),
            },
            SelectError::Object(error @ ObjectError::TooLarge { .. }) => {
                Self::TooLarge(Box::new(error))
            }
            error => Self::History(Box::new(error)),
        }
    }
}

impl Repo {
    /// Returns the text of one commit.
    pub fn commit(&self, id: ObjectId) -> Result<Commit, RangeError> {
        let reader = Reader::new(&self.thread_local()?).map_err(SelectError::from)?;
        read(&reader, id)
    }

    /// Returns the commits that `tip` has and none of `bases` has, with the texts of at most `limit`.
    pub fn ahead(
        &self,
        tip: ObjectId,
        bases: &[ObjectId],
        limit: usize,
    ) -> Result<Ahead, RangeError> {
        if bases.contains(&tip) {
            return Ok(Ahead {
                commits: Vec::new(),
                total: 0,
                truncated: false,
            });
        }
        let repo = self.thread_local()?;
        let graph = commit_graph(&repo, self);
        let reader = Reader::new(&repo).map_err(SelectError::from)?;
        let (graph, stop) = (graph.as_ref(), &self.stop);
        let found = ahead(&repo, &reader, graph, tip, bases, VISIT_LIMIT, stop)?;
        let total = found.commits.len();
        let mut commits = Vec::with_capacity(limit.min(total));
        for id in found.commits.into_iter().take(limit) {
            commits.push(read(&reader, id)?);
        }
        Ok(Ahead {
            truncated: found.capped || commits.len() < total,
            commits,
            total,
        })
    }
}

/// Reads the text of a commit.
fn read(reader: &Reader, id: ObjectId) -> Result<Commit, RangeError> {
    let commit = reader.find(id).map_err(SelectError::from)?;
    let (_, text) = commit.ok_or(RangeError::Missing(id))?;
    Ok(Commit::parse(id, &text))
}

/// Opens the commit-graph. Like git we do without it in a shallow clone; a damaged one is no loss.
fn commit_graph(repo: &gix::Repository, facts: &Repo) -> Option<gix::commitgraph::Graph> {
    if facts.is_shallow() || facts.config().bool("core.commitGraph") == Some(false) {
        return None;
    }
    repo.commit_graph().ok()
}
