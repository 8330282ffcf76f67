//! The repository's policy through the forge's API, where the remote gives nothing to read it from.

use gix::ObjectId;
use gix::objs::{Kind, compute_hash};

use crate::forge::{Forge, RootEntry};
use crate::git::CommittedFile;
use crate::names::RepositoryName;
use crate::policy::{MAX_REPOSITORY_FILE_SIZE, REPOSITORY_FILE};

use super::policy_base::PolicyCopy;

/// Asks the forge for the policy of a commit, which the remote itself has named. What it gives is compared with its object
/// id; a file that `have` has is not asked for.
pub async fn policy_from_forge(
    forge: &dyn Forge,
    repository: &RepositoryName,
    commit: ObjectId,
    have: Option<&PolicyCopy>,
) -> Result<CommittedFile, String> {
    let hex = commit.to_string();
    let asked = forge.root_entry(repository, &hex, REPOSITORY_FILE);
    let named = match asked.await.map_err(|error| error.to_string())? {
        RootEntry::Absent => return Ok(CommittedFile::Absent),
        RootEntry::NoFile => return Ok(CommittedFile::Unusable),
        RootEntry::File { id } => id,
    };
    let id = ObjectId::from_hex(named.as_bytes()).ok();
    let id = id.filter(|id| id.kind() == commit.kind());
    let id = id.ok_or("the forge names no object for the policy")?;
    if let Some((known, bytes)) = have.and_then(|copy| copy.file.as_ref())
        && *known == id
    {
        let bytes = bytes.clone();
        return Ok(CommittedFile::File { id, bytes });
    }
    let hex = id.to_string();
    let asked = forge.file_content(repository, &hex);
    let bytes = asked.await.map_err(|error| error.to_string())?;
    match compute_hash(id.kind(), Kind::Blob, &bytes) {
        Ok(hash) if hash == id => {}
        _ => return Err(format!("what the forge gives as {id} is something else")),
    }
    let is_usual = u64::try_from(bytes.len()).is_ok_and(|size| size <= MAX_REPOSITORY_FILE_SIZE);
    Ok(if is_usual {
        CommittedFile::File { id, bytes }
    } else {
        CommittedFile::Unusable
    })
}
