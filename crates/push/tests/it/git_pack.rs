//! What git itself would send: the objects and the pack to compare ours with.

use std::collections::BTreeSet;

use gix::ObjectId;

use crate::workshop::{Workshop, id};

/// The arguments with which `git push` makes its pack.
const PACK_OBJECTS: &[&str] = &[
    "pack-objects",
    "--revs",
    "--thin",
    "--delta-base-offset",
    "--stdout",
    "-q",
];

impl Workshop {
    /// Returns what git says the server lacks of HEAD.
    pub(crate) fn rev_list(&self) -> BTreeSet<ObjectId> {
        let output = self.run(
            &self.client(),
            &["rev-list", "--objects", "--stdin"],
            self.revisions().as_bytes(),
        );
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| id(line.split(' ').next().unwrap()))
            .collect()
    }

    /// Returns the pack that `git push` would send.
    pub(crate) fn git_pack(&self) -> Vec<u8> {
        let mut arguments = PACK_OBJECTS.to_vec();
        if self.client().join(".git/shallow").exists() {
            arguments.push("--shallow");
        }
        self.run(&self.client(), &arguments, self.revisions().as_bytes())
            .stdout
    }

    /// HEAD without what the server has, as far as it is here.
    fn revisions(&self) -> String {
        let mut text = format!("{}\n", self.git(&["rev-parse", "HEAD"]));
        for id in self.remote_has() {
            let probe = self.try_run(&self.client(), &["cat-file", "-e", &id.to_string()], b"");
            if probe.status.success() {
                text.push('^');
                text.push_str(&id.to_string());
                text.push('\n');
            }
        }
        text
    }
}
