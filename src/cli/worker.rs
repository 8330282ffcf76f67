//! The worker that `sendoff hook` starts: leaves its caller, logs to a file, does the work.

use crate::exit::Exit;
use crate::failpoint::{Point, reach};
use crate::process::{detach, limit_memory};
use crate::worker::work;

use super::end_process::end_process;
use super::log::log_to_file;
use super::start::Start;

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff worker                       what `sendoff hook` starts
  sendoff worker                       read a message from standard input, and do what it says

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Do the work that a hook handed over
///
/// Only `sendoff hook` starts it, with a message on standard input. It leaves the session of its caller first.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(start: &Start) -> Exit {
        reach(Point::WorkerBegins);
        let Ok(input) = detach() else {
            return Exit::Failed;
        };
        reach(Point::WorkerDetached);
        limit_memory();
        log_to_file(&start.environment, &start.known);
        work(&start.environment, &start.known, &input, |exit| {
            end_process(exit)
        });
        Exit::Done
    }
}
