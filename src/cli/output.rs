//! Output: data to stdout, messages to stderr. A closed pipe is not an error, a full disk is one.

use std::io::{self, ErrorKind, Write};

use crate::exit::Exit;

/// The result of writing data to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "data that could not be written changes the exit code"]
pub(super) enum Written {
    /// All of it was written.
    Complete,
    /// The reader closed the pipe before the end.
    ReaderGone,
    /// It could not be written.
    Failed,
}

impl Written {
    /// Classifies the result of a write, and reports data that was lost.
    pub(super) fn of(written: io::Result<()>) -> Self {
        match written {
            Ok(()) => Self::Complete,
            // A reader such as `head` can close the pipe; the work goes on.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Self::ReaderGone,
            Err(error) => {
                eprint(&format!(
                    "standard output cannot be written: {error}; the output is lost"
                ));
                Self::Failed
            }
        }
    }

    /// Returns the exit code of a command that only prints.
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::Complete | Self::ReaderGone => Exit::Done,
            Self::Failed => Exit::Failed,
        }
    }
}

/// Prints data on stdout, with a newline at the end.
pub(super) fn print(text: &str) -> Written {
    Written::of(write_line(&mut io::stdout().lock(), text))
}

/// Prints a message on stderr, with a newline at the end.
pub(super) fn eprint(text: &str) {
    // There is no other place to report it.
    let _reader_gone = write_line(&mut io::stderr().lock(), text);
}

fn write_line(to: &mut dyn Write, text: &str) -> io::Result<()> {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    write!(to, "{text}{newline}")?;
    to.flush()
}
