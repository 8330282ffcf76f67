//! One helper: how it is started, as git starts it, and what it answers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::git::exec_path;
use crate::process::{Captured, Inheritance, Leftovers, ProcessError, Program};

use super::credential::{Malformed, Verb};
use super::{Credential, CredentialError};

/// How long one helper may take, unless the policy says.
const HELPER_TIME: Duration = Duration::from_mins(1);
/// More than any login needs, in bytes.
const ANSWER_CAP: usize = 64 * 1024;

/// What helpers are started with.
#[derive(Debug, Clone, Default)]
pub(super) struct Start {
    /// What they inherit.
    pub(super) inheritance: Inheritance,
    /// Where they run; in `/` where that is not said.
    pub(super) directory: Option<PathBuf>,
    /// How long one may take; a minute where that is not said.
    pub(super) deadline: Option<Duration>,
    /// Whether there is a person whom they may ask.
    pub(super) attended: bool,
}

/// Returns how messages name a helper: without its input, which may hold a secret.
pub(super) fn name(helper: &str) -> String {
    if helper.starts_with('!') {
        return "of the git configuration".to_owned();
    }
    let first = helper.split_whitespace().next().unwrap_or_default();
    format!("`{}`", first.escape_debug())
}

/// Asks one helper, and takes over what it answers, whatever its exit code.
pub(super) fn ask(
    start: &Start,
    helper: &str,
    known: &mut Credential,
) -> Result<(), CredentialError> {
    let answer = run(start, helper, Verb::Get, known)?;
    let read = if answer.is_cut() && !has_end(&answer.bytes) {
        Err(Malformed::Line)
    } else {
        known.read(&answer.bytes)
    };
    read.map_err(|malformed| match malformed {
        Malformed::OtherHost => CredentialError::OtherHost {
            helper: name(helper),
        },
        Malformed::Line | Malformed::Value => CredentialError::Malformed {
            helper: name(helper),
        },
    })
}

/// Tells one helper that a login works, or that it was refused.
pub(super) fn tell(
    start: &Start,
    helper: &str,
    verb: Verb,
    known: &Credential,
) -> Result<(), CredentialError> {
    run(start, helper, verb, known).map(drop)
}

/// Says whether an answer has the blank line that ends it: what follows it may be endless.
fn has_end(answer: &[u8]) -> bool {
    let mut lines = answer.split_inclusive(|byte| *byte == b'\n');
    lines.any(|line| matches!(line, b"\n" | b"\r\n"))
}

/// Returns what the helper writes.
fn run(
    start: &Start,
    helper: &str,
    verb: Verb,
    known: &Credential,
) -> Result<Captured, CredentialError> {
    let input = known.write(verb).map_err(|_| CredentialError::Unsafe)?;
    let command = command_line(start, helper, verb);
    let begin = |program: Program| {
        let mut program = program
            .inherit(&start.inheritance)
            .input(input.clone())
            .cap(ANSWER_CAP)
            .deadline(start.deadline.unwrap_or(HELPER_TIME))
            .leftovers(Leftovers::Leave);
        if let Some(directory) = &start.directory {
            program = program.directory(directory);
        }
        if start.attended {
            program = program.asking().telling();
        } else {
            // Neither git's own helpers nor the credential manager may ask a person, because none is attending.
            program = program
                .variable("GIT_TERMINAL_PROMPT", "0")
                .variable("GCM_INTERACTIVE", "never");
        }
        program.run()
    };
    // A shell would do nothing with plain words but start the program.
    let output = match plain_words(&command).map(begin) {
        // It has no first line that names an interpreter, or is not there: the shell knows what to do.
        None | Some(Err(ProcessError::Start { .. })) => {
            begin(Program::new("/bin/sh").args(["-c", &command, &command]))
        }
        Some(output) => output,
    };
    let output = output.map_err(|source| CredentialError::Helper {
        helper: name(helper),
        source,
    })?;
    Ok(output.stdout)
}

/// Makes the command line that git makes, for the shell.
fn command_line(start: &Start, helper: &str, verb: Verb) -> String {
    let command = if let Some(script) = helper.strip_prefix('!') {
        script.to_owned()
    } else if helper.starts_with('/') {
        helper.to_owned()
    } else {
        named(start, helper)
    };
    format!("{command} {}", verb.as_str())
}

/// Returns the program of a command line by its whole path and plain words, in which nothing is the shell's.
fn plain_words(command: &str) -> Option<Program> {
    let is_plain = |c: char| is_plain(c) || c == ' ';
    if !command.starts_with('/') || !command.chars().all(is_plain) {
        return None;
    }
    let mut words = command.split(' ').filter(|word| !word.is_empty());
    Some(Program::new(words.next()?).args(words))
}

/// Says whether a character has no meaning for the shell, wherever it stands in a word.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/-_.:@+,".contains(c)
}

/// Returns the command line of a helper that is configured by its name. Git's own program is asked for it only
/// when no program of that name is found.
fn named(start: &Start, helper: &str) -> String {
    let (name, options) = match helper.find(char::is_whitespace) {
        Some(at) => helper.split_at(at),
        None => (helper, ""),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let program = format!("git-credential-{name}");
    let found = exec_path::find(&start.inheritance, &program)
        .ok()
        .filter(|_| name.chars().all(plain));
    match found.as_deref().and_then(Path::to_str) {
        Some(path) => format!("{}{options}", quoted(path)),
        None => format!("git credential-{helper}"),
    }
}

/// Quotes a word for the shell, where it has to be.
fn quoted(word: &str) -> String {
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_helper_is_named_without_what_it_is_told() {
        assert_eq!(name("store --file /CANARY"), "`store`");
        assert_eq!(name("/usr/bin/h x"), "`/usr/bin/h`");
        assert_eq!(
            name("!f() { echo password=CANARY; }; f"),
            "of the git configuration"
        );
    }
}
