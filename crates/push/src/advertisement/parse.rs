//! Reads the advertisement of receive-pack, which is hostile until it is checked.

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};

use super::{Advertisement, AdvertisementError, MAX_BRANCHES, MAX_IDS};

/// The longest ref name that is believed, in bytes. Git's own files end far below.
const MAX_NAME: usize = 4096;
/// The longest text of a server that is kept, in bytes: more than is shown of it, so that a secret in it is known for one.
const MAX_TEXT: usize = 8 * 1024;

impl Advertisement {
    /// Reads the first line, which carries the capabilities after a zero byte.
    pub(super) fn read_first(&mut self, line: &[u8]) -> Result<(), AdvertisementError> {
        if let Some(text) = line.strip_prefix(b"ERR ") {
            return Err(AdvertisementError::Refused(excerpt(text)));
        }
        let Some((head, words)) = line.split_once_str(b"\0") else {
            return Err(AdvertisementError::Unexpected(excerpt(line)));
        };
        self.capabilities = words
            .split(|byte| *byte == b' ')
            .filter(|word| !word.is_empty())
            .map(BString::from)
            .collect();
        self.check_object_format()?;
        self.read_ref(head)
    }

    /// Compares the server's hash with ours. A server that names none has SHA-1.
    fn check_object_format(&self) -> Result<(), AdvertisementError> {
        let server = self
            .capability("object-format")
            .unwrap_or_else(|| "sha1".into());
        if server == self.object_format.to_string().as_str() {
            return Ok(());
        }
        Err(AdvertisementError::ObjectFormat {
            server: excerpt(server),
            repository: self.object_format,
        })
    }

    /// Reads `<id> <name>`, `shallow <id>` or `ERR <text>`.
    pub(super) fn read_ref(&mut self, line: &[u8]) -> Result<(), AdvertisementError> {
        if let Some(text) = line.strip_prefix(b"ERR ") {
            return Err(AdvertisementError::Refused(excerpt(text)));
        }
        let malformed = || AdvertisementError::Malformed(excerpt(line));
        if let Some(id) = line.strip_prefix(b"shallow ") {
            // The server lacks the parents of this commit. As for git, what builds on its tips needs none of them, and the
            // server refuses what does.
            self.read_id(id).ok_or_else(malformed)?;
            return Ok(());
        }
        let (id, name) = line.split_once_str(b" ").ok_or_else(malformed)?;
        let id = self.read_id(id).ok_or_else(malformed)?;
        if name == b"capabilities^{}" {
            return Ok(());
        }
        self.keep(name.as_bstr(), id)
    }

    /// Keeps a ref whose name is one.
    fn keep(&mut self, name: &BStr, id: ObjectId) -> Result<(), AdvertisementError> {
        if name == ".have" {
            add(&mut self.haves, id);
            return Ok(());
        }
        if name.len() > MAX_NAME || gix::validate::reference::name(name).is_err() {
            return Err(AdvertisementError::Malformed(excerpt(name)));
        }
        if *name == self.branch {
            self.tip.get_or_insert(id);
        } else if !name.starts_with(b"refs/heads/") {
            add(&mut self.other_ids, id);
        } else {
            add(&mut self.branch_ids, id);
        }
        if name.starts_with(b"refs/heads/") && self.branches.len() < MAX_BRANCHES {
            self.branches.push((name.to_owned(), id));
        }
        Ok(())
    }

    /// Reads an id of our hash.
    fn read_id(&self, hex: &[u8]) -> Option<ObjectId> {
        if hex.len() != self.object_format.len_in_hex() {
            return None;
        }
        ObjectId::from_hex(hex).ok()
    }
}

/// Adds an id, unless there are enough: one that is left out can only make the pack larger.
fn add(ids: &mut Vec<ObjectId>, id: ObjectId) {
    if ids.len() < MAX_IDS {
        ids.push(id);
    }
}

