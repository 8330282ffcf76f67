//! The way out: data to stdout, talk to stderr. A closed pipe is no error, a full disk is one.

use std::io::{self, ErrorKind, Write};

use crate::exit::Exit;

/// Whether what was printed got to its pipe, file or terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "data that did not arrive changes the exit code"]
pub(super) enum Reached {
    /// All of it.
    Whole,
    /// Not all of it: the reader went away, and knows.
    Cut,
    /// Not all of it: it could not be written, and nobody but us knows.
    Lost,
}

impl Reached {
    /// Sorts what came of writing, and complains of data that was lost.
    pub(super) fn of(written: io::Result<()>) -> Self {
        match written {
            Ok(()) => Self::Whole,
            // Whoever reads may have gone (`sendoff run | head`): that ends the talking, not the work.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Self::Cut,
            Err(error) => {
                complain(&format!(
                    "standard output cannot be written: {error}; what was to be printed is lost"
                ));
                Self::Lost
            }
        }
    }

    /// Returns the exit code of a command that did nothing but print.
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::Whole | Self::Cut => Exit::Done,
            Self::Lost => Exit::Failed,
        }
    }
}

/// Prints data on stdout, with a newline at the end.
pub(super) fn print(text: &str) -> Reached {
    Reached::of(write_line(&mut io::stdout().lock(), text))
}

/// Tells a person something, on stderr.
pub(super) fn complain(text: &str) {
    // Nobody is left to hear of it.
    let _reader_gone = write_line(&mut io::stderr().lock(), text);
}

fn write_line(to: &mut dyn Write, text: &str) -> io::Result<()> {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    write!(to, "{text}{newline}")?;
    to.flush()
}
