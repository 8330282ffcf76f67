//! The log on stderr, or in the worker's file, without secrets.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::environment::Environment;
use crate::secrets::{KnownSecrets, clean};
use crate::worker::LogFile;

/// Sends log lines to stderr if `SENDOFF_LOG` is set.
pub(super) fn log_to_stderr(environment: &Environment, known: &KnownSecrets) {
    let Some(filter) = environment.text("SENDOFF_LOG") else {
        return;
    };
    log_to(Sink::Stderr, filter, environment, known);
}

/// What a worker writes down unless `SENDOFF_LOG` asks for more.
const OF_A_WORKER: &str = "sendoff=info";

/// Sends a worker's log lines to the file in the state directory. Without one nobody reads them.
pub(super) fn log_to_file(environment: &Environment, known: &KnownSecrets) {
    let file = environment
        .state_directory()
        .and_then(|state| LogFile::below(&state).ok());
    if let Some(file) = file {
        let filter = environment.text("SENDOFF_LOG").unwrap_or(OF_A_WORKER);
        log_to(Sink::File(file), filter, environment, known);
    }
}

fn log_to(sink: Sink, filter: &str, environment: &Environment, known: &KnownSecrets) {
    environment.tokens().for_each(|token| known.add(&token));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(SafeLog {
            sink,
            known: known.clone(),
        })
        .with_ansi(false)
        .finish();
    // Fails when the process has a subscriber already, as in a test.
    let _first_wins = tracing::subscriber::set_global_default(subscriber);
}

/// Where lines go.
enum Sink {
    Stderr,
    File(LogFile),
}

/// Makes a writer for each line.
struct SafeLog {
    sink: Sink,
    known: KnownSecrets,
}

impl<'log> MakeWriter<'log> for SafeLog {
    type Writer = Line<'log>;

    fn make_writer(&'log self) -> Self::Writer {
        Line {
            log: self,
            text: Vec::new(),
        }
    }
}

/// One line, buffered until it is complete: a secret can be written in pieces.
struct Line<'log> {
    log: &'log SafeLog,
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
        // Libraries log what servers send: it may move a terminal's cursor too.
        let safe = clean(&self.log.known.hide(&text));
        match &self.log.sink {
            Sink::Stderr => {
                // Nobody is left to hear of it.
                let _reader_gone = io::stderr().lock().write_all(safe.as_bytes());
            }
            Sink::File(file) => file.append(safe.as_bytes()),
        }
    }
}