/// Returns the beginning of a server's text.
pub(super) fn excerpt(text: &[u8]) -> BString {
    text.get(..MAX_TEXT).unwrap_or(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line;
    use gix::hash::Kind;
    use proptest::prelude::*;

    const MAIN: &[u8] = b"refs/heads/main";
    const ONE: &str = "1111111111111111111111111111111111111111";

    fn buffer(lines: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            if line.is_empty() {
                pkt_line::encode_flush(&mut out);
            } else {
                pkt_line::encode(line.as_bytes(), &mut out).unwrap();
            }
        }
        out
    }

    fn parse(lines: &[&str]) -> Result<Advertisement, AdvertisementError> {
        Advertisement::parse(&buffer(lines), Kind::Sha1, MAIN)
    }

    #[test]
    fn refs_haves_shallow_lines_and_capabilities_are_told_apart() {
        let first =
            format!("{ONE} refs/heads/main\0report-status agent=git/2.47.3 object-format=sha1\n");
        let have = format!("{ONE} .have\n");
        let shallow = format!("shallow {ONE}");
        let found = parse(&[
            "# service=git-receive-pack\n",
            "",
            &first,
            &have,
            &shallow,
            "",
        ])
        .unwrap();
        let id = ObjectId::from_hex(ONE.as_bytes()).unwrap();
        assert_eq!(found.find(b"refs/heads/main"), Some(id));
        assert_eq!(found.haves, [id]);
        assert_eq!(found.capability("agent").unwrap(), "git/2.47.3");
        assert!(found.has_capability("report-status"));
        assert!(!found.has_capability("report"));
        assert_eq!(found.all_ids().count(), 2);
    }

    #[test]
    fn an_empty_repository_has_capabilities_and_no_refs() {
        let zero = "0".repeat(40);
        let found = parse(&[&format!("{zero} capabilities^{{}}\0report-status\n"), ""]).unwrap();
        assert_eq!(found.all_ids().count(), 0);
        assert!(found.has_capability("report-status"));
    }

    /// Guards that the branch that is pushed is found behind any number of others, of which a bounded part is kept.
    #[test]
    fn of_endless_refs_a_bounded_part_is_kept() {
        let mut input = buffer(&[&format!("{ONE} refs/heads/a\0report-status\n")]);
        for number in 0..MAX_IDS + 10 {
            for name in ["heads/b", "pull/"] {
                let line = format!("{ONE} refs/{name}{number}");
                pkt_line::encode(line.as_bytes(), &mut input).unwrap();
            }
        }
        let two = "2".repeat(40);
        input.extend(buffer(&[&format!("{two} refs/heads/main"), ""]));
        let found = Advertisement::parse(&input, Kind::Sha1, MAIN).unwrap();
        assert_eq!(found.find(MAIN).unwrap().to_string(), two);
        assert!(found.find(b"refs/heads/a").is_some());
        assert_eq!(found.branches().count(), MAX_BRANCHES);
        assert_eq!(found.all_ids().count(), 2 * MAX_IDS + 1);
    }

    #[test]
    fn a_refusal_keeps_its_text() {
        let error = parse(&["ERR access denied\n"]).unwrap_err();
        assert_eq!(error, AdvertisementError::Refused("access denied".into()));
    }

    #[test]
    fn other_services_versions_and_hashes_are_refused() {
        for first in [
            "version 1\n",
            "version 2\n",
            "# service=git-upload-pack\n",
            "<html>",
        ] {
            let error = parse(&[first, ""]).unwrap_err();
            assert!(
                matches!(error, AdvertisementError::Unexpected(_)),
                "{first}"
            );
        }
        assert!(matches!(
            parse(&[""]),
            Err(AdvertisementError::Unexpected(_))
        ));
        let other = format!("{ONE} refs/heads/main\0object-format=sha256\n");
        assert!(matches!(
            parse(&[&other, ""]),
            Err(AdvertisementError::ObjectFormat { .. })
        ));
        let silent = format!("{} refs/heads/main\0report-status\n", "1".repeat(64));
        let error = Advertisement::parse(&buffer(&[&silent, ""]), Kind::Sha256, MAIN).unwrap_err();
        assert!(matches!(error, AdvertisementError::ObjectFormat { .. }));
    }

    #[test]
    fn malformed_refs_and_missing_ends_are_errors() {
        let good = format!("{ONE} refs/heads/main\0report-status\n");
        assert_eq!(parse(&[&good]), Err(AdvertisementError::Truncated));
        for bad in [
            "1111 refs/heads/x".to_owned(),
            format!("{ONE}refs/heads/x"),
            format!("{ONE} refs/heads/../x"),
            format!("{ONE} refs/heads/a\u{1b}[2J"),
            format!("{ONE} refs/heads/{}", "x".repeat(5000)),
            "shallow 1".to_owned(),
        ] {
            let error = parse(&[&good, &bad, ""]).unwrap_err();
            assert!(matches!(error, AdvertisementError::Malformed(_)), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_lines_make_the_parser_panic(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..80), 0..6)) {
            let mut out = Vec::new();
            for line in lines {
                pkt_line::encode(&line, &mut out).unwrap();
            }
            pkt_line::encode_flush(&mut out);
            drop(Advertisement::parse(&out, Kind::Sha1, MAIN));
        }
    }
}
