//! Whether the work tree is exactly what HEAD's commit has. Where a task ends in a clone of its own it mostly is, and one look
//! at each file and directory shows it: gitoxide's repository, its attributes and its walk are not needed for that.

use std::ffi::OsStr;
use std::ops::{ControlFlow, Range};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

use gix::ObjectId;
use gix::bstr::BStr;
use gix::fs::Capabilities;
use gix::index::File;
use gix::index::entry::stat;
use gix::objs::CommitRefIter;
use sendoff_push::objects::Reader;

use super::ignored::{Beside, Patterns};
use super::rule_files::ATTRIBUTES;
use super::unchanged::{MAX_COMPARED, NOT_COMPARED, content, is_content, matching_stat};
use crate::files::Directory;
use crate::git::{Head, Repo};

/// The largest commit that is read, in bytes.
const MAX_COMMIT_SIZE: u64 = 8 << 20;

/// The most names of one directory that are compared with the patterns.
const MAX_OTHERS: usize = 100;

/// The strictest comparison that git knows: what it finds unchanged is so under any other settings.
const STRICT: Capabilities = Capabilities {
    precompose_unicode: false,
    ignore_case: false,
    executable_bit: true,
    symlink: true,
};

impl Repo {
    /// Says whether a look shows, before `until`, that everything is committed. Where it does not, that has to be counted.
    pub fn is_clean(&self, until: Instant) -> bool {
        let is_over = || Instant::now() > until;
        let index = || self.usual_index();
        self.work_tree()
            .is_some_and(|top| index().is_some_and(|index| self.is_as_index(top, &index, &is_over)))
    }

    /// Says whether nothing is staged, each file of the index is unchanged, and nothing else lies in its directories than
    /// what is ignored. Not where that takes more than a look: a file that may be converted and could have been changed since
    /// by its times, an empty directory, a submodule. Not either once `is_over` says so.
    pub(super) fn is_as_index(
        &self,
        work_tree: &Path,
        index: &File,
        is_over: &dyn Fn() -> bool,
    ) -> bool {
        let is_whole = || {
            let objects = self.common_dir().join("objects");
            let reader = Reader::at(objects, self.object_hash());
            reader.is_ok_and(|reader| self.is_as_committed(&reader, index))
        };
        written_tree(index).is_some()
            && self.objects.are_usual()
            && self.has_only_unchanged(work_tree, index, is_over)
            && is_whole()
    }

    /// Says whether all files of the index are unchanged, and nothing else lies in their directories than what is ignored.
    fn has_only_unchanged(
        &self,
        work_tree: &Path,
        index: &File,
        is_over: &dyn Fn() -> bool,
    ) -> bool {
        let Ok(top) = Directory::open(work_tree) else {
            return false;
        };
        let mut look = Look {
            ours: self,
            work_tree,
            index,
            top: &top,
            patterns: Patterns::new(self, &top),
            left: vec![Tracked {
                entries: 0..index.entries().len(),
                prefix: 0,
            }],
            racy: Vec::new(),
            has_tracked_attributes: false,
        };
        look.all(is_over).unwrap_or_default()
    }

    /// Says whether the index remembers that it was written as HEAD's tree, and was not changed since: nothing is staged.
    pub(super) fn is_as_committed(&self, reader: &Reader, index: &File) -> bool {
        written_tree(index).is_some_and(|tree| self.head_tree(reader) == Some(tree))
    }

    /// Returns the tree of HEAD's commit, which is read once: what HEAD names is no tag, and no commit is large.
    pub(super) fn head_tree(&self, reader: &Reader) -> Option<ObjectId> {
        let (Head::Branch { id, .. } | Head::Detached { id }) = self.head().ok()? else {
            return None;
        };
        let commit = reader.find_small(&id, MAX_COMMIT_SIZE)?;
        CommitRefIter::from_bytes(&commit, id.kind()).tree_id().ok()
    }
}

/// Returns the tree that the index was written as, if it was not changed since.
fn written_tree(index: &File) -> Option<ObjectId> {
    let tree = index.tree()?;
    let entries = usize::try_from(tree.num_entries?).ok()?;
    (index.entries().len() == entries).then_some(tree.id)
}

/// What the index has in one directory.
struct Tracked {
    /// Its entries, which lie together.
    entries: Range<usize>,
    /// So many bytes of their paths are the directory's, with the slash.
    prefix: usize,
}

/// Looks at one directory after the other.
struct Look<'r> {
    ours: &'r Repo,
    work_tree: &'r Path,
    index: &'r File,
    top: &'r Directory,
    patterns: Patterns<'r>,
    left: Vec<Tracked>,
    /// The entries of files that could have been changed since, by their times.
    racy: Vec<usize>,
    /// Whether a file of attributes lies in a directory of tracked files.
    has_tracked_attributes: bool,
}

