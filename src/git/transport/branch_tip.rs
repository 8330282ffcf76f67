//! The branch's value on the remote now, asked for on a connection of its own.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use sendoff_push::ClassifiedError;

use crate::names::{BranchName, RemoteUrl};

use super::Target;
use super::options::PushOptions;
use super::remote_head::{listed, tip_of};
use super::service::Service;

/// How many refs a remote has, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefCount {
    /// So few that listing all of them takes less time than asking for one.
    Few,
    /// Many, or an unknown number.
    Any,
}

impl RefCount {
    /// The most refs that are few: some 30 KB.
    const MOST_OF_FEW: usize = 500;

    /// Returns the count for a remote that listed so many refs before.
    pub const fn of(listed: usize) -> Self {
        if listed <= Self::MOST_OF_FEW {
            Self::Few
        } else {
            Self::Any
        }
    }
}

/// Asks the remote at which commit a branch is. Returns `None` when it shows no such branch.
///
/// `directory` is what a relative path of a `file` remote starts from; `stop` ends the conversation.
pub fn branch_tip(
    url: &RemoteUrl,
    directory: &Path,
    options: &PushOptions,
    branch: &BranchName,
    refs: RefCount,
    stop: &AtomicBool,
) -> Result<Option<ObjectId>, Box<dyn ClassifiedError>> {
    let target = Target {
        url,
        directory,
        options,
        stop,
    };
    let full = branch.full();
    let service = match refs {
        RefCount::Few => Service::UploadPackList,
        RefCount::Any => Service::UploadPack,
    };
    let said = listed(target, service, full.as_bytes())?;
    Ok(said
        .lines()
        .iter()
        .find_map(|line| tip_of(line, full.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_branch_itself_counts() {
        let id = "1111111111111111111111111111111111111111";
        let is_read = |line: String| tip_of(line.as_bytes(), b"refs/heads/x").is_some();
        assert!(is_read(format!("{id} refs/heads/x")));
        assert!(is_read(format!("{id} refs/heads/x\0multi_ack agent=git/2")));
        for line in [
            "refs/heads/xy",
            "refs/heads/X",
            "refs/tags/x",
            "HEAD symref-target:refs/heads/x",
        ] {
            assert!(!is_read(format!("{id} {line}")), "{line}");
        }
        assert!(!is_read("no-id refs/heads/x".into()));
    }
}
