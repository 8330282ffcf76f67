//! Opens files that are not trusted, and can be a link, a pipe, a device or endless.

mod directory;
mod private;

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::path::Arg;

use self::directory::MAX_FILES;
pub use self::directory::{Directory, Found};
pub use self::private::{make_private_directory, open_lock_file, replace};

/// Whether symbolic links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// They are, because everyone who can write to the directory is trusted.
    Followed,
    /// A link in the place of the file is an error.
    Refused,
}

/// Why a file cannot be read.
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
    /// There are too many files.
    #[error("there are more than {MAX_FILES} files")]
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

/// Opening never blocks, not even for a pipe without a writer, and no terminal becomes the controlling terminal.
const SAFE: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// Opens the regular file at `path`, or returns `None` where there is none.
pub fn open(path: &Path, links: Links) -> Result<Option<File>, FileError> {
    Ok(sized(path, links)?.map(|(file, _)| file))
}

/// Reads the regular file at `path`, or returns `None` where there is none.
pub fn read(path: &Path, limit: u64, links: Links) -> Result<Option<Vec<u8>>, FileError> {
    sized(path, links)?
        .map(|(file, size)| content(file, size, limit))
        .transpose()
}

/// Opens the regular file `name` in a directory, which is no link, or returns `None` where there is none.
pub fn open_at(directory: impl AsFd, name: impl Arg) -> Result<Option<File>, FileError> {
    match rustix::fs::openat(directory, name, SAFE | OFlags::NOFOLLOW, Mode::empty()) {
        Ok(file) => regular(file).map(|(file, _)| Some(file)),
        Err(rustix::io::Errno::LOOP) => Err(FileError::Link),
        Err(error) => absent_or(error),
    }
}

/// Opens the regular file at `path`, and returns its size in bytes with it.
fn sized(path: &Path, links: Links) -> Result<Option<(File, u64)>, FileError> {
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

/// Converts the error for a missing file to `None`.
fn absent_or<T>(error: rustix::io::Errno) -> Result<Option<T>, FileError> {
    match error {
        rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR => Ok(None),
        // A socket, or a pipe without a reader.
        rustix::io::Errno::NXIO => Err(FileError::NotRegular),
        error => Err(error.into()),
    }
}

fn regular(file: OwnedFd) -> Result<(File, u64), FileError> {
    let file = File::from(file);
    let found = file.metadata()?;
    if found.is_file() {
        Ok((file, found.len()))
    } else {
        Err(FileError::NotRegular)
    }
}

/// Reads a file of at most `limit` bytes.
pub fn bounded(file: File, limit: u64) -> Result<Vec<u8>, FileError> {
    let size = file.metadata()?.len();
    content(file, size, limit)
}

fn content(file: File, size: u64, limit: u64) -> Result<Vec<u8>, FileError> {
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
    fn what_never_ends_is_not_read() {
        let read = |path: &str| read(Path::new(path), 100, Links::Followed);
        assert!(matches!(read("/dev/zero"), Err(FileError::NotRegular)));
        assert!(matches!(read("/"), Err(FileError::NotRegular)));
        assert!(read("/no/such/file").unwrap().is_none());
    }
}
