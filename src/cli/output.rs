//! The way out: data to stdout, talk to stderr. A closed pipe is no error.

use std::io::{self, Write};

/// Prints data on stdout, with a newline at the end.
pub(super) fn print(text: &str) {
    deliver(text);
}

/// Prints data like [`print`], and says whether all of it reached the pipe, file or terminal.
pub(super) fn deliver(text: &str) -> bool {
    write_line(&mut io::stdout().lock(), text).is_ok()
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
    write!(to, "{text}{newline}").and_then(|()| to.flush())
}
