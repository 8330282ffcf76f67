//! What an error tells: in one line, in its sentences, of what the remote said.

use std::error::Error;
use std::time::Duration;

use gix::ObjectId;

use super::PushError;
use crate::clean::{Hide, clean_line};

impl PushError {
    /// Returns how long the remote asks to be left alone, where it says so: a day at most.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Returns the error in one line: what happened, and the cause at the bottom of it, without what `hide` takes out.
    pub fn summary(&self, hide: &dyn Hide) -> String {
        let mut cause: Option<&dyn Error> = None;
        let mut next = self.source();
        while let Some(error) = next {
            cause = Some(error);
            next = error.source();
        }
        let text = cause.map_or_else(|| self.to_string(), |cause| format!("{self}: {cause}"));
        clean_line(text.as_bytes(), hide)
    }

    /// Returns what the remote said beside its report.
    pub fn messages(&self) -> &[String] {
        match self {
            Self::Rejected { messages, .. }
            | Self::Unpack { messages, .. }
            | Self::HookDeclined { messages, .. } => messages,
            _ => &[],
        }
    }
}

/// Says where a branch is.
pub(super) fn place(tip: Option<ObjectId>) -> String {
    tip.map_or_else(
        || "gone".into(),
        |tip| format!("at {}", tip.to_hex_with_len(12)),
    )
}

/// Returns `: text`, or nothing for an empty text.
pub(super) fn tail(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}

/// Writes a number of bytes as policies do, where that is exact.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1_000_000) => format!("{} MB", bytes / 1_000_000),
        _ if bytes.is_multiple_of(1000) => format!("{} KB", bytes / 1000),
        _ => format!("{bytes} bytes"),
    }
}
