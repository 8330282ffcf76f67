//! The user's ssh, which runs the git service on the server. Nothing prompts, host keys are checked.

use crate::git::transport::service::Service;
use crate::git::transport::{PushOptions, TransportError};
use crate::process::Program;

use super::Target;

/// Returns the ssh that runs `service` on the remote.
pub(super) fn program(target: Target<'_>, service: Service) -> Result<Program, TransportError> {
    let options = target.options;
    if let Some(variant) = other_variant(options) {
        return Err(TransportError::SshVariant(variant));
    }
    let program = match &options.ssh_command {
        // The command is for a shell; our arguments are passed as positional parameters, which no shell parses.
        Some(command) => Program::new("/bin/sh")
            .arg("-c")
            .arg(format!("{command} \"$@\""))
            .arg("ssh"),
        None => Program::new(
            options
                .inheritance
                .find("ssh")
                .map_err(|error| TransportError::Start(error.into()))?,
        ),
    };
    let program = program.inherit(&options.inheritance);
    let program = match service.protocol() {
        Some(version) => program.variable("GIT_PROTOCOL", version),
        None => program,
    };
    Ok(program.args(arguments(target, service)?))
}

/// The values of `ssh.variant` for programs that take other arguments than OpenSSH.
const OTHER_VARIANTS: &[&str] = &["plink", "putty", "tortoiseplink", "simple"];

/// Returns the variant when it is not OpenSSH: as configured, else by the program's name.
fn other_variant(options: &PushOptions) -> Option<&'static str> {
    let known = |name: &str| {
        let found = OTHER_VARIANTS
            .iter()
            .find(|known| name.eq_ignore_ascii_case(known));
        found.copied()
    };
    match options.ssh_variant.as_deref() {
        None | Some("" | "auto") => {}
        Some(variant) => return known(variant),
    }
    let command = options.ssh_command.as_deref()?.trim_start();
    let first = match command.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(['"', '\'']).next(),
        None => command.split_whitespace().next(),
    };
    let name = first?.rsplit(['/', '\\']).next()?;
    let name = name.to_ascii_lowercase();
    known(name.strip_suffix(".exe").unwrap_or(&name))
}

/// Returns ssh's arguments. `RemoteUrl` has refused users and hosts that begin with a dash.
fn arguments(target: Target<'_>, service: Service) -> Result<Vec<String>, TransportError> {
    let url = target.url;
    let seconds = target.options.connect_timeout.as_secs().max(1);
    let mut arguments = vec![
        "-o".to_owned(),
        "BatchMode=yes".to_owned(),
        "-o".to_owned(),
        format!("ConnectTimeout={seconds}"),
    ];
    if service.protocol().is_some() {
        arguments.extend(["-o".to_owned(), "SendEnv=GIT_PROTOCOL".to_owned()]);
    }
    if let Some(port) = url.port() {
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    let host = url.host().ok_or(TransportError::Scheme("ssh"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let place = match url.user() {
        Some(user) => format!("{user}@{host}"),
        None => host.to_owned(),
    };
    // The slash before `~user` is part of the URL's syntax, not of the path on the server.
    let path = match url.path().strip_prefix('/') {
        Some(home) if home.starts_with('~') => home,
        _ => url.path(),
    };
    let command = format!("{} {}", service.name(), quote(path));
    arguments.extend(["--".to_owned(), place, command]);
    Ok(arguments)
}

/// Quotes a path for the remote's shell, as git does: `!` too, for those shells that expand it.
fn quote(path: &str) -> String {
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

    fn line(url: &str, service: Service) -> String {
        let url = RemoteUrl::parse(url).unwrap();
        let (options, stop) = (PushOptions::default(), AtomicBool::new(false));
        let target = Target {
            url: &url,
            directory: Path::new("/"),
            options: &options,
            stop: &stop,
        };
        arguments(target, service).unwrap().join(" ")
    }

    #[test]
    fn the_arguments_are_those_that_git_would_give_and_end_the_options() {
        assert_eq!(
            line("ssh://git@h:22/o/r.git", Service::ReceivePack),
            "-o BatchMode=yes -o ConnectTimeout=5 -p 22 -- git@h git-receive-pack '/o/r.git'"
        );
        assert_eq!(
            line("h:~u/r", Service::UploadPack),
            "-o BatchMode=yes -o ConnectTimeout=5 -o SendEnv=GIT_PROTOCOL -- h git-upload-pack '~u/r'"
        );
        assert!(line("ssh://h/~u/r", Service::ReceivePack).ends_with("git-receive-pack '~u/r'"));
        assert!(line("ssh://[::1]/r", Service::ReceivePack).contains("-- ::1 "));
    }

    #[test]
    fn an_ssh_of_another_kind_is_known_by_its_name_or_by_what_the_user_says() {
        let of = |command: &str, variant: Option<&str>| {
            other_variant(&PushOptions {
                ssh_command: Some(command.to_owned()),
                ssh_variant: variant.map(str::to_owned),
                ..PushOptions::default()
            })
        };
        assert_eq!(of("ssh -i key", None), None);
        assert_eq!(of("/usr/bin/plink -batch", None), Some("plink"));
        assert_eq!(
            of("'/opt/my tools/TortoisePlink.exe' -x", None),
            Some("tortoiseplink")
        );
        assert_eq!(of("/usr/bin/plink", Some("ssh")), None);
        assert_eq!(of("wrapper", Some("simple")), Some("simple"));
        assert_eq!(of("wrapper plink", Some("auto")), None);
        assert_eq!(other_variant(&PushOptions::default()), None);
    }

    #[test]
    fn a_path_cannot_leave_its_quotes() {
        assert_eq!(quote("/a'; rm -rf !x"), r"'/a'\''; rm -rf '\!'x'");
    }
}
