//! `end_process`: ends the process from the watchdog's thread.

use crate::exit::Exit;
use crate::process::kill_every_group;

/// Ends the process with an exit code, after killing its children.
#[expect(
    clippy::exit,
    reason = "the watchdog ends a process whose main thread does not answer"
)]
pub(super) fn end_process(exit: Exit) -> ! {
    // Children have process groups of their own, and would keep running.
    kill_every_group();
    std::process::exit(exit.code().into())
}
