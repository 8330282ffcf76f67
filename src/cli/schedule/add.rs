//! `sendoff schedule add`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cron::{CronExpression, Zone};
use crate::exit::Exit;
use crate::policy::{OnBusy, PolicyDuration, Schedule};
use crate::schedules::{add, one};
use crate::template::{Template, TemplateError};

use super::super::output::print;
use super::super::render;
use super::{Opened, Refusal, help};

// When a schedule runs, and what it does. A doc comment here would be the help of the command.
#[derive(Debug, clap::Args)]
#[command(after_long_help = help::ADD)]
pub(in crate::cli) struct Args {
    /// Its name, which no other schedule has
    name: String,
    /// When it runs: minute, hour, day of the month, month, day of the week; or @daily and the like
    #[arg(long, value_name = "EXPR")]
    cron: CronExpression,
    /// The time zone of the expression, such as Europe/Berlin
    #[arg(long, value_name = "TZ", default_value_t)]
    timezone: Zone,
    /// A word by which events find it, besides its name
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Send the prompt to this workspace of the platform
    #[arg(long, value_name = "ID", requires = "prompt")]
    workspace: Option<String>,
    /// The prompt, a template; `event` is what the event told that set it due, else none
    #[arg(long, value_name = "TEXT", requires = "workspace", value_parser = template)]
    prompt: Option<Template>,
    /// Run this pipeline in the directory
    #[arg(long, value_name = "NAME", conflicts_with_all = ["workspace", "step"], requires = "directory")]
    pipeline: Option<String>,
    /// Run this step of kind http
    #[arg(long, value_name = "NAME", conflicts_with = "workspace")]
    step: Option<String>,
    /// The directory that the pipeline or the step runs in
    #[arg(long, value_name = "DIR", conflicts_with = "workspace")]
    directory: Option<PathBuf>,
    /// What happens when its last firing, or the workspace, is busy
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = WhenBusy::Skip)]
    on_busy: WhenBusy,
    /// Leave out a time that was missed, such as with the machine off
    #[arg(long)]
    no_catch_up: bool,
    /// How long a firing may take [default: 5m]
    #[arg(long, value_name = "TIME")]
    timeout: Option<PolicyDuration>,
    /// Add it without letting it run
    #[arg(long)]
    disabled: bool,
}

/// What happens when something is busy.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum WhenBusy {
    /// This firing is left out, and recorded as skipped
    Skip,
    /// It waits until what is busy is done
    Queue,
}

fn template(text: &str) -> Result<Template, TemplateError> {
    Template::new(text)
}

impl Args {
    pub(super) fn run(self, opened: &Opened) -> Result<Exit, Refusal> {
        let schedule = self.schedule(opened);
        let store = opened.own()?;
        add(store, &schedule)?;
        let view = one(store, &schedule.name)?;
        Ok(print(&render::schedules(&[view.line])).exit())
    }

    fn schedule(self, opened: &Opened) -> Schedule {
        let directory = self
            .directory
            .map(|directory| opened.service.environment().cwd().join(directory));
        let new = Schedule::new(self.name, self.cron, self.timezone);
        Schedule {
            tags: self.tags,
            workspace: self.workspace,
            prompt: self.prompt,
            pipeline: self.pipeline,
            step: self.step,
            directory,
            on_busy: match self.on_busy {
                WhenBusy::Skip => OnBusy::Skip,
                WhenBusy::Queue => OnBusy::Queue,
            },
            catch_up: !self.no_catch_up,
            timeout: self.timeout.unwrap_or(new.timeout),
            enabled: !self.disabled,
            ..new
        }
    }
}
