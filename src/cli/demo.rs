//! `sendoff demo`: the whole job on loopback servers, shown.

use crate::demo::Stage;
use crate::environment::Environment;
use crate::exit::Exit;

use super::output::Output;
use super::render;

/// Try it all on loopback servers: no account needed, nothing left behind
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Starts a git server, a forge and an agents' platform on 127.0.0.1, makes a repository \
                        with a feature branch, and runs the pipeline twice. Needs the git program, for its server."
)]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(self, environment: &Environment, output: &mut Output) -> Exit {
        let stage = match Stage::set_up(environment) {
            Ok(stage) => stage,
            Err(error) => {
                output.complain(&format!("the demonstration cannot be set up: {error}"));
                return Exit::Failed;
            }
        };
        output.print(&stage.introduction());
        let mut exit = Exit::Done;
        for heading in ["$ sendoff run", "$ sendoff run   (again)"] {
            let report = match stage.run() {
                Ok(report) => report,
                Err(error) => return render::policy_error(output, *error),
            };
            output.print(&format!(
                "{heading}\n\n{}",
                render::human(&report, render::Detail::Normal)
            ));
            exit = exit.worst(report.exit());
            match stage.arrived() {
                Ok(arrived) => output.print(&arrived),
                Err(error) => {
                    output.complain(&format!("what arrived cannot be read: {error}"));
                    exit = exit.worst(Exit::Failed);
                }
            }
        }
        output.print("Everything ran on 127.0.0.1 in a temporary directory, which is gone now.");
        exit
    }
}
