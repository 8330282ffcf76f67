//! What the exit of the caller's ssh command tells beside its stderr: it could not be run, or a signal ended it.

use crate::git::transport::{PushOptions, TransportError};
use crate::process::Ended;

use super::service::Service;
use super::ssh_command::{cannot_run, first_word, is_not_read, is_of_shell, named_in};
use super::ssh_probe::Probed;
use super::stderr::Stage;

/// What a shell writes when a signal has ended its program.
const ENDED_BY_SIGNAL: &[&str] = &[
    "killed",
    "terminated",
    "hangup",
    "aborted",
    "segmentation fault",
];

/// Returns the error of a program that a shell could not run, here or on the server: both end ssh with the same codes. What
/// could not be run is not the service, which a shell's message would name.
///
/// Here it is the ssh command of the caller's, there the command that the server runs for the key. `probe` runs the ssh command
/// once more, without a connection.
pub(super) fn not_run(
    ended: Option<Ended>,
    lines: &[String],
    stage: Stage,
    options: &PushOptions,
    probe: impl FnOnce() -> Probed,
) -> Option<TransportError> {
    let not_read = lines.iter().find(|line| is_not_read(line));
    // So shells end that cannot read their command. What comes later, or with another code, a server may have written.
    let may_be_not_read = stage == Stage::Opening && matches!(ended, Some(Ended::Code(1 | 2)));
    if may_be_not_read && let (Some(said), Some(named_in)) = (not_read.cloned(), named_in(options))
    {
        return Some(TransportError::SshCommand { named_in, said });
    }
    if !matches!(ended, Some(Ended::Code(126 | 127))) {
        return None;
    }
    let services = [Service::ReceivePack, Service::UploadPack];
    let asked = services.map(|service| options.services.command(service));
    // The program that git would start over there, which the user may have named.
    let names_service = |line: &&String| {
        cannot_run(line) && is_of_shell(line) && asked.iter().any(|command| line.contains(command))
    };
    if let Some(said) = lines.iter().find(names_service).cloned() {
        return Some(TransportError::Refused {
            class: "no-program",
            said,
            messages: lines.to_vec(),
        });
    }
    let tells =
        |line: &&String| cannot_run(line) && !asked.iter().any(|command| line.contains(command));
    let said = lines.iter().find(tells)?.clone();
    let of_server = |said: String| {
        let is_of_shell = is_of_shell(&said);
        is_of_shell.then_some(TransportError::ServerCommand { said })
    };
    let Some(named_in) = named_in(options) else {
        return of_server(said);
    };
    let first = options.ssh_command.as_deref().map(first_word);
    let is_ssh = first.is_some_and(|word| word.rsplit('/').next() == Some("ssh"));
    // The shell here names its program behind a place of its own: `ssh: 1: WORD: not found`.
    let names_first = first.is_some_and(|word| said.contains(&format!(": {word}: ")));
    match (is_ssh, names_first) {
        (true, true) => Some(TransportError::SshCommand { named_in, said }),
        // Ssh itself is there as a rule, and what its server says is not of here.
        (true, false) => of_server(said),
        (false, _) => match probe() {
            Probed::OpenSsh(_) => of_server(said),
            Probed::NotRun(error) => Some(error),
            Probed::Other => Some(TransportError::SomeCommand { named_in, said }),
        },
    }
}

