//! The cause of a connection that was lost where it is a setting of ssh, and what ssh says when it is asked again aloud.

use std::time::Duration;

use sendoff_push::ClassifiedError as _;

use crate::git::transport::TransportError;
use crate::names::Scheme;
use crate::process::Ended;

use super::Target;
use super::ssh::{asking_aloud, may_be_openssh};
use super::ssh_probe::{Probed, probe};
use super::ssh_settings::Settings;
use super::stderr::{Stage, from_stderr};

/// How long ssh may take to say again what it kept to itself.
const ALOUD_TIMEOUT: Duration = Duration::from_secs(20);

/// The code of ssh itself when it has not connected or not logged in.
const OWN_FAILURE: i32 = 255;

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

/// Returns the setting by which something else writes before the service, if there is one.
pub(super) fn talker(target: Target<'_>) -> Option<TransportError> {
    let talker = settings(target)?.talker();
    talker.map(TransportError::SshObstacle)
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
