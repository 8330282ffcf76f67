//! Makes the `std::process::Command` of a program, for every way to start one.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::ProcessError;
use super::group::Group;
use super::program::{Given, Program, Shown};

impl Program {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that spawns"
    )]
    pub(super) fn command(&self, stdin: Stdio) -> Result<Command, ProcessError> {
        if !self.path.is_absolute() {
            return Err(ProcessError::Relative(self.path.clone()));
        }
        let directory = self.directory.as_deref().unwrap_or(Path::new("/"));
        let mut command = Command::new(self.relative.as_ref().unwrap_or(&self.path));
        if self.environment == Given::Named {
            command.env_clear();
        }
        command
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(n, v)| (n.as_os_str(), v)))
            .current_dir(directory)
            .stdin(stdin);
        if self.group == Group::Own {
            command.process_group(0);
        }
        command.stdout(match self.shown {
            Shown::Both => Stdio::from(io::stderr()),
            Shown::Nothing | Shown::Stderr => Stdio::piped(),
        });
        command.stderr(match self.shown {
            Shown::Nothing => Stdio::piped(),
            Shown::Stderr | Shown::Both => Stdio::inherit(),
        });
        Ok(command)
    }
}
