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
/// `sendoff install completions` writes them where your shells look. They complete the commands and options
/// of this version.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

impl Args {
    pub(super) fn run(self, command: &clap::Command) -> Exit {
        print(&generated(self.shell, command)).exit()
    }
}

/// Makes the completions that `install completions` writes.
pub(super) fn script(shell: crate::install::Shell) -> String {
    let shell = match shell {
        crate::install::Shell::Bash => Shell::Bash,
        crate::install::Shell::Fish => Shell::Fish,
        crate::install::Shell::Zsh => Shell::Zsh,
    };
    generated(shell, &super::command())
}

fn generated(shell: Shell, command: &clap::Command) -> String {
    let mut script = Vec::new();
    // The generator writes down hidden commands too.
    let shown = command.get_subcommands().filter(|each| !each.is_hide_set());
    let mut shown = clap::Command::new("sendoff")
        .version(env!("CARGO_PKG_VERSION"))
        .args(command.get_arguments().cloned())
        .subcommands(shown.cloned());
    clap_complete::generate(shell, &mut shown, "sendoff", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
