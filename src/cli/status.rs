//! `sendoff status`: is everything out, and if not, why not, since when, and what happens next.

use std::time::Duration;

use crate::exit::Exit;
use crate::policy::PolicyDuration;
use crate::worker::{Status, Until, wait_for_report};

use super::output::{eprint, print};
use super::render;
use super::start::Start;

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff status                       say what waits, and why
  sendoff status --wait 60s --json     print the report on what was handed over last

Exit codes: 0 everything is out, 75 something waits and is tried again, 1 something does not leave by itself: a branch
that was not handed over or that a guard holds, or a message that the platform refused. With --wait: those of the run.

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Say whether everything was sent; if not, why not, since when, and what happens next
///
/// Asks no server. Reads the state directory (what hooks handed over, branches that are to be tried again, messages for
/// the platform, the last run of the branch that HEAD is on) and the repository (commits that no push has sent, and why).
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// Wait for this run, which `hook --json` named, instead of the last one handed over here
    #[arg(requires = "wait")]
    run: Option<String>,
    /// Wait until what was handed over last has been reported on, such as 60s, and print that report
    #[arg(long, value_name = "DURATION")]
    wait: Option<PolicyDuration>,
    /// Print the status, or the report, as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, start: &Start) -> Exit {
        match self.wait.map(PolicyDuration::duration) {
            Some(patience) => self.wait(start, patience),
            None => self.show(start),
        }
    }

    fn show(&self, start: &Start) -> Exit {
        let status = match Status::read(&start.environment, &start.known) {
            Ok(status) => status,
            Err(error) => return render::store_error(&error),
        };
        let printed = if self.json {
            print(&serde_json::to_string_pretty(&status).unwrap_or_default())
        } else {
            print(&render::status(&status))
        };
        status.exit().worst(printed.exit())
    }

    fn wait(&self, start: &Start, patience: Duration) -> Exit {
        let report = match wait_for_report(
            &start.environment,
            self.run.as_deref(),
            patience,
            Until::Settled,
            |_, _| true,
        ) {
            Ok(Some(report)) => report,
            Ok(None) => {
                eprint("nothing was reported on in time; see: sendoff status");
                return Exit::Queued;
            }
            Err(error) => return render::store_error(&error),
        };
        let printed = if self.json {
            print(&render::json(&report))
        } else {
            print(&render::human(
                &report,
                render::Detail::EveryStep,
                start.paint,
            ))
        };
        report.exit().worst(printed.exit())
    }
}
