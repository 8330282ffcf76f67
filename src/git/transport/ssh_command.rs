//! The program that the caller has in place of ssh: what it is, where it is named, and what a shell says of one that cannot be
//! run.

use crate::git::transport::{PushOptions, TransportError};
use crate::process::Program;

use super::Target;
use super::ssh_words::is_before_login;

/// What a shell writes behind the name of a program that it cannot run.
const CANNOT_RUN: &[&str] = &[
    "not found",
    "no such file or directory",
    "permission denied",
    "exec format error",
    "cannot execute",
    "is a directory",
];

/// The kinds of ssh programs, by the arguments that they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    /// OpenSSH.
    Ssh,
    /// `plink` and `putty`.
    Plink,
    /// `tortoiseplink`.
    TortoisePlink,
    /// A program that takes the host and the command, and no option.
    Simple,
}

/// Returns the program without its arguments: `GIT_SSH_COMMAND` or `core.sshCommand`, else `GIT_SSH`,
/// else `ssh`.
pub(super) fn command(target: Target<'_>) -> Result<Program, TransportError> {
    let options = target.options;
    let program = match (&options.ssh_command, &options.ssh_program) {
        // The command is for a shell; our arguments are passed as positional parameters, which no shell parses.
        (Some(command), _) => Program::new("/bin/sh")
            .arg("-c")
            .arg(format!("{command} \"$@\""))
            .arg("ssh"),
        (None, Some(path)) if path.components().nth(1).is_some() => {
            Program::new(target.directory.join(path))
        }
        (None, named) => {
            let name = named.as_deref().unwrap_or("ssh".as_ref());
            let found = options.inheritance.find(&name.to_string_lossy());
            Program::new(found.map_err(|error| TransportError::Start(error.into()))?)
        }
    };
    // As by git: what the caller names relative to the top of the work tree is found there, and `Match exec` of ssh's
    // configuration asks which work tree it is.
    let program = program.directory(target.directory);
    let program = program.inherit(&options.inheritance);
    if options.attended {
        return Ok(program.asking());
    }
    let variables = options.inheritance.variables();
    let asks_graphically = variables.iter().any(|(name, _)| name == "SSH_ASKPASS");
    let says_when = variables
        .iter()
        .any(|(name, _)| name == "SSH_ASKPASS_REQUIRE");
    // Ours is a process group of its own: reading the terminal would stop it.
    Ok(if asks_graphically && !says_when {
        program.variable("SSH_ASKPASS_REQUIRE", "force")
    } else {
        program
    })
}

/// Returns the variable or the key that names the ssh command; `None` where it is plain ssh.
pub(super) fn named_in(options: &PushOptions) -> Option<&'static str> {
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

/// Returns the first word of a shell command, without its quotes.
pub(super) fn first_word(command: &str) -> &str {
    let command = command.trim_start();
    let word = match command.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(['"', '\'']).next(),
        None => command.split_whitespace().next(),
    };
    word.unwrap_or_default()
}

/// Returns `user@host`, with the case that the user wrote: `Host` blocks are matched with it.
pub(super) fn destination(target: Target<'_>) -> Result<String, TransportError> {
    let host = target.url.host().ok_or(TransportError::Scheme("ssh"))?;
    Ok(match target.url.user() {
        Some(user) => format!("{user}@{host}"),
        None => host.to_owned(),
    })
}

/// Says whether a shell writes this of a program that it cannot run.
pub(super) fn cannot_run(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    CANNOT_RUN.iter().any(|words| lower.contains(words))
}

/// Says whether the shell here writes this of a command that it cannot read, by the name that `command` gives to it.
pub(super) fn is_not_read(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let is_one = |words: &str| lower.contains(words);
    line.starts_with("ssh: ")
        && ["syntax error", "unexpected eof", "unterminated"]
            .into_iter()
            .any(is_one)
}

/// Says whether a line is a shell's: it begins with the shell's name, or names the line of a script.
pub(super) fn is_of_shell(line: &str) -> bool {
    let mut parts = line.split(": ");
    let name = parts.next().unwrap_or_default();
    let place = parts.next().unwrap_or_default();
    let number = place.strip_prefix("line ").unwrap_or(place);
    name.ends_with("sh") || name.starts_with("zsh:") || number.parse::<u32>().is_ok()
}

/// Returns the error of a connection that a program of this machine was to make (`ProxyCommand`), where a shell could not run
/// it. `lost` is what ssh says of the connection: it ended before the server's shell.
pub(super) fn proxy_not_run(lines: &[String], lost: &str) -> Option<TransportError> {
    let is_of_here = |line: &&String| cannot_run(line) && is_of_shell(line);
    let said = lines.iter().find(is_of_here)?.clone();
    is_before_login(lost).then_some(TransportError::SshSetup { said })
}
