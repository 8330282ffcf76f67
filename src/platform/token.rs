//! The platform's token: one line of a file that may be rotated while we run.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use secrecy::SecretString;

use super::error::{PlatformError, PlatformErrorClass};

/// The largest file that is taken for a token.
const LIMIT: u64 = 64 * 1024;

/// Where the platform's token comes from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// Requests carry no token.
    None,
    /// The one line of this file; no file, no token.
    File(PathBuf),
}

impl TokenSource {
    /// Reads the token. Nothing when there is no file or it is blank.
    pub(super) fn read(&self) -> Result<Option<SecretString>, PlatformError> {
        let Self::File(path) = self else {
            return Ok(None);
        };
        let refuse = |why: &str| {
            let message = format!("the token file `{}` {why}", path.display());
            Err(PlatformError::new(PlatformErrorClass::TokenFile, message))
        };
        let text = match read_bounded(path) {
            Ok(Some(text)) => text,
            Ok(None) => return refuse("is not a regular file of at most 64 KiB"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return refuse(&format!("cannot be read: {error}")),
        };
        let line = text.trim();
        if line.lines().nth(1).is_some() {
            return refuse("has more than one line");
        }
        Ok((!line.is_empty()).then(|| SecretString::from(line)))
    }
}

/// Reads a regular file; nothing when it is something else, or too large. Links are followed:
/// orchestrators mount secrets as links. A pipe must not hang us, so it is opened without blocking.
fn read_bounded(path: &Path) -> io::Result<Option<String>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > LIMIT {
        return Ok(None);
    }
    let mut text = String::new();
    file.take(LIMIT).read_to_string(&mut text)?;
    Ok(Some(text))
}
