//! `Directory`: a directory whose content is not trusted.

use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};

use super::{FileError, SAFE, absent_or, bounded, open_at};

/// The most files below one directory that are checked.
pub(super) const MAX_FILES: usize = 1_000_000;

/// A directory whose content is not trusted. No link is followed in any part of a path below it.
#[derive(Debug)]
pub struct Directory(OwnedFd);

/// The type of the file at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A regular file of so many bytes.
    File(u64),
    /// A directory.
    Directory,
}

impl Directory {
    /// Opens a directory. Links in its own path are followed, because the caller chose the path.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = SAFE | OFlags::DIRECTORY;
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// Opens a directory; `None` when there is none. A link in its place is an error.
    pub fn open_unlinked(path: &Path) -> Result<Option<Self>, FileError> {
        let flags = SAFE | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(opened) => Ok(Some(Self(opened))),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            // The system says either of a link.
            Err(rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) if path.is_symlink() => {
                Err(FileError::Link)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the type of the file at `path`. A link in any part of the path, a pipe and a device are errors.
    pub fn look(&self, path: &Path) -> Result<Found, FileError> {
        let mut above: Option<OwnedFd> = None;
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else {
                return Err(FileError::Path);
            };
            let directory = above.as_ref().unwrap_or(&self.0);
            if parts.peek().is_some() {
                let flags = SAFE | OFlags::DIRECTORY | OFlags::NOFOLLOW;
                match rustix::fs::openat(directory, name, flags, Mode::empty()) {
                    Ok(opened) => {
                        above = Some(opened);
                        continue;
                    }
                    Err(rustix::io::Errno::NOENT) => return Ok(Found::Nothing),
                    // A link or a file in place of a directory.
                    Err(rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            let found = match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => kind(FileType::from_raw_mode(stat.st_mode), stat.st_size)?,
                Err(error) => return absent_or::<Found>(error).map(|_| Found::Nothing),
            };
            // Nothing is below a file.
            return Ok(match parts.peek() {
                Some(_) => Found::Nothing,
                None => found,
            });
        }
        Ok(Found::Directory)
    }

    /// Checks all files below the directory `path`: fails for a link, a pipe, or a file of more than `limit` bytes.
    pub fn look_below(&self, path: &Path, limit: u64) -> Result<(), FileError> {
        if self.look(path)? != Found::Directory {
            return Ok(());
        }
        let mut left = vec![path.to_owned()];
        let mut seen = 0_usize;
        while let Some(path) = left.pop() {
            let flags = SAFE | OFlags::DIRECTORY | OFlags::NOFOLLOW;
            let opened = rustix::fs::openat(&self.0, &path, flags, Mode::empty())?;
            for entry in Dir::read_from(&opened)? {
                let entry = entry?;
                let name = entry.file_name();
                if matches!(name.to_bytes(), b"." | b"..") {
                    continue;
                }
                seen += 1;
                if seen > MAX_FILES {
                    return Err(FileError::TooMany);
                }
                let stat = match rustix::fs::statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => stat,
                    // It was removed since.
                    Err(rustix::io::Errno::NOENT) => continue,
                    Err(error) => return Err(error.into()),
                };
                match kind(FileType::from_raw_mode(stat.st_mode), stat.st_size)? {
                    Found::Directory => {
                        use std::os::unix::ffi::OsStrExt;
                        left.push(path.join(std::ffi::OsStr::from_bytes(name.to_bytes())));
                    }
                    Found::File(size) if size > limit => return Err(FileError::TooLarge(limit)),
                    Found::File(_) | Found::Nothing => {}
                }
            }
        }
        Ok(())
    }

    /// Hands out the names in the directory `path`, each with whether it is a directory where the system says so, until
    /// `each` breaks. A link in the place of the directory is an error.
    pub fn names(
        &self,
        path: &Path,
        mut each: impl FnMut(&[u8], Option<bool>) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<()>> {
        let flags = SAFE | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        let opened = rustix::fs::openat(&self.0, path, flags, Mode::empty())?;
        for entry in Dir::new(opened)? {
            let entry = entry?;
            let is_directory = match entry.file_type() {
                FileType::Unknown => None,
                kind => Some(kind == FileType::Directory),
            };
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") && each(name, is_directory).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reads the regular file at `path`, or returns `None` where there is none.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
        let Found::File(_) = self.look(path)? else {
            return Ok(None);
        };
        let mut above: Option<OwnedFd> = None;
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            let directory = above.as_ref().unwrap_or(&self.0);
            let name = part.as_os_str();
            if parts.peek().is_none() {
                let file = open_at(directory, name)?;
                return file.map(|file| bounded(file, limit)).transpose();
            }
            let flags = SAFE | OFlags::NOFOLLOW;
            let opened = rustix::fs::openat(directory, name, flags, Mode::empty());
            above = Some(match opened {
                Ok(opened) => opened,
                Err(rustix::io::Errno::LOOP) => return Err(FileError::Link),
                Err(error) => return absent_or(error),
            });
        }
        Ok(None)
    }
}

fn kind(kind: FileType, size: i64) -> Result<Found, FileError> {
    match kind {
        FileType::RegularFile => Ok(Found::File(u64::try_from(size).unwrap_or(u64::MAX))),
        FileType::Directory => Ok(Found::Directory),
        FileType::Symlink => Err(FileError::Link),
        _ => Err(FileError::NotRegular),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_link_is_followed_below_a_directory() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::create_dir_all(at("top/a/b")).unwrap();
        fs::create_dir_all(at("other")).unwrap();
        fs::write(at("other/file"), "secret").unwrap();
        fs::write(at("top/a/b/file"), "ours").unwrap();
        symlink(at("other"), at("top/a/link")).unwrap();
        symlink(at("other/file"), at("top/a/b/link")).unwrap();
        let top = Directory::open(&at("top")).unwrap();
        let read = |path: &str| top.read(Path::new(path), 100);
        assert_eq!(read("a/b/file").unwrap().unwrap(), b"ours");
        for path in ["a/link/file", "a/b/link"] {
            assert!(matches!(read(path), Err(FileError::Link)), "{path}");
        }
        assert!(matches!(read("../other/file"), Err(FileError::Path)));
        assert!(matches!(read("/etc/passwd"), Err(FileError::Path)));
        assert!(read("a/b/file/c").unwrap().is_none());
        assert!(read("a/none").unwrap().is_none());
        assert!(matches!(
            top.look_below(Path::new("a"), 100),
            Err(FileError::Link)
        ));
        fs::remove_file(at("top/a/link")).unwrap();
        fs::remove_file(at("top/a/b/link")).unwrap();
        top.look_below(Path::new("a"), 100).unwrap();
        assert!(matches!(
            top.look_below(Path::new("a"), 3),
            Err(FileError::TooLarge(3))
        ));
    }
}
