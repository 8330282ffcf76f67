//! Which refspecs git takes: it reads those of a remote, and stops at one that it does not take.

use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::hash::Kind;

/// What a refspec is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Fetch,
    Push,
}

/// Says whether git takes `spec`, in a repository whose ids are of the kind `hash`. Where that is not known, it may be an id
/// or a name that looks like one.
pub(super) fn is_refspec(spec: &BStr, direction: Direction, hash: Option<Kind>) -> bool {
    if let Some(excluded) = spec.strip_prefix(b"^") {
        // What is not fetched or pushed: refs by their names, with no other side.
        return !excluded.contains(&b':')
            && !hash.is_some_and(|hash| is_id(excluded, hash))
            && is_ref(excluded);
    }
    let spec = spec.strip_prefix(b"+").unwrap_or(spec);
    let (from, to) = match spec.rfind_byte(b':') {
        Some(at) => (
            spec.get(..at).unwrap_or_default(),
            spec.get(at + 1..).map(BStr::new),
        ),
        None => (spec, None),
    };
    let is_pattern = from.contains(&b'*');
    if to.is_some_and(|to| to.contains(&b'*') != is_pattern) {
        return false;
    }
    match (direction, to) {
        (Direction::Fetch, None) if is_pattern => false,
        (Direction::Fetch, _) => {
            // An id reads as a name does.
            let is_source = from.is_empty() || from == b"@" || is_ref(from);
            is_source && to.is_none_or(|to| to.is_empty() || is_ref(to))
        }
        // All branches that both have.
        (Direction::Push, Some(to)) if from.is_empty() && to.is_empty() => true,
        (Direction::Push, None) => from == b"@" || is_ref(from),
        // Any commit may be pushed, however it is named.
        (Direction::Push, Some(to)) => is_ref(to) && (!is_pattern || is_ref(from)),
    }
}

/// Says whether a part may be a ref's name, in which one `*` stands for any text.
fn is_ref(name: &[u8]) -> bool {
    let name = name.replacen("*", "x", 1);
    gix::validate::reference::name_partial(name.as_bstr()).is_ok()
}

fn is_id(name: &[u8], hash: Kind) -> bool {
    name.len() == hash.len_in_hex() && ObjectId::from_hex(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asked of git 2.47, with each in the configuration of a remote.
    #[test]
    fn what_git_takes_is_a_refspec() {
        let takes =
            |spec: &str, direction| is_refspec(BStr::new(spec), direction, Some(Kind::Sha1));
        let id = "0123456789012345678901234567890123456789";
        let fetched = [
            "",
            "+",
            ":",
            "@:x",
            "HEAD:",
            "refs/heads/*:refs/remotes/o/*",
            "+refs/tags/*:refs/tags/*",
            "^refs/heads/x*",
            "^refs/heads/x",
            id,
        ];
        for spec in fetched {
            assert!(takes(spec, Direction::Fetch), "{spec}");
        }
        let neither = [
            "^",
            "^a:b",
            "+^a",
            "a b",
            "a..b",
            "refs/heads/*:refs/remotes/x",
            "a:b.lock",
            "a:b~1",
            "a/*/*:b/*",
            &format!("^{id}"),
        ];
        for spec in neither {
            assert!(!takes(spec, Direction::Fetch), "{spec}");
            assert!(!takes(spec, Direction::Push), "{spec}");
        }
        for spec in ["a:b:c", "a~1:b", "refs/heads/*"] {
            assert!(!takes(spec, Direction::Fetch), "{spec}");
            assert!(takes(spec, Direction::Push), "{spec}");
        }
        for spec in [":", "+:", ":gone", "HEAD", "@", "HEAD~1:refs/heads/x"] {
            assert!(takes(spec, Direction::Push), "{spec}");
        }
        for spec in ["HEAD:", "", "+", "a~1"] {
            assert!(!takes(spec, Direction::Push), "{spec}");
        }
    }

    /// Asked of git 2.47, in a repository of either format: an id of the other one is a name.
    #[test]
    fn only_an_id_of_the_own_format_is_not_excluded() {
        for (length, other, hash) in [(40, 64, Kind::Sha1), (64, 40, Kind::Sha256)] {
            let takes = |length: usize, hash| {
                let spec = format!("^{}", "0123456789abcdef".repeat(4).split_at(length).0);
                is_refspec(BStr::new(&spec), Direction::Fetch, hash)
            };
            assert!(!takes(length, Some(hash)), "{length}");
            assert!(takes(other, Some(hash)), "{other}");
            assert!(takes(length, None) && takes(other, None));
        }
    }
}
