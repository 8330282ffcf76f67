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

    /// Makes a reason of an error and its causes, on one line.
    pub fn of(code: Code, error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let told = error.to_string();
            if !message.contains(&told) {
                message = format!("{message}: {told}");
            }
            cause = error.source();
        }
        Self::new(code, message)
    }

    /// Makes the reason of a want of resources, if an error or one of its causes is one.
    pub fn of_no_resources(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        let mut is_found = false;
        while let Some(error) = cause {
            is_found |= lacks_resources(error);
            cause = error.source();
        }
        is_found.then(|| Self::of(Code::NoResources, error).advise(MORE_RESOURCES))
    }

    /// Makes the reason of a machine that refuses a thread, with what the system says.
    pub fn no_thread(refusal: &str) -> Self {
        let message = format!("the machine refuses another thread: {refusal}");
        Self::new(Code::NoResources, message).advise(MORE_RESOURCES)
    }

    /// Puts the want of files in the place of damage, where this process may open so few that it cannot tell one from
    /// the other: a file that could not be opened counts as missing in many places.
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

/// Whoever may open fewer files than this at a time may run out of them in any run.
const FEW_FILES: u64 = 64;

/// What is said of a repository where something in it cannot be read.
const OF_DAMAGE: &[Code] = &[
    Code::BadHead,
    Code::BadRef,
    Code::BadRepository,
    Code::Corrupt,
    Code::HeadMissing,
    Code::MissingObjects,
];

/// What to do where the machine refuses files, memory or processes.
const MORE_RESOURCES: &str = "raise the limits of open files and processes (`ulimit -n`, `ulimit -u`) or free memory, then run again: nothing is lost";

/// Says whether the machine refused files, memory, threads or processes: another time it may not. No socket of ours has a
/// timeout of the system's, whose end would have the number of the last kind.
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
