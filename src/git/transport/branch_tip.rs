//! Where a branch is on the remote now, asked on a connection of its own.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use sendoff_push::ClassifiedError;

use crate::names::{BranchName, RemoteUrl};

use super::Target;
use super::options::PushOptions;
use super::remote_head::listed;

/// Asks the remote at which commit a branch is. Nothing when it shows no such branch.
///
/// `directory` is what a relative path of a `file` remote starts from; `stop` ends the conversation.
pub fn branch_tip(
    url: &RemoteUrl,
    directory: &Path,
    options: &PushOptions,
    branch: &BranchName,
    stop: &AtomicBool,
) -> Result<Option<ObjectId>, Box<dyn ClassifiedError>> {
    let target = Target {
        url,
        directory,
        options,
        stop,
    };
    let full = branch.full();
    let said = listed(target, full.as_bytes())?;
    Ok(said
        .lines()
        .iter()
        .find_map(|line| tip(line, full.as_bytes())))
}

/// Reads `<id> refs/heads/x`, with what may follow the name.
fn tip(line: &[u8], full: &[u8]) -> Option<ObjectId> {
    let mut words = line.split(|byte| matches!(byte, b' ' | 0));
    let id = words.next()?;
    (words.next()? == full)
        .then(|| ObjectId::from_hex(id).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_branch_itself_counts() {
        let id = "1111111111111111111111111111111111111111";
        let is_read = |line: String| tip(line.as_bytes(), b"refs/heads/x").is_some();
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
