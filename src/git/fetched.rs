//! What the last `git fetch` brought, as `FETCH_HEAD` has it: all that is known where no tracking ref was written.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::refs::Target;
use sendoff_push::objects::Reader;

use crate::files::Directory;
use crate::names::BranchName;

use super::Repo;
use super::refs::RefError;
use super::tracking::MAX_TIPS;

/// The largest file that is read, in bytes.
const MAX_FILE_SIZE: u64 = 1024 * 1024;

impl Repo {
    /// Returns the tips that the last fetch brought, but for that of `branch` itself.
    pub fn fetched_tips(&self, branch: &BranchName) -> Vec<ObjectId> {
        tips(&self.fetch_head(), |said| !is_of(said, branch))
    }

    /// Returns the tips of `branch` that the last fetch brought.
    pub fn fetched_tips_of(&self, branch: &BranchName) -> Vec<ObjectId> {
        tips(&self.fetch_head(), |said| is_of(said, branch))
    }

    /// Returns the tips of all tracking refs, of every remote, but for those of a branch of this name.
    pub fn tips_of_remotes(&self, branch: &BranchName) -> Result<Vec<ObjectId>, RefError> {
        let mut tips = Vec::new();
        let remotes = self.config().remote_names();
        self.each_ref_below("refs/remotes/", &mut |found| {
            if let Target::Object(id) = found.target
                && !is_of_branch(found.name.as_bstr(), branch, &remotes)
            {
                tips.push(id);
            }
            if tips.len() < MAX_TIPS {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        Ok(tips)
    }

    /// Reads `FETCH_HEAD`. A file that cannot be read counts as empty.
    fn fetch_head(&self) -> Vec<u8> {
        let directory = Directory::open(self.git_dir());
        let read =
            directory.map(|directory| directory.read(Path::new("FETCH_HEAD"), MAX_FILE_SIZE));
        match read {
            Ok(Ok(Some(text))) => text,
            _ => Vec::new(),
        }
    }

    /// Says whether an object is here.
    pub fn has_object(&self, id: ObjectId) -> bool {
        let reader = self.thread_local().ok();
        let reader = reader.and_then(|repo| Reader::new(&repo).ok());
        reader.is_some_and(|reader| reader.contains(&id))
    }
}

/// Says whether a tracking ref, `refs/remotes/REMOTE/BRANCH`, is that of a branch of this name. The name of a remote may have
/// a slash, where it is one of `remotes`.
fn is_of_branch(name: &BStr, branch: &BranchName, remotes: &BTreeSet<BString>) -> bool {
    let remote = name.strip_prefix(b"refs/remotes/");
    let remote = remote.and_then(|name| name.strip_suffix(branch.as_str().as_bytes()));
    let remote = remote.and_then(|name| name.strip_suffix(b"/"));
    remote.is_some_and(|name| !name.contains(&b'/') || remotes.contains(name.as_bstr()))
}

fn is_of(said: &[u8], branch: &BranchName) -> bool {
    said.starts_with(format!("branch '{branch}' of ").as_bytes())
}

/// Reads lines such as `<id>\tnot-for-merge\tbranch 'main' of https://host/r`, and keeps those whose last part is wanted.
fn tips(text: &[u8], is_wanted: impl Fn(&[u8]) -> bool) -> Vec<ObjectId> {
    let lines = text.split(|byte| *byte == b'\n');
    let tips = lines.filter_map(|line| {
        let mut fields = line.splitn(3, |byte| *byte == b'\t');
        let id = ObjectId::from_hex(fields.next()?).ok()?;
        let said = fields.nth(1)?;
        is_wanted(said).then_some(id)
    });
    tips.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_remote_may_have_a_slash() {
        let remotes = BTreeSet::from(["team/origin".into()]);
        let own = BranchName::new("fix/x").unwrap();
        let is_own = |name: &str| is_of_branch(name.into(), &own, &remotes);
        assert!(is_own("refs/remotes/origin/fix/x"));
        assert!(is_own("refs/remotes/team/origin/fix/x"));
        // Those of a branch `other/fix/x`, of a remote without a name, and of a branch whose name ends alike.
        assert!(!is_own("refs/remotes/origin/other/fix/x"));
        assert!(!is_own("refs/remotes/fix/x"));
        assert!(!is_own("refs/remotes/origin/prefix/x"));
    }

    #[test]
    fn every_tip_counts_but_the_branchs_own() {
        let id = |digit: &str| digit.repeat(40);
        let text = format!(
            "{}\t\tbranch 'main' of https://host/r\n{}\tnot-for-merge\tbranch 'own' of /r\n\
             {}\tnot-for-merge\t'{}' of /r\nnonsense\n",
            id("1"),
            id("2"),
            id("3"),
            id("3")
        );
        let own = BranchName::new("own").unwrap();
        let found = |is_own: bool| -> Vec<String> {
            let found = tips(text.as_bytes(), |said| is_of(said, &own) == is_own);
            found.iter().map(ToString::to_string).collect()
        };
        assert_eq!(found(false), [id("1"), id("3")]);
        assert_eq!(found(true), [id("2")]);
    }
}