/// Returns the error of a server whose program says nothing and ends with a code of its own, as `/bin/false` in the place of a
/// shell does. Ssh itself says why it did not connect, and ends with 255; what a wrapper means is not known.
pub(super) fn silent_refusal(
    ended: Option<Ended>,
    lines: &[String],
    stage: Stage,
    options: &PushOptions,
) -> Option<TransportError> {
    let first = options.ssh_command.as_deref().map(first_word);
    let is_ssh = match (first, &options.ssh_program) {
        (Some(word), _) => word.rsplit('/').next() == Some("ssh"),
        (None, program) => program.is_none(),
    };
    let Some(Ended::Code(code @ 1..=125)) = ended else {
        return None;
    };
    (is_ssh && lines.is_empty() && stage == Stage::Opening).then(|| TransportError::Refused {
        class: "denied",
        said: format!("its program for this login ended with code {code} and said nothing"),
        messages: Vec::new(),
    })
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

    use super::super::message_lines::messages;
    use super::super::ssh_command::proxy_not_run;
    use super::super::ssh_settings::Settings;
    use super::super::stderr::from_stderr;
    use super::*;

    fn told(options: &PushOptions, stderr: &str, ended: Ended) -> String {
        told_by(Probed::Other, options, stderr, ended)
    }

    fn told_by(probed: Probed, options: &PushOptions, stderr: &str, ended: Ended) -> String {
        let (known, ended) = (KnownSecrets::default(), Some(ended));
        let lines = messages(stderr.as_bytes(), &known);
        let error = || from_stderr(stderr.as_bytes(), Scheme::Ssh, Stage::Opening, &known);
        not_run(ended, &lines, Stage::Opening, options, || probed)
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
    fn only_what_ends_before_the_server_has_spoken_is_of_a_proxy_command() {
        let lines = ["/bin/bash: line 1: exec: nc: not found".to_owned()];
        let of = |lost| proxy_not_run(&lines, lost).is_some();
        assert!(of(
            "kex_exchange_identification: Connection closed by remote host"
        ));
        assert!(!of("Connection to h closed by remote host."));
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
        // As dash writes it, and bash.
        let (dash, bash) = (
            "ssh: 1: Syntax error: Unterminated quoted string",
            "ssh: -c: line 1: unexpected EOF while looking for matching `''",
        );
        assert!(not_run(&command("ssh -p '2"), dash, 2));
        assert!(not_run(&command("ssh -p '2"), bash, 2));
        assert!(!not_run(&PushOptions::default(), dash, 2));
        assert!(!not_run(&command("ssh"), dash, 255));
        let (ended, lines) = (Some(Ended::Code(2)), [dash.to_owned()]);
        let of = |stage| super::not_run(ended, &lines, stage, &wrapper, || Probed::Other);
        assert!(of(Stage::Opening).is_some() && of(Stage::Working).is_none());
        let remote = "bash: line 1: /opt/gate: No such file or directory";
        assert!(!not_run(&command("ssh -v"), remote, 127));
        assert!(!not_run(&PushOptions::default(), remote, 127));
        let git = "sh: 1: git-receive-pack: not found";
        assert!(!not_run(&wrapper, git, 127));
        // So it is where the user names another program.
        let mut named = PushOptions::default();
        named.services.receive_pack = Some("/opt/receive".to_owned());
        let line = "bash: line 1: /opt/receive: No such file or directory";
        let said = told(&named, line, Ended::Code(127));
        assert_eq!(said, format!("the server has no git: {line}"));
    }

    #[test]
    fn a_wrapper_that_comes_to_ssh_is_not_blamed_for_the_servers_command() {
        let (wrapper, plain) = (command("/opt/wrapper"), PushOptions::default());
        let open_ssh = || Probed::OpenSsh(Settings::default());
        let ssh = command("ssh -v");
        let gate = "bash: line 1: /opt/gate: No such file or directory";
        let of = |probed, options, line| told_by(probed, options, line, Ended::Code(127));
        let servers = format!("the server could not run its command for this login: {gate}");
        assert_eq!(of(open_ssh(), &wrapper, gate), servers);
        assert_eq!(of(Probed::Other, &ssh, gate), servers);
        assert_eq!(of(Probed::Other, &plain, gate), servers);
        let either = "the ssh command of core.sshCommand, or the server's command for this login, could not be run: ";
        let said = of(Probed::Other, &wrapper, gate);
        assert_eq!(said, format!("{either}{gate}"));
        let local = TransportError::SshCommand {
            named_in: "GIT_SSH",
            said: "sh: 1: exec: foo: not found".to_owned(),
        };
        let said = of(Probed::NotRun(local), &wrapper, gate);
        assert!(
            said.starts_with("the ssh command of GIT_SSH could not be run: sh"),
            "{said}"
        );
        // No shell writes so.
        let forge = "Repository not found: o/r";
        for probed in [open_ssh(), Probed::Other] {
            let said = of(probed, &plain, forge);
            assert_eq!(said, format!("there is no such repository: {forge}"));
        }
    }

    #[test]
    fn a_server_that_says_nothing_and_ends_has_refused() {
        let of = |options: &PushOptions, lines: &[String], code, stage| {
            let refused = silent_refusal(Some(Ended::Code(code)), lines, stage, options);
            refused.map(|error| error.to_string())
        };
        let plain = PushOptions::default();
        let said = of(&plain, &[], 1, Stage::Opening).unwrap();
        assert!(
            said.ends_with("its program for this login ended with code 1 and said nothing"),
            "{said}"
        );
        assert!(of(&command("/usr/bin/ssh -v"), &[], 1, Stage::Opening).is_some());
        assert!(of(&command("/opt/wrapper"), &[], 1, Stage::Opening).is_none());
        assert!(of(&plain, &[], 255, Stage::Opening).is_none());
        assert!(of(&plain, &[], 1, Stage::Working).is_none());
        assert!(of(&plain, &["no".to_owned()], 1, Stage::Opening).is_none());
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
