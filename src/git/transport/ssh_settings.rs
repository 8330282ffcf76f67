//! The settings of ssh that keep it silent, or git's protocol from the server, and what ssh says when it is asked again aloud.

use std::time::Duration;

use sendoff_push::ClassifiedError as _;

use crate::git::transport::TransportError;
use crate::names::Scheme;
use crate::process::Ended;

use super::Target;
use super::ssh::{asking_aloud, may_be_openssh};
use super::ssh_probe::{Probed, probe};
use super::stderr::{Stage, from_stderr};

/// How long ssh may take to say again what it kept to itself.
const ALOUD_TIMEOUT: Duration = Duration::from_secs(20);

/// The code of ssh itself when it has not connected or not logged in.
const OWN_FAILURE: i32 = 255;

/// The settings with which ssh would connect, as `ssh -G` writes them: a line each, in lower case.
#[derive(Debug, Default)]
pub(super) struct Settings(String);

/// A setting with which no push gets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The server gives the service a terminal, which changes the bytes.
    Terminal,
    /// The service gets nothing of what is sent.
    NoInput,
}

impl Obstacle {
    /// Returns what is wrong.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Terminal => {
                "ssh asks the server for a terminal (`RequestTTY force`), which changes what git sends"
            }
            Self::NoInput => "ssh hands nothing on to the server (`StdinNull yes`)",
        }
    }

    /// Returns what to do, in one line.
    pub(super) const fn advice(self) -> &'static str {
        match self {
            Self::Terminal => {
                "take `RequestTTY` for this host out of ~/.ssh/config, or `-t` out of the ssh command"
            }
            Self::NoInput => {
                "take `StdinNull` for this host out of ~/.ssh/config, or `-n` out of the ssh command"
            }
        }
    }
}

impl Settings {
    /// Reads what ssh wrote.
    pub(super) fn read(written: &[u8]) -> Self {
        Self(String::from_utf8_lossy(written).to_ascii_lowercase())
    }

    fn has(&self, setting: &str) -> bool {
        self.0.lines().any(|line| line.trim_end() == setting)
    }

    /// Says whether ssh keeps errors to itself.
    fn is_quiet(&self) -> bool {
        // Ssh calls `QUIET` so.
        ["silent", "quiet", "fatal"]
            .iter()
            .any(|level| self.has(&format!("loglevel {level}")))
    }

    fn obstacle(&self) -> Option<Obstacle> {
        if self.has("requesttty force") {
            Some(Obstacle::Terminal)
        } else if self.has("stdinnull yes") {
            Some(Obstacle::NoInput)
        } else {
            None
        }
    }
}

/// Returns `error`, or its cause where that is a setting of ssh.
///
/// Ssh is asked for its settings only where it said nothing and did not connect, or where the service's bytes are not as they
/// should be.
pub(super) fn or_setting(
    error: TransportError,
    ended: Option<Ended>,
    lines: &[String],
    stage: Stage,
    target: Target<'_>,
) -> TransportError {
    let is_lost = matches!(error, TransportError::Network { .. });
    let is_silent = lines.is_empty() && ended == Some(Ended::Code(OWN_FAILURE));
    // A shell that could not run its program was asked for the settings already.
    let is_not_run = matches!(ended, Some(Ended::Code(126 | 127)));
    if !is_lost || is_not_run || !(is_silent || stage == Stage::Working) {
        return error;
    }
    let Some(settings) = settings(target) else {
        return error;
    };
    match stage {
        Stage::Opening if settings.is_quiet() => told_aloud(target).unwrap_or(error),
        Stage::Opening => error,
        Stage::Working => settings
            .obstacle()
            .map_or(error, TransportError::SshObstacle),
    }
}

/// Returns the setting that spoils what comes from the service, if there is one.
pub(super) fn obstacle(target: Target<'_>) -> Option<TransportError> {
    let obstacle = settings(target)?.obstacle();
    obstacle.map(TransportError::SshObstacle)
}

/// Asks ssh for its settings, where it is OpenSSH or may be: another program would take the question for a host.
fn settings(target: Target<'_>) -> Option<Settings> {
    if !may_be_openssh(target.options) {
        return None;
    }
    match probe(target) {
        Ok(Probed::OpenSsh(settings)) => Some(settings),
        _ => None,
    }
}

/// Connects once more, where ssh may speak, and returns why it was not let in or did not connect.
fn told_aloud(target: Target<'_>) -> Option<TransportError> {
    let program = asking_aloud(target).ok()?;
    let output = program
        .deadline(ALOUD_TIMEOUT)
        .run_until(target.stop)
        .ok()?;
    if output.ended != Ended::Code(OWN_FAILURE) {
        return None;
    }
    let lines = output.stderr.bytes.split_inclusive(|byte| *byte == b'\n');
    let told: Vec<u8> = lines
        .filter(|line| !line.starts_with(b"debug"))
        .flatten()
        .copied()
        .collect();
    let error = from_stderr(&told, Scheme::Ssh, Stage::Opening, &target.options.known);
    // A remark on a connection that was lost says nothing more.
    (error.class() != "network" || !told.is_empty()).then_some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_ssh_writes_them() {
        let of = |text: &str| Settings::read(text.as_bytes());
        assert!(of("user git\nloglevel SILENT\n").is_quiet());
        assert!(!of("loglevel INFO\nremotecommand loglevel silent\n").is_quiet());
        assert_eq!(of("requesttty auto\nstdinnull no\n").obstacle(), None);
        let forced = of("requesttty force\n").obstacle();
        assert_eq!(forced, Some(Obstacle::Terminal));
        let null = of("stdinnull yes\n").obstacle();
        assert_eq!(null, Some(Obstacle::NoInput));
    }
}
