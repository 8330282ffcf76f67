//! `Reason`: why something did not happen: a stable code, a sentence, and what to do about it.

mod code;

use std::error::Error;
use std::fmt;

use rustix::io::Errno;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::code::Code;

/// Why something did not happen. In the notes of a report: something the user should know that
/// belongs to no step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(
    rename = "Note",
    description = "Something the user should know that belongs to no step."
)]
pub struct Reason {
    /// A stable code, such as `config-ignored`.
    #[schemars(with = "String")]
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// What to do about it, in one line.
    pub advice: Option<String>,
}

impl Reason {
    /// Makes a reason without advice.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            advice: None,
        }
    }

    /// Makes a reason of an error and its causes, see [`error_chain`].
    pub fn of(code: Code, error: &dyn Error) -> Self {
        Self::new(code, error_chain(error))
    }

    /// Makes the reason for an error that the system reports when it has no more files, memory, threads or processes; `None`
    /// for another error.
    pub fn of_no_resources(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut errors = std::iter::successors(Some(error), |error| (*error).source());
        errors
            .any(lacks_resources)
            .then(|| Self::of(Code::NoResources, error).advise(MORE_RESOURCES))
    }

    /// Makes the reason for a thread that the system refused to start; `refusal` is its message.
    pub fn no_thread(refusal: &str) -> Self {
        let message = format!("the machine refuses another thread: {refusal}");
        Self::new(Code::NoResources, message).advise(MORE_RESOURCES)
    }

    /// Replaces a reason that reports damage by one that reports the limit of open files, when that limit is low.
    ///
    /// Many libraries treat a file that cannot be opened as missing, so the two cannot be told apart then.
    #[must_use]
    pub fn or_few_files(self) -> Self {
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        match files {
            Some(files) if files < FEW_FILES && OF_DAMAGE.contains(&self.code) => {
                let message = format!("{} (this process may open {files} files)", self.message);
                Self::new(Code::NoResources, message).advise(MORE_RESOURCES)
            }
            _ => self,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(self, advice: impl Into<String>) -> Self {
        self.advise_if(Some(advice))
    }

    /// Adds what to do about it, where something can be done.
    #[must_use]
    pub fn advise_if(mut self, advice: Option<impl Into<String>>) -> Self {
        self.advice = advice.map(Into::into).or(self.advice);
        self
    }
}

/// A process with a lower limit of open files can reach it in any run.
const FEW_FILES: u64 = 64;

/// The codes for a repository in which something cannot be read.
const OF_DAMAGE: &[Code] = &[
    Code::BadHead,
    Code::BadRef,
    Code::BadRepository,
    Code::Corrupt,
    Code::HeadMissing,
    Code::MissingObjects,
];

/// The advice for when the system has no more files, memory or processes.
const MORE_RESOURCES: &str = "raise the limits of open files and processes (`ulimit -n`, `ulimit -u`) or free memory, then run again: nothing is lost";

/// Says whether the system refused files, memory, threads or processes.
///
/// `EAGAIN` means the latter two: no socket here has a timeout of the system's, which would report the same number.
fn lacks_resources(error: &(dyn Error + 'static)) -> bool {
    let number = error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::raw_os_error);
    number.is_some_and(|number| {
        [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOMEM,
            Errno::NOBUFS,
            Errno::AGAIN,
        ]
        .contains(&Errno::from_raw_os_error(number))
    })
}

/// Formats an error and its causes on one line. A cause whose text is part of the line already is left out.
pub fn error_chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    for cause in std::iter::successors(error.source(), |cause| (*cause).source()) {
        let text = cause.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_a_later_version_is_read() {
        let read: Reason =
            serde_json::from_str(r#"{"code":"of-tomorrow","message":"m","advice":null}"#).unwrap();
        assert_eq!(read.code, Code::Unknown);
    }
}
