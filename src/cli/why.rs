//! `sendoff why`: why the branch at hand did, or does, not ship.

use crate::exit::Exit;
use crate::session::AskRemote;

use super::end_process::end_process;
use super::output::print;
use super::plan::late;
use super::render;
use super::start::{PipelineArgs, Start};

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff why                  explain the last run of this branch, and the next one
  sendoff why post-commit      explain the run that a commit starts

Environment:
  GH_TOKEN, GITHUB_TOKEN  the token for github.com; without one the pull request is skipped
  XDG_STATE_HOME, HOME    where the state directory is, with the history";

/// Say why the branch did not ship, or what keeps it from that
///
/// Lists every guard with the values of the policy that it reads, the layer of each, and its decision: in the last recorded
/// run of this branch, and in the next one. Writes nothing and sends no request; a guard that needs one is marked.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    what: PipelineArgs,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, start: Start) -> Exit {
        let is_off = start.environment.is_off();
        let request = self.what.checked(&start);
        let opened = request.open(start.environment, AskRemote::No, |report| {
            end_process(late(&report));
        });
        let (session, pipeline) = match opened {
            Ok(opened) => opened,
            Err(exit) => return exit,
        };
        let why = session.why(&pipeline);
        if self.json {
            // It is made of text and lists of text, which always serialise.
            let text = serde_json::to_string_pretty(&why).unwrap_or_default();
            return print(&text).exit().worst(why.exit());
        }
        let mut text = render::why(&why);
        if is_off {
            text.push_str("\nSENDOFF=0 switches sendoff off: no run does anything\n");
        }
        print(&text).exit().worst(why.exit())
    }
}
