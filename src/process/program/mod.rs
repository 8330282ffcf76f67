//! `Program`: a program with its arguments, environment, input and deadline.

mod run;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::io::Errno;

use super::error::ProcessError;
use super::group::{Group, Killer, start};
use super::inheritance::Inheritance;
use super::running::Running;

/// What happens to the processes that a program leaves in its group when it ends in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leftovers {
    /// They are killed.
    Kill,
    /// They keep running: a credential helper may have started a cache daemon.
    Leave,
}

/// A program to start: an argument vector, no shell, no inherited environment, its own process group.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) path: PathBuf,
    /// The path from the working directory, where the program is started by that.
    pub(super) relative: Option<PathBuf>,
    pub(super) arguments: Vec<OsString>,
    pub(super) variables: Vec<(OsString, OsString)>,
    pub(super) directory: Option<PathBuf>,
    input: Vec<u8>,
    cap: usize,
    deadline: Duration,
    leftovers: Leftovers,
    pub(super) group: Group,
    pub(super) shown: Shown,
    pub(super) environment: Given,
}

/// Which outputs of a program go to the caller's standard error, and are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Neither.
    Nothing,
    /// Its standard error.
    Stderr,
    /// Both.
    Both,
}

/// Which environment a program gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// The variables that were named.
    Named,
    /// That of this process, and what was named.
    Whole,
}

impl Program {
    /// Names the program by its absolute path. By default its environment and input are empty, its
    /// working directory is `/`, its deadline 30 seconds, and the output's cap 64 KiB.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            relative: None,
            arguments: Vec::new(),
            variables: Vec::new(),
            directory: None,
            input: Vec::new(),
            cap: 64 * 1024,
            deadline: Duration::from_secs(30),
            leftovers: Leftovers::Kill,
            group: Group::Own,
            shown: Shown::Nothing,
            environment: Given::Named,
        }
    }

    /// Starts the program by its path from the working directory, which a script sees as its `$0`.
    #[must_use]
    pub fn called_as(mut self, relative: Option<PathBuf>) -> Self {
        self.relative = relative;
        self
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets one variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Adds the variables that every child inherits.
    #[must_use]
    pub fn inherit(mut self, inheritance: &Inheritance) -> Self {
        self.variables
            .extend(inheritance.variables().iter().cloned());
        self
    }

    /// Lets the program have the environment of this process: for sendoff itself, which knows what to do with it.
    #[must_use]
    pub const fn whole_environment(mut self) -> Self {
        self.environment = Given::Whole;
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Sets the program's standard input, for [`run`](Self::run).
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Sets how many bytes of stdout and of stderr are kept; the rest is read and discarded.
    #[must_use]
    pub const fn cap(mut self, bytes: usize) -> Self {
        self.cap = bytes;
        self
    }

    /// Sets how long the program may run, for [`run`](Self::run).
    #[must_use]
    pub const fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Sets what happens to the processes that the program leaves running.
    #[must_use]
    pub const fn leftovers(mut self, leftovers: Leftovers) -> Self {
        self.leftovers = leftovers;
        self
    }

    /// Lets the program use the caller's terminal, as git lets a hook: it runs in the caller's process
    /// group, and both its outputs go to the caller's standard error and are not kept.
    #[must_use]
    pub const fn on_terminal(mut self) -> Self {
        self.group = Group::Callers;
        self.shown = Shown::Both;
        self
    }

    /// Lets the program ask the person at the caller's terminal: it runs in the caller's process group.
    #[must_use]
    pub const fn asking(mut self) -> Self {
        self.group = Group::Callers;
        self
    }

    /// Lets the person at the caller's terminal read what the program says on its standard error.
    #[must_use]
    pub const fn telling(mut self) -> Self {
        self.shown = Shown::Stderr;
        self
    }

    /// Starts the program with pipes to its stdin and stdout. Its stderr is captured, up to the cap.
    pub fn start(&self) -> Result<Running, ProcessError> {
        let (child, killer) = self.begin(Stdio::piped)?;
        Running::new(child, killer, self.path.clone(), self.cap)
            .map_err(|source| self.failed(source))
    }

    /// Starts a process. A script without an interpreter line is no program for the kernel: the shell reads it, as for git.
    fn begin(&self, stdin: fn() -> Stdio) -> Result<(Child, Killer), ProcessError> {
        let begun = match start(&mut self.command(stdin())?, self.group) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOEXEC) => {
                start(&mut self.by_shell().command(stdin())?, self.group)
            }
            begun => begun,
        };
        begun.map_err(|source| self.failed(source))
    }

    fn by_shell(&self) -> Self {
        let script = self.relative.as_ref().unwrap_or(&self.path);
        // The name of a script may begin as an option does.
        let mut arguments = vec![OsString::from("--"), script.clone().into_os_string()];
        arguments.extend(self.arguments.iter().cloned());
        Self {
            path: "/bin/sh".into(),
            relative: None,
            arguments,
            ..self.clone()
        }
    }

    fn failed(&self, source: io::Error) -> ProcessError {
        ProcessError::Start {
            program: self.path.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_takes_no_script_for_an_option() {
        let script = Program::new("/hooks/-c").called_as(Some("-c".into()));
        let by_shell = script.arg("-x").by_shell();
        assert_eq!(by_shell.arguments, ["--", "-c", "-x"]);
    }
}
