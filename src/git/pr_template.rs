//! The repository's pull request template, from a commit's tree and never from the work tree.

use gix::ObjectId;
use sendoff_push::objects::Reader;
use sendoff_push::sanitize::is_deceptive;

use super::Repo;
use super::committed::{EntryKind as Kind, TREE_LIMIT, entries, object, tree_of};

/// The largest template that is used, in bytes.
const TEMPLATE_LIMIT: u64 = 64 * 1024;
/// The directories that forges search, in order. The root is the empty name.
const TEMPLATE_DIRECTORIES: [&str; 3] = [".github", "", "docs"];

/// What was found where forges look for a pull request template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrTemplate {
    /// There is none, or a directory of several, of which the forge would let one choose.
    None,
    /// There is one.
    Found {
        /// Its path.
        path: String,
        /// Its text.
        text: String,
    },
    /// There is one that cannot be used.
    Unusable {
        /// Its path.
        path: String,
        /// Why not.
        why: &'static str,
    },
}

impl Repo {
    /// Looks for the pull request template in the tree of `commit`.
    ///
    /// Names are compared without regard to case, as forges do. A template by itself comes before a
    /// directory of templates, at whichever place; that is used when it holds exactly one. Links are
    /// not followed; one is told where nothing else is found.
    pub fn pr_template(&self, commit: ObjectId) -> PrTemplate {
        let Ok(repo) = self.thread_local() else {
            return PrTemplate::None;
        };
        let Ok(reader) = Reader::new(&repo) else {
            return PrTemplate::None;
        };
        if commit.kind() != repo.object_hash() {
            return PrTemplate::None;
        }
        let Some(root) = tree_of(&reader, commit) else {
            return PrTemplate::None;
        };
        let places = TEMPLATE_DIRECTORIES.map(|place| {
            if place.is_empty() {
                return Some((String::new(), root));
            }
            let found = lookup(&reader, root, |name| name == place, Kind::Directory);
            found.map(|(name, id)| (format!("{name}/"), id))
        });
        let find = |look: fn(&Reader, ObjectId) -> Option<(String, ObjectId)>| {
            places.iter().flatten().find_map(|(prefix, tree)| {
                let (name, id) = look(&reader, *tree)?;
                Some((format!("{prefix}{name}"), id))
            })
        };
        match find(file_in).or_else(|| find(only_file_in)) {
            None => match find(link_in) {
                None => PrTemplate::None,
                Some((path, _)) => PrTemplate::Unusable {
                    path,
                    why: "it is a link, and no file",
                },
            },
            Some((path, id)) => match text_of(&reader, id) {
                Ok(text) => PrTemplate::Found { path, text },
                Err(why) => PrTemplate::Unusable { path, why },
            },
        }
    }
}

fn file_in(reader: &Reader, tree: ObjectId) -> Option<(String, ObjectId)> {
    lookup(reader, tree, is_template, Kind::File)
}

fn link_in(reader: &Reader, tree: ObjectId) -> Option<(String, ObjectId)> {
    lookup(reader, tree, is_template, Kind::Other)
}

/// Returns the template in `PULL_REQUEST_TEMPLATE/`, when there is no choice.
fn only_file_in(reader: &Reader, tree: ObjectId) -> Option<(String, ObjectId)> {
    let is_directory = |name: &str| name == "pull_request_template";
    let (directory, id) = lookup(reader, tree, is_directory, Kind::Directory)?;
    let data = object(reader, id, gix::objs::Kind::Tree, TREE_LIMIT)?;
    let mut files = entries(&data, id)
        .filter(|(name, entry)| entry.kind == Kind::File && has_text_ending(&name.to_lowercase()));
    let (name, entry) = files.next()?;
    if files.next().is_some() {
        return None;
    }
    Some((format!("{directory}/{name}"), entry.id))
}

fn is_template(name: &str) -> bool {
    name == "pull_request_template"
        || (name.starts_with("pull_request_template.") && has_text_ending(name))
}

fn has_text_ending(name: &str) -> bool {
    [".md", ".markdown", ".txt"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Returns the first entry of a kind whose name in lower case is `wanted`.
fn lookup(
    reader: &Reader,
    tree: ObjectId,
    wanted: impl Fn(&str) -> bool,
    kind: Kind,
) -> Option<(String, ObjectId)> {
    let data = object(reader, tree, gix::objs::Kind::Tree, TREE_LIMIT)?;
    entries(&data, tree)
        .find(|(name, entry)| entry.kind == kind && wanted(&name.to_lowercase()))
        .map(|(name, entry)| (name.to_owned(), entry.id))
}

fn text_of(reader: &Reader, blob: ObjectId) -> Result<String, &'static str> {
    let size = reader
        .size(&blob)
        .ok_or("it is not here: the clone leaves it out")?;
    if size > TEMPLATE_LIMIT {
        return Err("it is larger than 64 KiB");
    }
    let data =
        object(reader, blob, gix::objs::Kind::Blob, TEMPLATE_LIMIT).ok_or("it cannot be read")?;
    let text = String::from_utf8(data).map_err(|_| "it is not UTF-8 text")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept = text
        .chars()
        .filter(|c| "\n\t".contains(*c) || !(c.is_control() || is_deceptive(*c)));
    Ok(kept.collect())
}
