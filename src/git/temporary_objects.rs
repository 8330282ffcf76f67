//! Objects outside of the repository, for one run: a directory that is removed when the run ends, or by a later one.

use std::fs::{self, File};
use std::io::{self, BufReader, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use gix::odb::memory::Proxy;
use gix::odb::pack::Bundle;
use gix::odb::pack::bundle::write::Options as BundleOptions;
use tempfile::{Builder, TempDir};

/// The largest object that is taken, in bytes: it is memory.
const MAX_OBJECT: usize = 128 << 20;
/// The prefix of our directories' names.
const PREFIX: &str = "objects-";

/// The directory, and what keeps others from removing it.
#[derive(Debug)]
pub(super) struct TemporaryObjects {
    directory: TempDir,
    _locked: File,
}

impl TemporaryObjects {
    /// Makes a directory below `parent` whose objects are those of `repo` as well. What runs left there that were killed
    /// is removed.
    pub(super) fn new(parent: &Path, repo: &gix::Repository) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        // Held until ours is locked, so that no other process takes it for one that was left behind.
        let turn = File::open(parent)?;
        turn.lock()?;
        remove_left(parent);
        let directory = Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let locked = File::open(directory.path())?;
        locked.lock()?;
        fs::create_dir(directory.path().join("pack"))?;
        let info = directory.path().join("info");
        fs::create_dir(&info)?;
        let own = fs::canonicalize(repo.objects.store_ref().path())?;
        fs::write(info.join("alternates"), alternate(&own))?;
        Ok(Self {
            directory,
            _locked: locked,
        })
    }

    /// Makes a file for a pack that comes in.
    pub(super) fn incoming(&self) -> io::Result<File> {
        tempfile::tempfile_in(self.directory.path())
    }

    /// Takes the objects of a pack: each is hashed, so that it has no name but its own.
    pub(super) fn add(
        &self,
        pack: &mut File,
        kind: gix::hash::Kind,
        stop: &AtomicBool,
    ) -> io::Result<()> {
        pack.flush()?;
        pack.rewind()?;
        let options = BundleOptions {
            // Each thread can hold a few objects.
            thread_limit: Some(1),
            alloc_limit_bytes: Some(MAX_OBJECT),
            ..BundleOptions::default()
        };
        let no_bases: Option<gix::odb::Handle> = None;
        Bundle::write_to_directory(
            &mut BufReader::new(pack),
            Some(&self.directory.path().join("pack")),
            &mut gix::progress::Discard,
            stop,
            no_bases,
            kind,
            options,
        )
        .map_err(io::Error::other)?;
        Ok(())
    }

    /// Returns the repository with these objects.
    pub(super) fn with(&self, repo: &gix::Repository) -> io::Result<gix::Repository> {
        let kind = repo.object_hash();
        let objects = gix::odb::at(self.directory.path(), kind)?;
        let mut repo = repo.clone();
        repo.objects = Proxy::new(objects, kind);
        Ok(repo)
    }
}

/// Writes the path of an object directory as a line of `info/alternates`.
fn alternate(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_bytes();
    let is_plain = !bytes.contains(&b'\n') && bytes.first() == Some(&b'/');
    let mut line = Vec::with_capacity(bytes.len() + 3);
    if is_plain {
        line.extend_from_slice(bytes);
    } else {
        line.push(b'"');
        for byte in bytes {
            if matches!(byte, b'"' | b'\\') {
                line.push(b'\\');
            }
            line.push(*byte);
        }
        line.push(b'"');
    }
    line.push(b'\n');
    line
}

/// Removes the directories that no process holds.
fn remove_left(parent: &Path) {
    for path in left(parent) {
        if let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
        {
            // What cannot be removed now is tried again by the next run.
            drop(fs::remove_dir_all(&path));
        }
    }
}

fn left(parent: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| {
        let name = entry.file_name();
        name.as_bytes().starts_with(PREFIX.as_bytes())
    });
    ours.map(|entry| entry.path())
}
