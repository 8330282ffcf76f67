//! The platform's token: one line of a file, which can be rotated while a process runs.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::files::{FileError, Links, read};

use super::error::{PlatformError, PlatformErrorClass};

/// The largest file that is accepted as a token.
const MAX_TOKEN_FILE_SIZE: u64 = 64 * 1024;

/// Where the platform's token comes from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// Requests carry no token.
    None,
    /// The one line of this file; no file, no token.
    File(PathBuf),
}

impl TokenSource {
    /// Reads the token. Returns `None` when there is no file or it is blank.
    pub(super) fn read(&self) -> Result<Option<SecretString>, PlatformError> {
        let Self::File(path) = self else {
            return Ok(None);
        };
        let refuse = |why: &str| {
            let message = format!("the token file `{}` {why}", path.display());
            Err(PlatformError::new(PlatformErrorClass::TokenFile, message))
        };
        // Links are followed: orchestrators mount secrets as links.
        let text = match read(path, MAX_TOKEN_FILE_SIZE, Links::Followed) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(FileError::NotRegular | FileError::TooLarge(_)) => {
                return refuse("is not a regular file of at most 64 KiB");
            }
            Err(error) => return refuse(&format!("cannot be read: {error}")),
        };
        let Ok(text) = String::from_utf8(text) else {
            return refuse("cannot be read: it is not UTF-8");
        };
        let line = text.trim();
        if line.lines().nth(1).is_some() {
            return refuse("has more than one line");
        }
        Ok((!line.is_empty()).then(|| SecretString::from(line)))
    }
}