impl Look<'_> {
    /// Says whether all files are unchanged, and nothing else lies in their directories than what is ignored. Returns
    /// nothing where it cannot be said.
    fn all(&mut self, is_over: &dyn Fn() -> bool) -> Option<bool> {
        while let Some(tracked) = self.left.pop() {
            if !self.at(&tracked, is_over)? {
                return Some(false);
            }
        }
        let is_same = || !self.has_attributes() && self.has_same_content(is_over);
        Some(self.racy.is_empty() || is_same())
    }

    /// Says whether files may be stored otherwise than they lie there, by the attributes of the work tree, of the repository, of
    /// the user, of the system, or of a tree that a key names.
    fn has_attributes(&self) -> bool {
        let own = self.ours.common_dir().join("info/attributes");
        let config = self.ours.config();
        let files = [
            Some(own),
            config.attributes_file(),
            Some("/etc/gitattributes".into()),
            config.expand("%(prefix)/etc/gitattributes"),
        ];
        self.has_tracked_attributes
            || files.into_iter().flatten().any(|path| path.exists())
            || config.fact_or_true("attr.tree").is_some()
    }

    /// Says whether the files that could have been changed since are what the index says. They were written when the index
    /// was, as by a checkout.
    fn has_same_content(&self, is_over: &dyn Fn() -> bool) -> bool {
        let is_same = |at: &usize| {
            if is_over() {
                return None;
            }
            let entry = self.index.entries().get(*at)?;
            let content = content(self.work_tree, self.index, entry)?;
            // Without attributes, git changes nothing else than the ends of lines.
            (!content.contains(&b'\r')).then(|| is_content(entry, &content).is_ok_and(|same| same))
        };
        self.racy.len() <= MAX_COMPARED && self.racy.iter().all(|at| is_same(at) == Some(true))
    }

    /// Says the same of one directory, and adds those in it to what is left.
    fn at(&mut self, tracked: &Tracked, is_over: &dyn Fn() -> bool) -> Option<bool> {
        let entries = self.index.entries();
        let (mut names, mut files) = (Vec::new(), Vec::new());
        let mut at = tracked.entries.start;
        while at < tracked.entries.end {
            let path: &[u8] = entries.get(at)?.path(self.index);
            let name = path.get(tracked.prefix..)?;
            let Some(end) = memchr::memchr(b'/', name) else {
                names.push(name);
                files.push(at);
                at += 1;
                continue;
            };
            names.push(name.get(..end)?);
            let prefix = tracked.prefix + end + 1;
            let directory = path.get(..prefix)?;
            let below = entries.get(at..tracked.entries.end)?.iter();
            let below = below.take_while(|entry| entry.path(self.index).starts_with(directory));
            let end = at + below.count();
            self.left.push(Tracked {
                entries: at..end,
                prefix,
            });
            at = end;
        }
        names.sort_unstable();
        let is_odd = |name: &&[u8]| matches!(*name, b"" | b"." | b".." | b".git");
        if names.iter().any(is_odd) {
            return None;
        }
        let directory = match tracked.prefix {
            0 => BStr::new(b""),
            prefix => {
                let first = entries.get(tracked.entries.start)?.path(self.index);
                BStr::new(first.get(..prefix)?)
            }
        };
        self.has_tracked_attributes |= names.binary_search(&ATTRIBUTES).is_ok();
        // The names come first: mostly it is them that differ.
        let is_clean = !is_over()
            && self.ignores_others(directory, &names, is_over)?
            && files.iter().all(|at| !is_over() && self.is_unchanged(*at));
        Some(is_clean)
    }

    /// Says whether nothing else lies in `directory` than `names`, and what is ignored. It ends with a slash, or is empty.
    fn ignores_others(
        &mut self,
        directory: &BStr,
        names: &[&[u8]],
        is_over: &dyn Fn() -> bool,
    ) -> Option<bool> {
        let (mut others, has_attributes) = (Vec::new(), &mut self.has_tracked_attributes);
        let path = match directory.split_last() {
            Some((_, path)) => path,
            None => b".",
        };
        let listed = self
            .top
            .names(Path::new(OsStr::from_bytes(path)), |name, kind| {
                let is_own = directory.is_empty() && name == b".git";
                if is_own || names.binary_search(&name).is_ok() {
                    return ControlFlow::Continue(());
                }
                let Some(is_directory) = kind.filter(|_| others.len() < MAX_OTHERS) else {
                    return ControlFlow::Break(());
                };
                *has_attributes |= name == ATTRIBUTES;
                others.push(Beside {
                    path: [directory, name].concat().into(),
                    is_directory,
                });
                ControlFlow::Continue(())
            });
        if listed.ok()?.is_break() {
            return None;
        }
        if others.is_empty() {
            return Some(true);
        }
        self.patterns.ignore_all(directory, &others, is_over)
    }

    /// Says whether the file of an entry is unchanged, by its times and its size; it is kept where it could be changed all
    /// the same.
    fn is_unchanged(&mut self, at: usize) -> bool {
        let Some(entry) = self.index.entries().get(at) else {
            return false;
        };
        let options = stat::Options::default();
        let path = self
            .work_tree
            .join(OsStr::from_bytes(entry.path(self.index)));
        let Some(stat) = matching_stat(entry, &path, STRICT, options) else {
            return false;
        };
        if stat.is_racy(self.index.timestamp(), options) {
            self.racy.push(at);
        }
        !entry.flags.intersects(NOT_COMPARED)
    }
}
