//! `sendoff completions`: completions for a shell, from the program's definition.

use clap_complete::Shell;

use crate::exit::Exit;

use super::output::print;

/// Print shell completions
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

impl Args {
    pub(super) fn run(self, command: &mut clap::Command) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "sendoff", &mut script);
        print(&String::from_utf8_lossy(&script)).exit()
    }
}
