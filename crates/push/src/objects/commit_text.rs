//! The bytes of a commit: its tree, its parents and its time, without the rest.

use gix::ObjectId;

/// Reads tree, parents and the committer's time of a commit in one pass; `None` when it is malformed.
pub(super) fn parse(
    commit: &[u8],
    kind: gix::hash::Kind,
    mut parent: impl FnMut(ObjectId),
) -> Option<(ObjectId, i64)> {
    let id = |line: &[u8]| {
        let hex = line.get(..kind.len_in_hex())?;
        ObjectId::from_hex(hex).ok()
    };
    let mut lines = commit.split(|byte| *byte == b'\n');
    let tree = id(lines.next()?.strip_prefix(b"tree ")?)?;
    for line in lines {
        if let Some(hex) = line.strip_prefix(b"parent ") {
            parent(id(hex)?);
        } else if let Some(committer) = line.strip_prefix(b"committer ") {
            return Some((tree, time_of(committer)));
        } else if line.is_empty() {
            break;
        }
    }
    // Old tools made commits without a committer; git takes them for the oldest.
    Some((tree, 0))
}

/// Returns the seconds that stand after a name and an address; 0 when there are none.
fn time_of(committer: &[u8]) -> i64 {
    let after = committer.rsplit(|byte| *byte == b'>').next();
    let word = after.and_then(|text| {
        text.split(|byte| *byte == b' ')
            .find(|word| !word.is_empty())
    });
    let number = word.and_then(|word| std::str::from_utf8(word).ok());
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_gives_its_tree_parents_and_time() {
        let hex = |digit: &str| digit.repeat(40);
        let id = |digit: &str| ObjectId::from_hex(hex(digit).as_bytes()).unwrap();
        let text = format!(
            "tree {}\nparent {}\nparent {}\nauthor A <a> 5 +0000\ncommitter B <b> 1700000000 +0100\n\nparent {}\n",
            hex("1"),
            hex("2"),
            hex("3"),
            hex("4")
        );
        let mut parents = Vec::new();
        let found = parse(text.as_bytes(), gix::hash::Kind::Sha1, |id| {
            parents.push(id);
        });
        assert_eq!(found, Some((id("1"), 1_700_000_000)));
        assert_eq!(parents, [id("2"), id("3")]);
    }

    #[test]
    fn malformed_commits_are_told_apart() {
        let parse = |text: &str| parse(text.as_bytes(), gix::hash::Kind::Sha1, drop);
        let tree = format!("tree {}\n", "1".repeat(40));
        for text in ["", "tree 12\n", "parent x", &format!("{tree}parent 12\n")] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        let time = |line: &str| parse(&format!("{tree}{line}\n\n")).unwrap().1;
        assert_eq!(time("committer B <b> soon +0000"), 0);
        assert_eq!(time("committer B <b>"), 0);
        assert_eq!(time("committer B <b> -5 +0000"), -5);
        assert_eq!(time("committer B > <b> 99999999999999999999 +0000"), 0);
    }
}
