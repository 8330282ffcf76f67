//! `[[schedules]]`: what runs when its time comes, or when an event asks for it. Never from a repository.

use std::collections::BTreeSet;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cron::{CronExpression, Zone};
use crate::template::Template;

use super::duration::PolicyDuration;
use super::error::PolicyError;
use super::layer::Layer;
use super::node::Item;
use super::source::Sources;
use super::text::written_as_text;

/// The longest name of a schedule or a tag, in characters.
const MAX_NAME_LENGTH: usize = 200;

/// How long a firing may take, in seconds, where nothing else is said.
const TIMEOUT_SECONDS: u64 = 300;

written_as_text!(
    CronExpression,
    "a cron expression such as \"0 3 * * 1-5\"",
    { "title": "cron expression", "type": "string", "minLength": 1 }
);
written_as_text!(
    Zone,
    "a time zone such as \"Europe/Berlin\"",
    { "title": "time zone", "type": "string", "minLength": 1 }
);

/// What runs when its time comes, or when an event asks for it: a prompt to a workspace, a pipeline in a directory, or a step that sends a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Schedule {
    /// Its name, which no other schedule has.
    pub name: String,
    /// When it runs: minute, hour, day of the month, month and day of the week, such as `0 3 * * 1-5`; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
    pub cron: CronExpression,
    /// The time zone of `cron`, by its name in the IANA database.
    #[serde(default)]
    pub timezone: Zone,
    /// Words by which events find it, besides its name.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The workspace on the platform that gets the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The prompt, a template; `event` is what the event told that set it due, else none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Template>,
    /// The pipeline to run, instead of a prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// The step of kind `http` to run, instead of a prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The directory that the pipeline or the step runs in. A pipeline needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// What happens when its last firing, or the workspace, is busy.
    #[serde(default)]
    pub on_busy: OnBusy,
    /// Whether a time that was missed, such as with the machine off, runs once when it can.
    #[serde(default = "yes")]
    pub catch_up: bool,
    /// How long a firing may take.
    #[serde(default = "timeout")]
    pub timeout: PolicyDuration,
    /// Whether it runs at all.
    #[serde(default = "yes")]
    pub enabled: bool,
}

crate::classes!(Schedule {
    name: D,
    cron: D,
    timezone: D,
    tags: D,
    workspace: D,
    prompt: D,
    pipeline: D,
    step: D,
    directory: D,
    on_busy: D,
    catch_up: D,
    timeout: D,
    enabled: D,
});

/// What happens when the last firing, or the workspace, is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnBusy {
    /// This firing is left out, and recorded as skipped.
    #[default]
    Skip,
    /// It waits until what is busy is done.
    Queue,
}

/// What a schedule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduledWork<'a> {
    /// It sends a prompt to a workspace.
    Prompt {
        /// The workspace's id.
        workspace: &'a str,
        /// What is sent.
        prompt: &'a Template,
    },
    /// It runs a pipeline.
    Pipeline {
        /// The pipeline's name.
        pipeline: &'a str,
        /// Where.
        directory: &'a PathBuf,
    },
    /// It runs a step of kind `http`.
    Step {
        /// The step's name.
        step: &'a str,
        /// Where, when it matters.
        directory: Option<&'a PathBuf>,
    },
}

/// Why a schedule cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The name or a tag is empty, too long, or has characters that no terminal shows.
    #[error("got `{0}`, wanted a name of 1 to {MAX_NAME_LENGTH} characters on one line")]
    Name(String),
    /// It says not what to do, or two things.
    #[error(
        "the schedule `{0}` does not say what it does: it needs `workspace` and `prompt`, or `pipeline` and `directory`, or `step`"
    )]
    Work(String),
    /// It says two things.
    #[error(
        "the schedule `{0}` does two things: it can have `workspace` and `prompt`, or `pipeline` and `directory`, or `step`"
    )]
    TwoWorks(String),
    /// The directory depends on where it is read.
    #[error("the schedule `{0}` has a `directory` that is not absolute")]
    Directory(String),
    /// Another one has its name.
    #[error("two schedules are called `{0}`")]
    Twice(String),
}

const fn yes() -> bool {
    true
}

const fn timeout() -> PolicyDuration {
    PolicyDuration::seconds(TIMEOUT_SECONDS)
}

impl Schedule {
    /// Makes a schedule that does nothing yet.
    pub const fn new(name: String, cron: CronExpression, timezone: Zone) -> Self {
        Self {
            name,
            cron,
            timezone,
            tags: Vec::new(),
            workspace: None,
            prompt: None,
            pipeline: None,
            step: None,
            directory: None,
            on_busy: OnBusy::Skip,
            catch_up: true,
            timeout: timeout(),
            enabled: true,
        }
    }

    /// Returns what it does, or why that cannot be.
    pub fn work(&self) -> Result<ScheduledWork<'_>, ScheduleError> {
        for text in std::iter::once(&self.name).chain(&self.tags) {
            let length = text.chars().count();
            let is_plain = !text.chars().any(char::is_control) && text.trim() == text;
            if length == 0 || length > MAX_NAME_LENGTH || !is_plain {
                let shown = text.escape_debug().take(60).collect();
                return Err(ScheduleError::Name(shown));
            }
        }
        let name = || self.name.clone();
        if self
            .directory
            .as_ref()
            .is_some_and(|path| !path.is_absolute())
        {
            return Err(ScheduleError::Directory(name()));
        }
        let (workspace, prompt) = (self.workspace.as_deref(), self.prompt.as_ref());
        let (pipeline, step) = (self.pipeline.as_deref(), self.step.as_deref());
        let directory = self.directory.as_ref();
        match (workspace, prompt, pipeline, step, directory) {
            (Some(workspace), Some(prompt), None, None, None) => {
                Ok(ScheduledWork::Prompt { workspace, prompt })
            }
            (None, None, Some(pipeline), None, Some(directory)) => Ok(ScheduledWork::Pipeline {
                pipeline,
                directory,
            }),
            (None, None, None, Some(step), directory) => {
                Ok(ScheduledWork::Step { step, directory })
            }
            (Some(_), None, None, None, None)
            | (None, Some(_) | None, None, None, _)
            | (None, None, Some(_), None, None) => Err(ScheduleError::Work(name())),
            _ => Err(ScheduleError::TwoWorks(name())),
        }
    }
}

/// Checks the schedules of a layer: what each does, and that no two have one name.
pub(super) fn check_schedules(
    layer: &Layer,
    sources: &Sources,
    schedules: &[Schedule],
) -> Result<(), PolicyError> {
    let Some(entry) = layer.table.get("schedules") else {
        return Ok(());
    };
    let Item::List(nodes) = &entry.value.item else {
        return Ok(());
    };
    let mut seen = BTreeSet::new();
    for (schedule, node) in schedules.iter().zip(nodes) {
        let twice = || ScheduleError::Twice(schedule.name.clone());
        let checked = schedule.work().map(drop);
        let checked =
            checked.and_then(|()| seen.insert(&schedule.name).then_some(()).ok_or_else(twice));
        checked.map_err(|error| {
            PolicyError::new(format!("`schedules`: {error}"))
                .advise(error.advice())
                .at(sources, &node.place, "this one")
        })?;
    }
    Ok(())
}

impl ScheduleError {
    /// Returns what to do, in one line.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Name(_) => "shorten it, and leave out line ends and spaces around it",
            Self::Work(_) => "add the key that is missing",
            Self::TwoWorks(_) => "make two schedules of it, or leave keys out",
            Self::Directory(_) => "name it from the root, such as /srv/rocket",
            Self::Twice(_) => "give one of them another name",
        }
    }
}
