//! `sendoff flush`: tries now everything that waits.

use crate::exit::Exit;
use crate::worker::flush;

use super::end_process::end_process;
use super::render;
use super::start::Start;

/// Try now everything that waits: what was handed over, branches, messages
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 everything is out, 75 something waits still.")]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(start: &Start) -> Exit {
        if start.environment.is_off() {
            return Exit::Done;
        }
        match flush(&start.environment, &start.known, |exit| end_process(exit)) {
            Ok(exit) => exit,
            Err(error) => render::store_error(&error),
        }
    }
}
