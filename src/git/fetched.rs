//! What the last `git fetch` brought, as `FETCH_HEAD` has it: all that is known where no tracking ref was written.

use std::path::Path;

use gix::ObjectId;
use sendoff_push::objects::Reader;

use crate::files::Directory;
use crate::names::BranchName;

use super::Repo;

/// The largest file that is read, in bytes.
const MAX_FILE_SIZE: u64 = 1024 * 1024;

impl Repo {
    /// Returns the tips that the last fetch brought, but for that of `branch` itself. A file that cannot be read counts as empty.
    pub fn fetched_tips(&self, branch: &BranchName) -> Vec<ObjectId> {
        let directory = Directory::open(self.git_dir());
        let read =
            directory.map(|directory| directory.read(Path::new("FETCH_HEAD"), MAX_FILE_SIZE));
        let Ok(Ok(Some(text))) = read else {
            return Vec::new();
        };
        tips(&text, branch)
    }

    /// Says whether an object is here.
    pub fn has_object(&self, id: ObjectId) -> bool {
        let reader = self.thread_local().ok();
        let reader = reader.and_then(|repo| Reader::new(&repo).ok());
        reader.is_some_and(|reader| reader.contains(&id))
    }
}

/// Reads lines such as `<id>\tnot-for-merge\tbranch 'main' of https://host/r`.
fn tips(text: &[u8], branch: &BranchName) -> Vec<ObjectId> {
    let own = format!("branch '{branch}' of ");
    let lines = text.split(|byte| *byte == b'\n');
    let tips = lines.filter_map(|line| {
        let mut fields = line.splitn(3, |byte| *byte == b'\t');
        let id = ObjectId::from_hex(fields.next()?).ok()?;
        let said = fields.nth(1)?;
        (!said.starts_with(own.as_bytes())).then_some(id)
    });
    tips.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let found = tips(text.as_bytes(), &BranchName::new("own").unwrap());
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, [id("1"), id("3")]);
    }
}
