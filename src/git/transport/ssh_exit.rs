//! What the exit of the caller's ssh command tells beside its stderr: it could not be run, or a signal ended it.

use crate::git::transport::{PushOptions, TransportError};
use crate::process::Ended;

use super::service::Service;
use super::ssh::first_word;

/// What a shell writes behind the name of a program that it cannot run.
const CANNOT_RUN: &[&str] = &[
    "not found",
    "no such file or directory",
    "permission denied",
    "exec format error",
    "cannot execute",
    "is a directory",
];

/// What a shell writes when a signal has ended its program.
const ENDED_BY_SIGNAL: &[&str] = &[
    "killed",
    "terminated",
    "hangup",
    "aborted",
    "segmentation fault",
];

/// Returns the error of an ssh command of the caller's that a shell here could not run.
///
/// A shell on the server ends ssh with the same codes: what it could not run is the service, which its message names.
pub(super) fn not_run(
    ended: Option<Ended>,
    lines: &[String],
    options: &PushOptions,
) -> Option<TransportError> {
    let named_in = named_in(options)?;
    if !matches!(ended, Some(Ended::Code(126 | 127))) {
        return None;
    }
    let services = [Service::ReceivePack, Service::UploadPack];
    let asked = services.map(|service| options.services.command(service));
    let first = options.ssh_command.as_deref().map(first_word);
    let is_ssh = first.is_some_and(|word| word.rsplit('/').next() == Some("ssh"));
    let tells = |line: &&String| {
        let lower = line.to_ascii_lowercase();
        CANNOT_RUN.iter().any(|words| lower.contains(words))
            && !asked.iter().any(|command| line.contains(command))
            // Ssh itself is there as a rule, and what its server says is not of here.
            && (!is_ssh || first.is_some_and(|word| line.contains(&format!(": {word}: "))))
    };
    let said = lines.iter().find(tells)?.clone();
    Some(TransportError::SshCommand { named_in, said })
}

/// Returns the variable or the key that names the ssh command; `None` where it is plain ssh.
fn named_in(options: &PushOptions) -> Option<&'static str> {
    let mut variables = options.inheritance.variables().iter();
    match (&options.ssh_command, &options.ssh_program) {
        (Some(_), _) if variables.any(|(name, _)| name == "GIT_SSH_COMMAND") => {
            Some("GIT_SSH_COMMAND")
        }
        (Some(_), _) => Some("core.sshCommand"),
        (None, Some(_)) => Some("GIT_SSH"),
        (None, None) => None,
    }
}

/// Returns `error`, or a lost connection where it blames the server for what a signal did.
pub(super) fn or_signal(
    error: TransportError,
    ended: Option<Ended>,
    lines: &[String],
) -> TransportError {
    let is_told = |line: &String| {
        let line = line.to_ascii_lowercase();
        ENDED_BY_SIGNAL.iter().any(|words| line.contains(words))
    };
    let signal = match ended {
        Some(Ended::Signal(signal)) => signal,
        // So a shell tells of a program that it ran.
        Some(Ended::Code(code @ 129..=192)) if lines.is_empty() || lines.iter().any(is_told) => {
            code - 128
        }
        _ => return error,
    };
    match error {
        TransportError::Network { .. }
        | TransportError::Refused {
            class: "denied", ..
        } => TransportError::Network {
            said: format!("ssh was ended by signal {signal}"),
            source: None,
        },
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use crate::names::Scheme;
    use crate::secrets::KnownSecrets;

    use super::super::stderr::{Stage, from_stderr, messages};
    use super::*;

    fn told(options: &PushOptions, stderr: &str, ended: Ended) -> String {
        let (known, ended) = (KnownSecrets::default(), Some(ended));
        let lines = messages(stderr.as_bytes(), &known);
        let error = || from_stderr(stderr.as_bytes(), Scheme::Ssh, Stage::Opening, &known);
        not_run(ended, &lines, options)
            .unwrap_or_else(|| or_signal(error(), ended, &lines))
            .to_string()
    }

    fn command(text: &str) -> PushOptions {
        PushOptions {
            ssh_command: Some(text.to_owned()),
            ..PushOptions::default()
        }
    }

    #[test]
    fn a_command_that_cannot_be_run_is_told_from_what_the_server_lacks() {
        let not_run = |options: &PushOptions, line: &str, code| {
            told(options, line, Ended::Code(code)).starts_with("the ssh command of ")
        };
        let wrapper = command("/opt/wrapper");
        let program = PushOptions {
            ssh_program: Some("/opt/wrapper".into()),
            ..PushOptions::default()
        };
        for options in [&wrapper, &program] {
            for line in [
                "/opt/wrapper: 2: exec: /nonexistent: not found",
                "sh: 1: exec: foo: not found",
                "bash: line 1: foo: command not found",
            ] {
                assert!(not_run(options, line, 127), "{line}");
                assert!(!not_run(options, line, 1), "{line}");
            }
        }
        assert!(not_run(
            &wrapper,
            "ssh: 1: /opt/wrapper: Permission denied",
            126
        ));
        assert!(not_run(
            &command("/no/ssh -v"),
            "ssh: 1: /no/ssh: not found",
            127
        ));
        let remote = "bash: line 1: /opt/gate: No such file or directory";
        assert!(!not_run(&command("ssh -v"), remote, 127));
        assert!(!not_run(&PushOptions::default(), remote, 127));
        let git = "sh: 1: git-receive-pack: not found";
        assert!(!not_run(&wrapper, git, 127));
    }

    #[test]
    fn a_signal_is_a_lost_connection_and_what_the_server_said_is_not() {
        let options = command("ssh");
        let lost = "the connection failed: ssh was ended by signal 9";
        assert_eq!(told(&options, "", Ended::Signal(9)), lost);
        assert_eq!(told(&options, "noise", Ended::Signal(9)), lost);
        assert_eq!(told(&options, "Killed", Ended::Code(137)), lost);
        assert_eq!(told(&options, "", Ended::Code(137)), lost);
        for (line, ended) in [
            ("ERROR: Repository not found.", Ended::Signal(9)),
            ("closed on Sundays", Ended::Code(137)),
            ("Killed", Ended::Code(1)),
        ] {
            let said = told(&options, line, ended);
            assert!(!said.contains("signal"), "{said}");
        }
    }
}
