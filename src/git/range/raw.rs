//! What a walk needs of a raw commit: its parents and its date, without decoding the rest.

use gix::ObjectId;
use gix::bstr::ByteSlice;

/// Appends the parents in a raw commit and returns its commit date.
///
/// A date that cannot be read is 0, as it is for git.
pub(super) fn read_commit(data: &[u8], parents: &mut Vec<ObjectId>) -> Option<i64> {
    let mut rest = data.strip_prefix(b"tree ")?;
    rest = rest.get(rest.find_byte(b'\n')? + 1..)?;
    while let Some(line) = rest.strip_prefix(b"parent ") {
        let end = line.find_byte(b'\n')?;
        parents.push(ObjectId::from_hex(line.get(..end)?).ok()?);
        rest = line.get(end + 1..)?;
    }
    Some(commit_date(rest).unwrap_or(0))
}

/// Returns the date in the `committer` line, which follows the `author` line.
fn commit_date(rest: &[u8]) -> Option<i64> {
    let author = rest.strip_prefix(b"author ")?;
    let rest = author.get(author.find_byte(b'\n')? + 1..)?;
    let line = rest.strip_prefix(b"committer ")?;
    let line = line.get(..line.find_byte(b'\n').unwrap_or(line.len()))?;
    let tail = line.get(line.rfind_byte(b'>')? + 1..)?.trim_ascii_start();
    let digits = tail.split(|byte| *byte == b' ').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_and_date_are_read() {
        let (one, two) = ("1".repeat(40), "2".repeat(40));
        let raw = format!(
            "tree {one}\nparent {one}\nparent {two}\nauthor A <a> 1 +0000\ncommitter > <c> -5 +0100\n\nx"
        );
        let mut parents = Vec::new();
        assert_eq!(read_commit(raw.as_bytes(), &mut parents), Some(-5));
        assert_eq!(parents.len(), 2);
    }

    #[test]
    fn garbage_is_no_commit_or_has_no_date() {
        let mut parents = Vec::new();
        for raw in [
            "",
            "tree",
            "tree x",
            "blob x\n",
            "tree x\nparent y\n",
            "tree x\nparent 11",
        ] {
            assert_eq!(read_commit(raw.as_bytes(), &mut parents), None, "{raw:?}");
        }
        for raw in [
            "tree x\n",
            "tree x\nauthor\n",
            "tree x\nauthor a\ncommitter c> z\n",
        ] {
            assert_eq!(
                read_commit(raw.as_bytes(), &mut parents),
                Some(0),
                "{raw:?}"
            );
        }
    }
}
