//! `sendoff completions`: completions for a shell, from the program's definition.

use clap_complete::Shell;

use crate::exit::Exit;

use super::output::print;

/// Examples.
const HELP: &str = "\
Examples:
  sendoff completions bash > ~/.local/share/bash-completion/completions/sendoff
  sendoff completions fish > ~/.config/fish/completions/sendoff.fish

No environment variable changes the completions.";

/// Print shell completions
///
/// Write them to the file that your shell reads. They complete the commands and options of this version.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
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
