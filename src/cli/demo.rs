//! `sendoff demo`: the whole job on loopback servers, shown.

use crate::demo::Stage;
use crate::environment::Environment;
use crate::exit::Exit;

use super::output::{complain, print};
use super::render;

/// Try it all on loopback servers: no account needed, nothing left behind
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Starts a git server, a forge and an agents' platform on 127.0.0.1, makes a repository \
                        with a feature branch, and runs the pipeline twice. Needs the git program, for its server."
)]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(environment: &Environment) -> Exit {
        let stage = match Stage::set_up(environment) {
            Ok(stage) => stage,
            Err(error) => {
                complain(&format!("the demonstration cannot be set up: {error}"));
                return Exit::Failed;
            }
        };
        let mut exit = print(&stage.introduction()).exit();
        for heading in ["$ sendoff run", "$ sendoff run   (again)"] {
            let report = match stage.run() {
                Ok(report) => report,
                Err(error) => return render::policy_error(&error),
            };
            let shown = print(&format!(
                "{heading}\n\n{}",
                render::human(&report, render::Detail::Normal)
            ));
            exit = exit.worst(shown.exit()).worst(report.exit());
            match stage.arrived() {
                Ok(arrived) => exit = exit.worst(print(&arrived).exit()),
                Err(error) => {
                    complain(&format!("what arrived cannot be read: {error}"));
                    exit = exit.worst(Exit::Failed);
                }
            }
        }
        let last = "Everything ran on 127.0.0.1 in a temporary directory, which is gone now.";
        exit.worst(print(last).exit())
    }
}
