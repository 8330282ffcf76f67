//! Opening a file that may be anything: a link, a pipe, a device, endless.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::path::Arg;

/// How many files below one directory are looked at.
const LOOKED_AT: usize = 1_000_000;

/// Whether symbolic links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// They are: whoever may write the directory is trusted.
    Followed,
    /// The file itself may be none.
    Refused,
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is a symbolic link, or lies behind one.
    #[error("it is, or lies behind, a symbolic link")]
    Link,
    /// It is a pipe, a device or a directory.
    #[error("it is not a regular file")]
    NotRegular,
    /// It is larger than it may be.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// The path is absolute, or leads out of its directory.
    #[error("the path leads out of its directory")]
    Path,
    /// There are more files than are looked at.
    #[error("there are more than {LOOKED_AT} files")]
    TooMany,
    /// The system refuses it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<rustix::io::Errno> for FileError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

/// Opening never waits, not for a writer of a pipe either, and no terminal becomes ours.
const SAFE: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// Opens the regular file at `path`, or returns nothing where there is none.
pub fn open(path: &Path, links: Links) -> Result<Option<File>, FileError> {
    let flags = match links {
        Links::Followed => SAFE,
        Links::Refused => SAFE | OFlags::NOFOLLOW,
    };
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => regular(file).map(Some),
        Err(rustix::io::Errno::LOOP) if links == Links::Refused => Err(FileError::Link),
        Err(error) => absent_or(error),
    }
}

/// Reads the regular file at `path`, or returns nothing where there is none.
pub fn read(path: &Path, limit: u64, links: Links) -> Result<Option<Vec<u8>>, FileError> {
    open(path, links)?
        .map(|file| bounded(file, limit))
        .transpose()
}

/// Opens the regular file `name` in a directory, which is no link, or returns nothing where there is none.
pub fn open_at(directory: impl AsFd, name: impl Arg) -> Result<Option<File>, FileError> {
    match rustix::fs::openat(directory, name, SAFE | OFlags::NOFOLLOW, Mode::empty()) {
        Ok(file) => regular(file).map(Some),
        Err(rustix::io::Errno::LOOP) => Err(FileError::Link),
        Err(error) => absent_or(error),
    }
}

/// A directory below which nothing is trusted. No link is followed in any part of a path below it.
#[derive(Debug)]
pub struct Directory(OwnedFd);

/// What lies at a path.
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
    /// Opens a directory. Links in its own path count, as whoever named it means where they lead.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = SAFE | OFlags::DIRECTORY;
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// Says what lies at `path`. A link, a pipe or a device there, or a link on the way, is an error.
    pub fn look(&self, path: &Path) -> Result<Found, FileError> {
        let mut above: Option<OwnedFd> = None;
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else {
                return Err(FileError::Path);
            };
            let directory = above.as_ref().unwrap_or(&self.0);
            let found = match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => kind(FileType::from_raw_mode(stat.st_mode), stat.st_size)?,
                Err(error) => return absent_or::<Found>(error).map(|_| Found::Nothing),
            };
            match found {
                Found::Directory if parts.peek().is_some() => {
                    let flags = SAFE | OFlags::DIRECTORY | OFlags::NOFOLLOW;
                    above = Some(rustix::fs::openat(directory, name, flags, Mode::empty())?);
                }
                // A file in the way: nothing is below it.
                Found::File(_) if parts.peek().is_some() => return Ok(Found::Nothing),
                found => return Ok(found),
            }
        }
        Ok(Found::Directory)
    }

    /// Looks at all that lies below the directory `path`: no link, no pipe, no file of more than `limit` bytes.
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
                if seen > LOOKED_AT {
                    return Err(FileError::TooMany);
                }
                let stat = match rustix::fs::statat(&opened, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => stat,
                    // Somebody took it away meanwhile.
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

    /// Reads the regular file at `path`, or returns nothing where there is none.
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

/// Turns "there is no such file" into nothing.
fn absent_or<T>(error: rustix::io::Errno) -> Result<Option<T>, FileError> {
    match error {
        rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR => Ok(None),
        // What nobody listens to, and what is no file: a socket, a pipe without a reader.
        rustix::io::Errno::NXIO => Err(FileError::NotRegular),
        error => Err(error.into()),
    }
}

fn regular(file: OwnedFd) -> Result<File, FileError> {
    let file = File::from(file);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(FileError::NotRegular)
    }
}

/// Reads a file, and no more of it than it may hold.
pub fn bounded(file: File, limit: u64) -> Result<Vec<u8>, FileError> {
    let size = file.metadata()?.len();
    if size > limit {
        return Err(FileError::TooLarge(limit));
    }
    let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // One byte more than allowed: the file may have grown since it was measured.
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        return Err(FileError::TooLarge(limit));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a");
        fs::write(&path, "12345").unwrap();
        let read = |limit| read(&path, limit, Links::Refused);
        assert_eq!(read(5).unwrap().unwrap(), b"12345");
        assert!(matches!(read(4), Err(FileError::TooLarge(4))));
    }

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

    #[test]
    fn what_never_ends_is_not_read() {
        let read = |path: &str| read(Path::new(path), 100, Links::Followed);
        assert!(matches!(read("/dev/zero"), Err(FileError::NotRegular)));
        assert!(matches!(read("/"), Err(FileError::NotRegular)));
        assert!(read("/no/such/file").unwrap().is_none());
    }
}
