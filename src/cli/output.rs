//! The way out: data to stdout, talk to stderr. A closed pipe is no error.

use std::io::{self, Write};

/// Prints data on stdout, with a newline at the end.
pub(super) fn print(text: &str) {
    write_line(&mut io::stdout().lock(), text);
}

/// Tells a person something, on stderr.
pub(super) fn complain(text: &str) {
    write_line(&mut io::stderr().lock(), text);
}

/// Writes and flushes. Whoever reads may have gone (`sendoff run | head`): that ends the talking,
/// not the work.
fn write_line(to: &mut dyn Write, text: &str) {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    let _reader_gone = write!(to, "{text}{newline}").and_then(|()| to.flush());
}
