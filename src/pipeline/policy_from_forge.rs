//! Reads the repository's policy through the forge's API, where it cannot be read from the remote.

use gix::ObjectId;
use gix::objs::{Kind, compute_hash};

use crate::forge::{Forge, RootEntry};
use crate::git::CommittedFile;
use crate::names::RepositoryName;
use crate::policy::{MAX_REPOSITORY_FILE_SIZE, REPOSITORY_FILE};

use super::policy_base::PolicyCopy;

/// Reads the policy of a commit that the remote advertised. The content is verified against its object id; it is not
/// requested if `have` is the same object. The error says why it cannot be read.
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
        _ => return Err(format!("the forge's content of {id} has another hash")),
    }
    let is_usual = u64::try_from(bytes.len()).is_ok_and(|size| size <= MAX_REPOSITORY_FILE_SIZE);
    Ok(if is_usual {
        CommittedFile::File { id, bytes }
    } else {
        CommittedFile::Unusable
    })
}
