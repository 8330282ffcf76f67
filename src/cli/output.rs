//! The way out: data to stdout, talk to stderr. A closed pipe is no error.

use std::io::{self, Write};

/// Where the program prints.
#[derive(Debug, Default)]
pub(super) struct Output {
    /// Whether some of the data did not reach its reader.
    broken: bool,
}

impl Output {
    /// Makes the way out.
    pub(super) const fn new() -> Self {
        Self { broken: false }
    }

    /// Prints data on stdout, with a newline at the end.
    pub(super) fn print(&mut self, text: &str) {
        self.broken |= write_line(&mut io::stdout().lock(), text).is_err();
    }

    /// Tells a person something, on stderr.
    pub(super) fn complain(&mut self, text: &str) {
        // Nobody is left to hear of it.
        let _reader_gone = write_line(&mut io::stderr().lock(), text);
    }

    /// Says whether all data that was printed reached the pipe, file or terminal.
    pub(super) const fn is_whole(&self) -> bool {
        !self.broken
    }
}

/// Writes and flushes. Whoever reads may have gone (`sendoff run | head`): that ends the talking,
/// not the work.
fn write_line(to: &mut dyn Write, text: &str) -> io::Result<()> {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    write!(to, "{text}{newline}").and_then(|()| to.flush())
}
