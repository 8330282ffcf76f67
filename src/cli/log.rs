//! The log on stderr, or in the worker's file, without secrets.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::environment::Environment;
use crate::secrets::{KnownSecrets, clean};
use crate::session::tell_secrets;
use crate::worker::LogFile;

/// Sends log lines to stderr if `SENDOFF_LOG` is set, or at the level that the command line asks for.
pub(super) fn log_to_stderr(environment: &Environment, known: &KnownSecrets, level: Option<&str>) {
    let Some(filter) = environment.text("SENDOFF_LOG").or(level) else {
        return;
    };
    log_to(Sink::Stderr, filter, environment, known);
}

/// What a worker writes down unless `SENDOFF_LOG` asks for more.
const OF_A_WORKER: &str = "sendoff=info";

/// Sends a worker's log lines to the file in the state directory. Without a state directory they are lost.
pub(super) fn log_to_file(environment: &Environment, known: &KnownSecrets) {
    let file = environment
        .state_directory()
        .and_then(|state| LogFile::below(&state).ok());
    if let Some(file) = file {
        let filter = environment.text("SENDOFF_LOG").unwrap_or(OF_A_WORKER);
        log_to(Sink::File(file), filter, environment, known);
    }
}

fn log_to(sink: Sink, directives: &str, environment: &Environment, known: &KnownSecrets) {
    tell_secrets(environment, known);
    let log = SafeLog {
        sink,
        known: known.clone(),
    };
    let (filter, ignored) = filter(directives);
    for directive in ignored {
        let mut line = log.make_writer();
        let _buffered = writeln!(
            line,
            "sendoff: SENDOFF_LOG: `{directive}` is ignored: write LEVEL or TARGET=LEVEL, where LEVEL is \
             off, error, warn, info, debug or trace"
        );
    }
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(log)
        .with_ansi(false)
        .finish()
        .with(filter);
    // Fails when the process has a subscriber already, as in a test.
    let _first_wins = tracing::subscriber::set_global_default(subscriber);
}

/// Returns the filter for directives such as `warn,sendoff::git=debug`, and the directives that are invalid.
///
/// A target without a level gets all of its lines, and without a level for the rest errors are shown.
fn filter(directives: &str) -> (Targets, Vec<&str>) {
    let mut targets = Vec::new();
    let mut rest = None;
    let mut ignored = Vec::new();
    for directive in directives.split(',').map(str::trim) {
        let (target, level) = match directive.split_once('=') {
            Some((target, level)) => (Some(target), level.parse().ok()),
            None if directive.is_empty() => continue,
            None => match directive.parse() {
                Ok(level) => (None, Some(level)),
                Err(_) => (Some(directive), Some(LevelFilter::TRACE)),
            },
        };
        match (target, level) {
            (None, Some(level)) => rest = Some(level),
            (Some(target), Some(level)) if is_target(target) => targets.push((target, level)),
            _ => ignored.push(directive),
        }
    }
    if targets.is_empty() {
        rest.get_or_insert(LevelFilter::ERROR);
    }
    let filter = Targets::new().with_targets(targets);
    let filter = match rest {
        Some(level) => filter.with_default(level),
        None => filter,
    };
    (filter, ignored)
}

/// Says whether a text is the path of a module.
fn is_target(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|character| {
            character.is_alphanumeric() || matches!(character, '_' | ':' | '-' | '.')
        })
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
                // The reader of standard error can be gone.
                let _reader_gone = io::stderr().lock().write_all(safe.as_bytes());
            }
            Sink::File(file) => file.append(safe.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_level_counts_for_all_and_a_targets_for_its_modules() {
        let (filter, ignored) = filter("warn, sendoff::git=TRACE,h2=off,rustls");
        assert_eq!(ignored, Vec::<&str>::new());
        assert!(filter.would_enable("sendoff::git::range", &Level::TRACE));
        assert!(!filter.would_enable("sendoff::steps", &Level::INFO));
        assert!(filter.would_enable("sendoff::steps", &Level::WARN));
        assert!(!filter.would_enable("h2::client", &Level::ERROR));
        assert!(filter.would_enable("rustls::conn", &Level::TRACE));
    }

    #[test]
    fn without_a_level_errors_are_shown_unless_a_target_is_named() {
        assert!(filter("").0.would_enable("any", &Level::ERROR));
        assert!(!filter("").0.would_enable("any", &Level::WARN));
        assert!(!filter("sendoff=debug").0.would_enable("any", &Level::ERROR));
    }

    #[test]
    fn what_is_no_directive_is_named() {
        let (filter, ignored) = filter("sendoff=loud,run[step]=debug,=info,info");
        assert_eq!(ignored, ["sendoff=loud", "run[step]=debug", "=info"]);
        assert!(filter.would_enable("any", &Level::INFO));
    }
}
