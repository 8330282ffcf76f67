//! Asks the caller's program in place of ssh for its settings, which connects nowhere: whether it takes OpenSSH's options, and
//! whether it can be run at all.

use std::time::Duration;

use crate::git::transport::{PushOptions, TransportError};
use crate::process::{Ended, Output, ProcessError};

use super::Target;
use super::message_lines::messages;
use super::ssh_command::{Variant, cannot_run, command, destination, named_in};
use super::ssh_settings::Settings;

/// How long an unknown program may take to tell its settings.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the program does when it is asked for its settings.
#[derive(Debug)]
pub(super) enum Probed {
    /// It is OpenSSH, or a wrapper that comes to one, with these settings.
    OpenSsh(Settings),
    /// It cannot be run, or a wrapper that comes to nothing.
    NotRun(TransportError),
    /// Something else: it does not know the question.
    Other,
}

/// Asks the program for its settings: `-G HOST`, as git does.
pub(super) fn probe(target: Target<'_>) -> Result<Probed, TransportError> {
    let port = target.url.port().map(|port| port.to_string());
    let asked = command(target)?
        .arg("-G")
        .args(port.iter().flat_map(|port| ["-p", port]))
        .arg(destination(target)?)
        .deadline(PROBE_TIMEOUT)
        .run_until(target.stop);
    Ok(match asked {
        Ok(output) if output.ended.is_success() => {
            Probed::OpenSsh(Settings::read(&output.stdout.bytes))
        }
        Ok(output) => failure(&output, target.options).map_or(Probed::Other, Probed::NotRun),
        Err(error @ ProcessError::Start { .. }) => {
            Probed::NotRun(TransportError::Start(error.into()))
        }
        Err(_) => Probed::Other,
    })
}

/// Returns the variant of a program of another name.
///
/// One that cannot be run has none. Git takes it for one that has no option for a port, which is then what it blames.
pub(super) fn probed_variant(target: Target<'_>) -> Result<Variant, TransportError> {
    match probe(target)? {
        Probed::OpenSsh(_) => Ok(Variant::Ssh),
        Probed::NotRun(error) if target.url.port().is_some() => Err(error),
        Probed::NotRun(_) | Probed::Other => Ok(Variant::Simple),
    }
}

/// Returns the error of a program that a shell could not run; nothing of a server is in its output.
fn failure(output: &Output, options: &PushOptions) -> Option<TransportError> {
    let named_in = named_in(options)?;
    let lines = messages(&output.stderr.bytes, &options.known);
    let said = lines.into_iter().find(|line| cannot_run(line))?;
    matches!(output.ended, Ended::Code(126 | 127))
        .then_some(TransportError::SshCommand { named_in, said })
}
