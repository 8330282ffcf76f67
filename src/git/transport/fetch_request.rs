//! The request for objects by their ids, in both protocols of upload-pack.

use gix::ObjectId;
use sendoff_push::pkt_line;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::git) struct Wanted<'a> {
    /// The objects.
    pub(in crate::git) ids: &'a [ObjectId],
    /// What is left out of what they reach, where the server can leave something out.
    pub(in crate::git) filter: Filter,
}

/// What is left out of what objects reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git) enum Filter {
    /// Files: a tree comes with its directories, and not with their files.
    Files,
    /// The history of a commit, and all but the root of its tree.
    AllButRoot,
}

impl Filter {
    /// Returns the filter as the protocol writes it.
    const fn spec(self) -> &'static str {
        match self {
            Self::Files => "blob:none",
            Self::AllButRoot => "tree:1",
        }
    }

    /// Says whether a commit comes without its parents.
    pub(super) const fn is_shallow(self) -> bool {
        matches!(self, Self::AllButRoot)
    }
}

/// Writes the request of protocol v2.
pub(super) fn request_v2(
    said: &[Vec<u8>],
    wanted: Wanted<'_>,
) -> Result<Vec<u8>, pkt_line::PktLineError> {
    let mut body = Vec::new();
    let mut line = |text: &str| pkt_line::encode(text.as_bytes(), &mut body);
    line("command=fetch\n")?;
    line(concat!("agent=sendoff/", env!("CARGO_PKG_VERSION"), "\n"))?;
    let format = said.iter().find(|line| line.starts_with(b"object-format="));
    if let Some(format) = format.and_then(|line| std::str::from_utf8(line).ok()) {
        line(format)?;
    }
    body.extend_from_slice(b"0001");
    let mut line = |text: &str| pkt_line::encode(text.as_bytes(), &mut body);
    line("ofs-delta\n")?;
    line("no-progress\n")?;
    for id in wanted.ids {
        line(&format!("want {id}\n"))?;
    }
    if wanted.filter.is_shallow() {
        line("deepen 1\n")?;
    }
    let features = said.iter().find_map(|line| line.strip_prefix(b"fetch="));
    let mut features = features.unwrap_or_default().split(|byte| *byte == b' ');
    if features.any(|feature| feature == b"filter") {
        line(&format!("filter {}\n", wanted.filter.spec()))?;
    }
    line("done\n")?;
    pkt_line::encode_flush(&mut body);
    Ok(body)
}

/// Writes the request of protocol v0, whose capabilities stand behind the first ref.
pub(super) fn request_v0(
    said: &[Vec<u8>],
    wanted: Wanted<'_>,
) -> Result<Vec<u8>, pkt_line::PktLineError> {
    let capabilities = said.iter().find_map(|line| {
        let zero = line.iter().position(|byte| *byte == 0)?;
        line.get(zero + 1..)
    });
    let mut offered = capabilities.unwrap_or_default().split(|byte| *byte == b' ');
    let filters = offered.any(|word| word == b"filter");
    let mut chosen = concat!(
        " side-band-64k ofs-delta no-progress agent=sendoff/",
        env!("CARGO_PKG_VERSION")
    )
    .to_owned();
    if filters {
        chosen.push_str(" filter");
    }
    if wanted.filter.is_shallow() {
        chosen.push_str(" shallow");
    }
    let mut body = Vec::new();
    let mut line = |text: &str| pkt_line::encode(text.as_bytes(), &mut body);
    for id in wanted.ids {
        line(&format!("want {id}{chosen}\n"))?;
        chosen.clear();
    }
    if wanted.filter.is_shallow() {
        line("deepen 1\n")?;
    }
    if filters {
        line(&format!("filter {}\n", wanted.filter.spec()))?;
    }
    pkt_line::encode_flush(&mut body);
    pkt_line::encode(b"done\n", &mut body)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ObjectId {
        ObjectId::from_hex(b"1111111111111111111111111111111111111111").unwrap()
    }

    fn wanted(ids: &[ObjectId], filter: Filter) -> Wanted<'_> {
        Wanted { ids, filter }
    }

    #[test]
    fn a_filter_is_asked_for_only_where_it_is_offered() {
        let lines = |texts: &[&str]| -> Vec<Vec<u8>> {
            texts.iter().map(|text| text.as_bytes().to_vec()).collect()
        };
        let text = |body: Vec<u8>| String::from_utf8(body).unwrap();
        let with = lines(&["version 2", "fetch=shallow filter", "object-format=sha1"]);
        let with = text(request_v2(&with, wanted(&[id()], Filter::Files)).unwrap());
        assert!(with.contains("object-format=sha1"), "{with}");
        assert!(with.contains("filter blob:none\n0009done\n0000"), "{with}");
        let without = text(
            request_v2(
                &lines(&["version 2", "fetch=shallow"]),
                wanted(&[id()], Filter::Files),
            )
            .unwrap(),
        );
        assert!(!without.contains("filter"), "{without}");
        let old = lines(&["1111111111111111111111111111111111111111 HEAD\0ofs-delta filter"]);
        let old = text(request_v0(&old, wanted(&[id(), id()], Filter::Files)).unwrap());
        assert_eq!(old.matches("side-band-64k").count(), 1, "{old}");
        assert!(old.ends_with("filter blob:none\n00000009done\n"), "{old}");
    }

    #[test]
    fn the_root_of_a_commit_is_asked_for_without_its_history() {
        let lines = |text: &str| vec![text.as_bytes().to_vec()];
        let asked = |body: Vec<u8>| String::from_utf8(body).unwrap();
        let ids = [id()];
        let root = wanted(&ids, Filter::AllButRoot);
        let two = asked(request_v2(&lines("fetch=shallow filter"), root).unwrap());
        assert!(two.contains("deepen 1\n0012filter tree:1\n"), "{two}");
        let old = lines("1111111111111111111111111111111111111111 HEAD\0shallow filter");
        let old = asked(request_v0(&old, root).unwrap());
        assert!(old.contains(" filter shallow\n"), "{old}");
        assert!(old.contains("deepen 1\n0012filter tree:1\n"), "{old}");
    }
}
