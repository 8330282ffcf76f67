//! The log on stderr, without secrets.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::environment::Environment;
use crate::secrets::{KnownSecrets, clean};

/// Sends log lines to stderr if `SENDOFF_LOG` is set.
pub(super) fn log_to_stderr(environment: &Environment, known: &KnownSecrets) {
    let Some(filter) = environment.text("SENDOFF_LOG") else {
        return;
    };
    environment.tokens().for_each(|token| known.add(&token));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(SafeStderr(known.clone()))
        .with_ansi(false)
        .finish();
    // Fails when the process has a subscriber already, as in a test.
    let _first_wins = tracing::subscriber::set_global_default(subscriber);
}

/// Makes a writer for each line.
struct SafeStderr(KnownSecrets);

impl<'log> MakeWriter<'log> for SafeStderr {
    type Writer = Line<'log>;

    fn make_writer(&'log self) -> Self::Writer {
        Line {
            known: &self.0,
            text: Vec::new(),
        }
    }
}

/// One line, buffered until it is complete: a secret can be written in pieces.
struct Line<'log> {
    known: &'log KnownSecrets,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        // Libraries log what servers send, terminal escapes included.
        let safe = clean(&self.known.hide(&text));
        // There is no other place to report it.
        let _reader_gone = io::stderr().lock().write_all(safe.as_bytes());
    }
}
