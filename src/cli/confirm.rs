//! Asking before something is done.

use std::io::{self, IsTerminal as _};

use super::output::eprint;

/// Shows what would be done, and asks whether to do it where a person can be asked. Elsewhere names the `command`
/// that does it.
pub(super) fn is_wanted(plan: &str, terminal: bool, command: &str) -> bool {
    eprint(plan);
    if !terminal {
        eprint(&format!("nothing is done; to do it: {command}"));
        return false;
    }
    eprint("Do it? [y/N]");
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Asks a person to type a word. Only a terminal counts: input from a file or a pipe is not a person's.
pub(super) fn is_typed(word: &str, terminal: bool) -> bool {
    if !terminal || !io::stdin().is_terminal() {
        eprint("nothing is recorded: this needs a terminal, and a person who types");
        return false;
    }
    eprint(&format!("Type {word} to let it count:"));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    let is_typed = read.is_ok() && answer.trim() == word;
    if !is_typed {
        eprint("nothing is recorded");
    }
    is_typed
}
