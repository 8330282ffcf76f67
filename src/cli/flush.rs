//! `sendoff flush`: tries now everything that waits.

use crate::exit::Exit;
use crate::worker::{flush, not_given_up};

use super::end_process::end_process;
use super::output::eprint;
use super::render;
use super::start::Start;

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff flush                        try now what waits
  sendoff flush                        from cron, for machines that are often offline

Exit codes: 0 everything is out, 75 something waits still.

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Try everything that waits now: handed-over work, branches, messages
///
/// Works in the foreground. What a server asked to delay still waits for its time.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// Try these runs once more, which were given up; `sendoff status` names them
    #[arg(value_name = "RUN")]
    runs: Vec<String>,
}

impl Args {
    pub(super) fn run(self, start: &Start) -> Exit {
        if start.environment.is_off() {
            return Exit::Done;
        }
        match not_given_up(&start.environment, &self.runs) {
            Ok(None) => {}
            Ok(Some(run)) => {
                eprint(&format!(
                    "no run that was given up has the id `{}`; `sendoff status` shows them",
                    run.escape_debug()
                ));
                return Exit::Usage;
            }
            Err(error) => return render::store_error(&error),
        }
        let ended = flush(&start.environment, &start.known, &self.runs, |exit| {
            end_process(exit)
        });
        match ended {
            Ok(exit) => exit,
            Err(error) => render::store_error(&error),
        }
    }
}
