//! `sendoff demo`: runs a pipeline against servers on loopback.

use crate::demo::{Demonstration, TASKS};
use crate::environment::Environment;
use crate::exit::Exit;

use super::colour::Paint;
use super::output::{eprint, print};
use super::render;

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff demo                        run the pipeline twice against loopback servers
  SENDOFF_LOG=debug sendoff demo      show what it logs as well

Environment:
  PATH         where the git program is
  SENDOFF_LOG  log lines for standard error, such as debug";

/// Try it all on loopback servers: no account needed, nothing left behind
///
/// Starts a git server, a forge and an agents' platform on 127.0.0.1, makes a repository with a feature branch, and
/// runs the pipeline `post-task` for two tasks: the second run finds what the first one did, and the platform is down,
/// so that its messages wait until they are flushed. Needs the git program.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(environment: &Environment) -> Exit {
        let demonstration = match Demonstration::set_up(environment) {
            Ok(demonstration) => demonstration,
            Err(error) => {
                eprint(&format!("the demonstration cannot be set up: {error}"));
                return Exit::Failed;
            }
        };
        let mut exit = print(&demonstration.introduction()).exit();
        let headings = [
            "$ sendoff run --trigger executor --input task-1.json",
            "$ sendoff run --trigger executor --input task-2.json   (the next task, and the platform is down)",
        ];
        for (heading, task) in headings.into_iter().zip(&TASKS) {
            if heading.ends_with("down)") {
                demonstration.take_platform_down();
            }
            let report = match demonstration.run(task) {
                Ok(report) => report,
                Err(error) => return render::policy_error(&error),
            };
            let shown = print(&format!(
                "{heading}\n\n{}",
                render::human(&report, render::Detail::Normal, Paint::Off)
            ));
            exit = exit.worst(shown.exit()).worst(report.exit());
            exit = exit.worst(print_received(&demonstration));
        }
        exit = exit.worst(print("$ sendoff flush   (the platform is back)\n").exit());
        match demonstration.flush() {
            Ok(flushed) => exit = exit.worst(flushed),
            Err(error) => return render::store_error(&error),
        }
        exit = exit.worst(print_received(&demonstration));
        let last = "Everything ran on 127.0.0.1 in a temporary directory, which is gone now.";
        exit.worst(print(last).exit())
    }
}

/// Prints what the git server received.
fn print_received(demonstration: &Demonstration) -> Exit {
    match demonstration.received() {
        Ok(received) => print(&received).exit(),
        Err(error) => {
            eprint(&format!(
                "cannot read what the git server received: {error}"
            ));
            Exit::Failed
        }
    }
}
