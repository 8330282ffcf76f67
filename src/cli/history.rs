//! `sendoff history`: the runs that did or tried something, and one of them.

use crate::exit::Exit;
use crate::worker::{Found, run, runs};

use super::output::{eprint, print};
use super::render;
use super::start::Start;

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff history --limit 5            list the last five runs
  sendoff history 01a2                 show the run whose id begins so, as bars

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// List the runs that did or tried something, or show one of them
///
/// A run is shown with a bar for each step: when it began, how long it took, and what became of it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// The run to show: its id, or the beginning of it
    run: Option<String>,
    /// List at most so many runs
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Print JSON: a line a run, or the report of the one run
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, start: &Start) -> Exit {
        match &self.run {
            Some(id) => self.one(start, id),
            None => self.list(start),
        }
    }

    fn list(&self, start: &Start) -> Exit {
        let runs = match runs(&start.environment, self.limit) {
            Ok(runs) => runs,
            Err(error) => return render::store_error(&error),
        };
        let text = if self.json {
            render::history_json(&runs)
        } else {
            render::history(&runs)
        };
        if text.is_empty() {
            return Exit::Done;
        }
        print(&text).exit()
    }

    fn one(&self, start: &Start, id: &str) -> Exit {
        let report = match run(&start.environment, id) {
            Ok(Found::One(report)) => report,
            Ok(Found::None) => {
                eprint(&format!(
                    "no run that was kept has an id that begins with `{}`; `sendoff history` lists them",
                    id.escape_debug()
                ));
                return Exit::Usage;
            }
            Ok(Found::Several) => {
                eprint(&format!(
                    "more than one run has an id that begins with `{}`: give more of it",
                    id.escape_debug()
                ));
                return Exit::Usage;
            }
            Err(error) => return render::store_error(&error),
        };
        let text = if self.json {
            render::json(&report)
        } else {
            render::timeline(&report)
        };
        print(&text).exit()
    }
}
