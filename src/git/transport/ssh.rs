//! The user's ssh, which runs the git service on the server. It prompts only where a person started the run; host keys are
//! checked.

use crate::git::transport::service::Service;
use crate::git::transport::{PushOptions, TransportError};
use crate::process::Program;

use super::Target;
use super::ssh_command::{Variant, command, destination, first_word};
use super::ssh_probe::probed_variant;

/// Returns the ssh that runs `service` on the remote.
pub(super) fn program(target: Target<'_>, service: Service) -> Result<Program, TransportError> {
    let variant = match named_variant(target.options) {
        Some(variant) => variant,
        None => probed_variant(target)?,
    };
    let program = command(target)?;
    let program = match service.protocol() {
        Some(version) => program.variable("GIT_PROTOCOL", version),
        None => program,
    };
    Ok(program.args(arguments(target, service, variant)?))
}

/// Returns OpenSSH that says everything, whatever its `LogLevel` is, and runs no git: a server may make a repository that is
/// asked for.
pub(super) fn asking_aloud(target: Target<'_>) -> Result<Program, TransportError> {
    let arguments = to_server(target, false, Variant::Ssh)?;
    Ok(command(target)?.arg("-v").args(arguments).arg("true"))
}

/// Says whether the program may be OpenSSH, by what the user configured or by its name.
pub(super) fn may_be_openssh(options: &PushOptions) -> bool {
    matches!(named_variant(options), None | Some(Variant::Ssh))
}

/// Returns the variant that the user configured, or that follows from the program's name.
fn named_variant(options: &PushOptions) -> Option<Variant> {
    match options.ssh_variant.as_deref() {
        None | Some("auto") => {}
        Some("plink" | "putty") => return Some(Variant::Plink),
        Some("tortoiseplink") => return Some(Variant::TortoisePlink),
        Some("simple") => return Some(Variant::Simple),
        Some(_) => return Some(Variant::Ssh),
    }
    let program = match (&options.ssh_command, &options.ssh_program) {
        (Some(command), _) => first_word(command).to_owned(),
        (None, Some(path)) => path.to_string_lossy().into_owned(),
        (None, None) => return Some(Variant::Ssh),
    };
    let name = program.rsplit(['/', '\\']).next().unwrap_or(&program);
    let name = name.to_ascii_lowercase();
    match name.strip_suffix(".exe").unwrap_or(&name) {
        "ssh" => Some(Variant::Ssh),
        "plink" => Some(Variant::Plink),
        "tortoiseplink" => Some(Variant::TortoisePlink),
        _ => None,
    }
}

/// Says whether somebody may answer what ssh asks: a person, a program, or the command of the user's that starts ssh, as
/// `sshpass` does.
fn can_answer(options: &PushOptions) -> bool {
    let command = options.ssh_command.as_deref();
    let is_wrapped = command.map(first_word).is_some_and(|word| {
        let name = word.rsplit('/').next();
        name != Some("ssh")
    });
    let variables = options.inheritance.variables();
    options.attended || is_wrapped || variables.iter().any(|(name, _)| name == "SSH_ASKPASS")
}

/// Returns the arguments.
fn arguments(
    target: Target<'_>,
    service: Service,
    variant: Variant,
) -> Result<Vec<String>, TransportError> {
    let mut arguments = to_server(target, service.protocol().is_some(), variant)?;
    let path = target.url.path();
    // The slash before `~user` is part of the URL's syntax, not of the path on the server.
    let path = match path.strip_prefix('/') {
        Some(home) if home.starts_with('~') => home,
        _ => path,
    };
    let command = target.options.services.command(service);
    arguments.push(format!("{command} {}", quote(path)));
    Ok(arguments)
}

