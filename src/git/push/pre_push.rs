//! The `pre-push` hook, run as git runs it: the same arguments, input, directory and moment.

use sendoff_push::commands::RefUpdate;
use sendoff_push::{Progress, sanitize_line};

use crate::git::transport::HookTerminal;
use crate::process::{Ended, Leftovers, Output, ProcessError, Program};
use crate::secrets::KnownSecrets;

use super::BranchPush;
use super::error::LocalCheckError;

/// How many lines of the hook's output are kept.
const MAX_MESSAGE_LINES: usize = 40;

/// Runs the hook of the push, where there is one. `update` is none when the remote has it all.
pub(super) fn run(
    push: &BranchPush<'_>,
    update: Option<&RefUpdate>,
) -> Result<(), LocalCheckError> {
    let local = &push.options.local;
    let Some(hook) = &local.hook else {
        return Ok(());
    };
    let input = update.map_or_else(String::new, |update| {
        let (name, new, old) = (&update.name, update.new, update.old);
        format!("{name} {new} {name} {old}\n")
    });
    let program = || {
        let program = Program::new(&hook.path)
            .called_as(hook.relative.clone())
            .inherit(&push.options.inheritance)
            .variable("GIT_PREFIX", &local.hook_prefix)
            .directory(&hook.directory)
            .deadline(local.hook_timeout)
            // What a hook leaves running, such as a build server, is the user's.
            .leftovers(Leftovers::Leave)
            .input(input.clone());
        let variables = hook.objects.iter().chain(&hook.place).cloned();
        let program = variables.fold(program, |program, (name, value)| {
            program.variable(name, value)
        });
        match local.hook_terminal {
            HookTerminal::Given => program.on_terminal(),
            HookTerminal::Absent | HookTerminal::Withheld => program,
        }
    };
    let arguments = [push.remote.written_name(), url(push)];
    let _still = HookTimer::start(push.progress);
    match program().args(&arguments).run_until(push.stop) {
        Ok(output) if output.ended.is_success() => Ok(()),
        Ok(output) => Err(declined(&output, local.hook_terminal, &push.options.known)),
        Err(ProcessError::Stopped(_)) => Err(LocalCheckError::Stopped),
        Err(error @ ProcessError::Deadline { .. }) => {
            Err(LocalCheckError::HookTimeout(error.into()))
        }
        // Git takes whatever may be executed for the hook, too, and stops there.
        Err(_) if !hook.path.is_file() => Err(LocalCheckError::HookIsNoFile {
            path: hook.path.to_string_lossy().into_owned(),
        }),
        Err(error) => Err(LocalCheckError::Hook(error.into())),
    }
}

/// Returns the URL for the hook. Git would hand it a password that stands in it; arguments are seen
/// by everybody on the machine, so we do not.
fn url(push: &BranchPush<'_>) -> String {
    let url = &push.remote.url;
    match (url.written(), url.password()) {
        (Some(written), _) => written.to_owned(),
        (None, Some(_)) => url.without_login(),
        (None, None) => url.to_string(),
    }
}

fn declined(output: &Output, terminal: HookTerminal, known: &KnownSecrets) -> LocalCheckError {
    let lines = |bytes: &[u8]| {
        let lines = bytes.split(|byte| *byte == b'\n');
        let lines = lines.map(|line| sanitize_line(line, known));
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>()
    };
    let mut messages = lines(&output.stderr.bytes);
    messages.extend(lines(&output.stdout.bytes));
    // The last lines say what went wrong, those before how it came to that.
    let messages = messages.split_off(messages.len().saturating_sub(MAX_MESSAGE_LINES));
    let ended = match output.ended {
        Ended::Code(code) => format!("exit code {code}"),
        Ended::Signal(signal) => format!("signal {signal}"),
    };
    LocalCheckError::HookDeclined {
        ended,
        messages,
        terminal,
    }
}

/// Stops the run's clock while the hook runs.
struct HookTimer<'a>(&'a dyn Progress);

impl<'a> HookTimer<'a> {
    fn start(progress: &'a dyn Progress) -> Self {
        progress.hook_begins();
        Self(progress)
    }
}

impl Drop for HookTimer<'_> {
    fn drop(&mut self) {
        self.0.hook_ended();
    }
}
