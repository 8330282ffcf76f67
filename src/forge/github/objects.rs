//! Objects of a repository by their ids: what a commit has at its root, and the content of a file.

use serde::Deserialize;

use crate::forge::{ForgeError, RootEntry};
use crate::http::Request;
use crate::names::RepositoryName;

use super::{GitHub, errors};

/// A tree. Of a truncated one not every entry is listed.
#[derive(Debug, Deserialize)]
struct Tree {
    tree: Vec<TreeEntry>,
    truncated: bool,
}

/// An entry of a tree.
#[derive(Debug, Deserialize)]
struct TreeEntry {
    path: String,
    mode: String,
    sha: String,
}

impl GitHub {
    /// Returns what a commit has at its root under a name. The API for contents would do as well, but it follows links, and
    /// its 404 says "no such file" and "no such commit" alike.
    pub(super) async fn root_entry_of(
        &self,
        repository: &RepositoryName,
        commit: &str,
        name: &str,
    ) -> Result<RootEntry, ForgeError> {
        let response = self
            .get(self.url_of(repository, &["git", "trees", commit])?)
            .await?;
        let listed: Tree = response.json()?;
        let mut found = listed.tree.iter().filter(|entry| entry.path == name);
        match (found.next(), found.next()) {
            (None, _) if listed.truncated => Err(response.bad("a whole tree").into()),
            (None, _) => Ok(RootEntry::Absent),
            (Some(_), Some(_)) => Err(response.bad("a tree with one entry of a name").into()),
            (Some(entry), None) => Ok(match entry.mode.as_str() {
                "100644" | "100755" => RootEntry::File {
                    id: entry.sha.clone(),
                },
                _ => RootEntry::NoFile,
            }),
        }
    }

    /// Returns the bytes of a file.
    pub(super) async fn file_bytes(
        &self,
        repository: &RepositoryName,
        id: &str,
    ) -> Result<Vec<u8>, ForgeError> {
        let url = self.url_of(repository, &["git", "blobs", id])?;
        let response = self.exchange_as(Request::get(url), "application/vnd.github.raw+json");
        let response = response.await?;
        if !response.is_success() {
            return Err(errors::of(&response, &self.repository));
        }
        Ok(response.body().to_vec())
    }
}