/// Returns the arguments before the command. `RemoteUrl` has refused users and hosts that begin with a dash.
fn to_server(
    target: Target<'_>,
    has_protocol: bool,
    variant: Variant,
) -> Result<Vec<String>, TransportError> {
    let url = target.url;
    let mut arguments = Vec::new();
    let mut add = |more: &[&str]| arguments.extend(more.iter().map(|one| (*one).to_owned()));
    match variant {
        Variant::Ssh => {
            if !can_answer(target.options) {
                // Ssh must not wait for an answer.
                add(&["-o", "BatchMode=yes"]);
            }
            if has_protocol {
                add(&["-o", "SendEnv=GIT_PROTOCOL"]);
            }
        }
        Variant::TortoisePlink => add(&["-batch"]),
        Variant::Plink | Variant::Simple => {}
    }
    match (url.port().map(|port| port.to_string()), variant) {
        (None, _) => {}
        (Some(port), Variant::Ssh) => add(&["-p", &port]),
        (Some(port), Variant::Plink | Variant::TortoisePlink) => add(&["-P", &port]),
        (Some(_), Variant::Simple) => return Err(TransportError::SshPort),
    }
    add(&[&destination(target)?]);
    Ok(arguments)
}

/// Quotes a path for a shell, as git does: `!` too, for those shells that expand it.
pub(super) fn quote(path: &str) -> String {
    let mut quoted = String::from("'");
    for letter in path.chars() {
        if matches!(letter, '\'' | '!') {
            quoted.extend(["'\\", letter.encode_utf8(&mut [0; 4]), "'"]);
        } else {
            quoted.push(letter);
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    use crate::git::transport::PushOptions;
    use crate::names::RemoteUrl;

    use super::*;

    fn line(url: &str, service: Service, variant: Variant) -> Result<String, TransportError> {
        let url = RemoteUrl::parse(url).unwrap();
        let (options, stop) = (PushOptions::default(), AtomicBool::new(false));
        let target = Target {
            url: &url,
            directory: Path::new("/"),
            options: &options,
            stop: &stop,
        };
        arguments(target, service, variant).map(|arguments| arguments.join(" "))
    }

    #[test]
    fn the_arguments_are_those_that_git_gives_to_each_variant() {
        let push = |url, variant| line(url, Service::ReceivePack, variant).unwrap();
        assert_eq!(
            push("ssh://git@Host:22/o/r.git", Variant::Ssh),
            "-o BatchMode=yes -p 22 git@Host git-receive-pack '/o/r.git'"
        );
        assert_eq!(
            line("h:~u/r", Service::UploadPack, Variant::Ssh).unwrap(),
            "-o BatchMode=yes -o SendEnv=GIT_PROTOCOL h git-upload-pack '~u/r'"
        );
        assert_eq!(
            push("[git@h:2222]:r", Variant::Plink),
            "-P 2222 git@h git-receive-pack 'r'"
        );
        assert_eq!(
            push("ssh://h:1/~u/r", Variant::TortoisePlink),
            "-batch -P 1 h git-receive-pack '~u/r'"
        );
        assert_eq!(
            push("git@[::1]:r", Variant::Simple),
            "git@::1 git-receive-pack 'r'"
        );
        let refused = line("ssh://h:1/r", Service::ReceivePack, Variant::Simple);
        assert!(matches!(refused, Err(TransportError::SshPort)));
    }

    #[test]
    fn a_variant_is_known_by_what_the_user_says_or_by_the_programs_name() {
        let of = |command: &str, variant: Option<&str>| {
            named_variant(&PushOptions {
                ssh_command: Some(command.to_owned()),
                ssh_variant: variant.map(str::to_owned),
                ..PushOptions::default()
            })
        };
        assert_eq!(of("ssh -i key", None), Some(Variant::Ssh));
        assert_eq!(of("/usr/bin/plink -batch", None), Some(Variant::Plink));
        assert_eq!(
            of("'/opt/my tools/TortoisePlink.exe' -x", None),
            Some(Variant::TortoisePlink)
        );
        assert_eq!(of("/usr/bin/plink", Some("ssh")), Some(Variant::Ssh));
        assert_eq!(of("wrapper", Some("simple")), Some(Variant::Simple));
        assert_eq!(of("wrapper plink", Some("auto")), None);
        // Set to nothing is not `auto`, to git.
        assert_eq!(of("wrapper plink", Some("")), Some(Variant::Ssh));
        assert_eq!(named_variant(&PushOptions::default()), Some(Variant::Ssh));
        let program = PushOptions {
            ssh_program: Some("/opt/plink".into()),
            ..PushOptions::default()
        };
        assert_eq!(named_variant(&program), Some(Variant::Plink));
    }

    #[test]
    fn a_path_cannot_leave_its_quotes() {
        assert_eq!(quote("/a'; rm -rf !x"), r"'/a'\''; rm -rf '\!'x'");
    }
}
