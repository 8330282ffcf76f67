//! The selection in a partial clone: what it left out and the remote lacks is fetched from who promised it, as git does.

use gix::ObjectId;

use crate::by_id::IdSet;
use crate::error::PushError;
use crate::objects::{ObjectError, SelectError, Selection, Wanted, new_commits, select_from};
use crate::request::PushRequest;
use crate::store::Reader;

/// What could not be selected, and the objects without which it cannot be.
struct Incomplete {
    absent: Vec<ObjectId>,
    error: SelectError,
}

/// Selects what the remote lacks, and returns it with the reader that has all of it.
pub(crate) fn select(
    repo: &gix::Repository,
    request: &PushRequest<'_>,
    wanted: Wanted<'_>,
) -> Result<(Reader, Selection), PushError> {
    let promisor = request.local.promisor();
    let mut fetched = None;
    let mut asked = IdSet::default();
    loop {
        let repo = fetched.as_ref().unwrap_or(repo);
        let reader = open_reader(repo, request)?;
        let incomplete = match select_here(repo, &reader, request, wanted) {
            // Where nobody promised anything, the packing tells what is missing.
            Ok(selection) if promisor.is_none() => return Ok((reader, selection)),
            Ok(selection) => {
                let absent = selection.absent(&reader);
                let Some(first) = absent.first() else {
                    return Ok((reader, selection));
                };
                let error = ObjectError::Missing(*first).into();
                Incomplete { absent, error }
            }
            Err(incomplete) => incomplete,
        };
        // Each round asks for something new, so that it ends whatever is answered.
        let mut absent = incomplete.absent;
        absent.retain(|id| asked.insert(*id));
        fetched = match promisor {
            Some(promisor) if !absent.is_empty() => {
                Some(promisor.fetch(&absent).map_err(PushError::Promisor)?)
            }
            _ => return Err(incomplete.error.into()),
        };
    }
}

/// Asks a question about the history. A commit that the clone left out is fetched from who promised it, and the question
/// asked again.
pub(crate) fn with_history<T>(
    repo: &gix::Repository,
    reader: &Reader,
    request: &PushRequest<'_>,
    ask: impl Fn(&gix::Repository, &Reader) -> Result<T, SelectError>,
) -> Result<T, PushError> {
    let mut answer = ask(repo, reader);
    let mut asked = IdSet::default();
    while let Err(SelectError::Object(ObjectError::Missing(id))) = answer
        && let Some(promisor) = request.local.promisor()
        && asked.insert(id)
    {
        let fetched = promisor.fetch(&[id]).map_err(PushError::Promisor)?;
        answer = ask(&fetched, &open_reader(&fetched, request)?);
    }
    Ok(answer?)
}

/// Selects with the objects that are here.
fn select_here(
    repo: &gix::Repository,
    reader: &Reader,
    request: &PushRequest<'_>,
    wanted: Wanted<'_>,
) -> Result<Selection, Incomplete> {
    let new = new_commits(repo, reader, wanted, request.stop).map_err(|error| Incomplete {
        absent: missing(&error).into_iter().collect(),
        error,
    })?;
    select_from(reader, &new, request.progress, request.stop).map_err(|error| {
        let mut absent = Vec::new();
        if let Some(id) = missing(&error) {
            // One request for all roots: each answer is a walk of the server's.
            absent = new.absent_trees(reader);
            absent.push(id);
        }
        Incomplete { absent, error }
    })
}

/// Returns the object whose absence is the error.
const fn missing(error: &SelectError) -> Option<ObjectId> {
    match error {
        SelectError::Object(ObjectError::Missing(id)) | SelectError::MissingKnownTree(id) => {
            Some(*id)
        }
        _ => None,
    }
}

/// Opens the object directories.
pub(crate) fn open_reader(
    repo: &gix::Repository,
    request: &PushRequest<'_>,
) -> Result<Reader, PushError> {
    Reader::with(repo, request.borrowed).map_err(|error| SelectError::from(error).into())
}
