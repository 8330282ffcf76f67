//! `sendoff plan`: what a run would do, and why; without doing any of it.

use crate::exit::Exit;
use crate::report::Report;
use crate::session::Plan;

use super::output::{complain, print};
use super::render;
use super::start::{Asked, PipelineArgs, Start};

/// Show what a run would do, and why, without doing any of it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is written and no server is asked: what only a server knows is said to be asked \
                        at run time."
)]
pub(super) struct Args {
    #[command(flatten)]
    what: PipelineArgs,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, start: Start) -> Exit {
        if start.environment.is_off() {
            return off(&self.what.unchecked(&start), self.json);
        }
        let asked = self.what.checked(&start);
        let opened = asked.open(start.environment, |report| {
            super::run::end_process(late(&report));
        });
        match opened {
            Ok((session, pipeline)) => show(&session.plan(&pipeline), self.json),
            Err(exit) => exit,
        }
    }
}

/// Says that the time passed before there was a plan.
pub(super) fn late(report: &Report) -> Exit {
    complain(render::human(report, render::Detail::Normal).trim_end());
    Exit::Failed
}

/// Prints the plan of a program that is switched off.
pub(super) fn off(asked: &Asked, json: bool) -> Exit {
    show(
        &Plan::switched_off(&asked.name, asked.request.trigger),
        json,
    )
}

/// Prints a plan.
pub(super) fn show(plan: &Plan, json: bool) -> Exit {
    let printed = if json {
        // A plan is made of text and lists of text, which always serialise.
        print(&serde_json::to_string_pretty(plan).unwrap_or_default())
    } else {
        print(&render::plan(plan))
    };
    printed.exit().worst(plan.exit())
}
