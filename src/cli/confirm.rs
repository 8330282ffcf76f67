//! Asking before something is done.

use std::io;

use super::output::eprint;

/// Shows what would be done, and asks whether to do it where somebody can be asked. Elsewhere names the `command` that
/// does it.
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
