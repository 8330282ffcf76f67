//! The way out: data to stdout, talk to stderr. A closed pipe is no error.

use std::io::{self, Write};

/// Whether what was printed got to its pipe, file or terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// All of it.
    Whole,
    /// Not all of it: the reader went away.
    Cut,
}

/// Prints data on stdout, with a newline at the end.
pub(super) fn print(text: &str) -> Reached {
    match write_line(&mut io::stdout().lock(), text) {
        Ok(()) => Reached::Whole,
        Err(_) => Reached::Cut,
    }
}

/// Tells a person something, on stderr.
pub(super) fn complain(text: &str) {
    // Nobody is left to hear of it.
    let _reader_gone = write_line(&mut io::stderr().lock(), text);
}

/// Writes and flushes. Whoever reads may have gone (`sendoff run | head`): that ends the talking,
/// not the work.
fn write_line(to: &mut dyn Write, text: &str) -> io::Result<()> {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    write!(to, "{text}{newline}")?;
    to.flush()
}
