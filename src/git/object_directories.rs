//! The object directories that the environment names, in place of the repository's own and beside it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::bstr::{BString, ByteSlice};
use gix::odb::Store;
use gix::odb::store::init::Options;
use sendoff_push::objects::OBJECT_DIRECTORY_KEY;

use super::alternates::check_alternates;
use super::open_error::OpenError;

/// What the caller says of a repository's objects.
#[derive(Debug, Clone, Default)]
pub struct ObjectDirectories {
    /// `GIT_OBJECT_DIRECTORY`.
    own: Option<PathBuf>,
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`.
    more: Vec<PathBuf>,
}

impl ObjectDirectories {
    /// Reads the values of both variables as git does; `listed` has colons between its paths, which may be quoted.
    pub(super) fn new(own: Option<PathBuf>, listed: &[u8]) -> Self {
        Self {
            own,
            more: split(listed),
        }
    }

    /// Says whether the environment names none.
    pub(super) const fn are_usual(&self) -> bool {
        self.own.is_none() && self.more.is_empty()
    }

    /// Returns the same, with paths that begin in `base`.
    pub(super) fn from(&self, base: &Path) -> Self {
        Self {
            own: self.own.as_ref().map(|path| base.join(path)),
            more: self.more.iter().map(|path| base.join(path)).collect(),
        }
    }

    /// Refuses an own directory that is not there, and lists of alternates that cannot be read.
    pub(super) fn check(&self) -> Result<(), OpenError> {
        match &self.own {
            Some(path) if !path.is_dir() => {
                return Err(OpenError::ObjectDirectory(path.clone()));
            }
            _ => {}
        }
        // What is not there has no list.
        self.all().try_for_each(check_alternates)
    }

    /// Returns what tells a reader of objects of them, as a configuration that is given at opening.
    pub(super) fn settings(&self) -> impl Iterator<Item = BString> {
        let setting = |path: &Path| {
            let mut setting = format!("{OBJECT_DIRECTORY_KEY}=").into_bytes();
            setting.extend_from_slice(path.as_os_str().as_bytes());
            setting.into()
        };
        self.all().map(setting)
    }

    /// Puts the own directory in the place of the repository's.
    pub(super) fn put_into(
        &self,
        repo: &mut gix::ThreadSafeRepository,
    ) -> Result<(), std::io::Error> {
        let Some(own) = &self.own else {
            return Ok(());
        };
        let kind = repo.to_thread_local().object_hash();
        let options = Options::default();
        let store = Store::at_opts(own.clone(), kind, &mut std::iter::empty(), options)?;
        repo.objects = Arc::new(store);
        Ok(())
    }

    /// Returns what the programs of a push get, so that they find the same objects.
    pub(super) fn variables(&self) -> Vec<(&'static str, OsString)> {
        let own = self.own.iter();
        let own = own.map(|path| ("GIT_OBJECT_DIRECTORY", path.into()));
        let more: Vec<Vec<u8>> = self.more.iter().map(|path| quoted(path)).collect();
        let more = (!more.is_empty()).then(|| OsString::from_vec(more.join(&b':')));
        let more = more.map(|listed| ("GIT_ALTERNATE_OBJECT_DIRECTORIES", listed));
        own.chain(more).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Path> {
        self.own.iter().chain(&self.more).map(PathBuf::as_path)
    }
}

/// Takes a list apart: one that begins with a quotation mark is quoted as a C string.
fn split(listed: &[u8]) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut left = listed;
    while !left.is_empty() {
        let end = left.find_byte(b':').unwrap_or(left.len());
        let unquoted = left
            .starts_with(b"\"")
            .then(|| gix::quote::ansi_c::undo(left.as_bstr()));
        let (path, length) = match unquoted {
            Some(Ok((path, length))) => (path.into_owned(), length),
            _ => (left.get(..end).unwrap_or_default().into(), end),
        };
        if !path.is_empty() {
            paths.push(PathBuf::from(OsStr::from_bytes(&path)));
        }
        left = left.get(length..).unwrap_or_default();
        left = left.strip_prefix(b":").unwrap_or(left);
    }
    paths
}

/// Writes a path as an element of the list.
fn quoted(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_bytes();
    if !bytes.contains(&b':') && !bytes.starts_with(b"\"") {
        return bytes.to_owned();
    }
    let mut text = vec![b'"'];
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend([b'\\', *byte]),
            _ => text.push(*byte),
        }
    }
    text.push(b'"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_taken_apart_as_by_git_and_written_so_that_it_is_the_same() {
        for (listed, expected) in [
            ("/a:/b", vec!["/a", "/b"]),
            ("::/a:", vec!["/a"]),
            ("\"/a:b\":c", vec!["/a:b", "c"]),
            ("\"/a\\\"b\\\\\"", vec!["/a\"b\\"]),
            ("\"/a", vec!["\"/a"]),
        ] {
            let paths = split(listed.as_bytes());
            let expected: Vec<PathBuf> = expected.into_iter().map(PathBuf::from).collect();
            assert_eq!(paths, expected, "{listed}");
            let written: Vec<Vec<u8>> = paths.iter().map(|path| quoted(path)).collect();
            assert_eq!(split(&written.join(&b':')), expected, "{listed}");
        }
    }
}
