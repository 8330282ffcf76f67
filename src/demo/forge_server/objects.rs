//! The API for git objects of a bare repository: the tree of a commit, and the content of a file.

use gix::ObjectId;
use gix::open::Options;
use serde_json::json;

use crate::demo::loopback::Answer;

use super::errors::error;
use super::repository::{Branches, Repository};

impl Repository {
    /// Answers for the root tree of a commit.
    pub(super) fn tree(&self, commit: &str, root: &str) -> Answer {
        self.listed(commit, root)
            .unwrap_or_else(|| error(404, "Not Found"))
    }

    /// Answers for the content of a file, in the raw media type.
    pub(super) fn blob(&self, id: &str) -> Answer {
        let found = self.objects().and_then(|objects| {
            let id = ObjectId::from_hex(id.as_bytes()).ok()?;
            let blob = objects.find_object(id).ok()?.try_into_blob().ok()?;
            Some(blob.data.clone())
        });
        match found {
            Some(bytes) => Answer::text(200, "application/vnd.github.raw+json", bytes),
            None => error(404, "Not Found"),
        }
    }

    fn listed(&self, commit: &str, root: &str) -> Option<Answer> {
        let objects = self.objects()?;
        let id = ObjectId::from_hex(commit.as_bytes()).ok()?;
        let tree = objects.find_object(id).ok()?.peel_to_tree().ok()?;
        let at = format!("{root}/repos/{}/git", self.full_name());
        let entries = tree.iter().filter_map(Result::ok).map(|entry| {
            let (what, kind) = match entry.mode() {
                mode if mode.is_tree() => ("trees", "tree"),
                mode if mode.is_commit() => ("commits", "commit"),
                _ => ("blobs", "blob"),
            };
            let id = entry.object_id();
            json!({
                "path": entry.filename().to_string(),
                "mode": format!("{:06o}", entry.mode().value()),
                "type": kind,
                "sha": id.to_string(),
                "url": format!("{at}/{what}/{id}"),
            })
        });
        let body = json!({
            "sha": tree.id.to_string(),
            "url": format!("{at}/trees/{}", tree.id),
            "tree": entries.collect::<Vec<_>>(),
            "truncated": false,
        });
        Some(Answer::json(200, &body))
    }

    fn objects(&self) -> Option<gix::Repository> {
        let Branches::Bare(directory) = &self.branches else {
            return None;
        };
        gix::open_opts(directory, Options::isolated()).ok()
    }
}
