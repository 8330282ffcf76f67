//! `exec`: runs a program without a shell, with an allow-list of variables and capped output.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::Repo;
use crate::pipeline::{
    Context, ErrorKind, Outcome, Outputs, Step, StepDef, StepError, interruptible,
};
use crate::policy::Policy;
use crate::process::{Captured, Ended, Inheritance, Killer, Output, Program};
use crate::reason::{Code, error_chain};
use crate::secrets::{redact, strip_controls};
use crate::template::Template;
use crate::threads::lock;
use crate::trust::ProgramFile;

pub(super) const STEP: StepDef = StepDef::of::<Exec>(
    "exec",
    "Runs a program, without a shell and with few environment variables.",
)
.ships();

/// The most output that the report has, in bytes.
const MAX_OUTPUT_SIZE: usize = 64 << 10;
/// How many bytes more are searched for secrets, so that one at the end is complete.
const REDACTION_MARGIN: usize = 4 << 10;
/// The most characters of a failed program's stderr in the summary.
const MAX_EXCERPT_LENGTH: usize = 200;
/// Longer than every step: the engine kills the program when the step ends.
const PROGRAM_TIMEOUT: Duration = Duration::from_hours(24);

/// Run a program
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Exec {
    /// The program and its arguments; no shell interprets them. A path is relative to the work tree, a name is looked up in `PATH`.
    command: Vec<String>,
    /// The program's standard input; empty by default.
    input: Option<Template>,
}

crate::classes!(Exec {
    command: C,
    input: C
});

#[async_trait(?Send)]
impl Step for Exec {
    fn mistake(&self, _policy: &Policy) -> Option<(&'static str, StepError)> {
        self.command
            .is_empty()
            .then(|| ("command", wrong("there is no `command` to run".into())))
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let program = self.program(cx)?;
        let name = self.command.first().cloned().unwrap_or_default();
        self.check_pinned(cx)?;
        let child = ChildHandle::default();
        let started = child.clone();
        // Dropped at the step's timeout or the run's deadline.
        let _guard = KillOnDrop(child);
        let ended =
            interruptible(move |_| program.run_with(|killer| started.attach(killer))).await?;
        let output = ended.map_err(|error| {
            StepError::new(ErrorKind::Denied, Code::Exec, error_chain(&error))
                .advise("correct `command` in the policy: an argument vector, as in [\"./scripts/notify.sh\", \"now\"]")
        })?;
        result(&name, &output)
    }
}

impl Exec {
    /// Fails when a file that the command names, and that was trusted with it, has changed since.
    fn check_pinned(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let Some(top) = cx.repo.and_then(Repo::work_tree) else {
            return Ok(());
        };
        let pinned = cx.policy.pinned_files().iter();
        let mut pinned = pinned.filter(|file| self.command.contains(&file.path));
        let changed = pinned.find(|file| {
            let (path, hash) = (file.path.clone(), file.hash.clone());
            ProgramFile { path, hash }.is_changed(top)
        });
        match changed {
            None => Ok(()),
            Some(file) => {
                let summary = format!("`{}` changed after it was trusted", file.path);
                let error = StepError::new(ErrorKind::Denied, Code::PolicyUntrusted, summary);
                Err(error.advise(
                    "see it: sendoff trust --diff; to let it run, run on a terminal: sendoff trust",
                ))
            }
        }
    }

    fn program(&self, cx: &Context<'_>) -> Result<Program, StepError> {
        let Some((name, arguments)) = self.command.split_first() else {
            return Err(wrong("there is no `command` to run".into()));
        };
        let environment = cx.environment;
        let inheritance = Inheritance::new(environment.search_path(), environment.for_children());
        let top = cx.repo.and_then(Repo::work_tree);
        let path = if name.contains('/') {
            let path = PathBuf::from(name);
            match top {
                _ if path.is_absolute() => path,
                Some(top) => top.join(path),
                None => {
                    return Err(wrong(format!(
                        "`{name}` is relative, and there is no work tree"
                    )));
                }
            }
        } else {
            inheritance
                .find(name)
                .map_err(|error| wrong(error.to_string()))?
        };
        let mut program = Program::new(path)
            .args(arguments)
            .inherit(&inheritance)
            .variable("SENDOFF_EVENT", cx.trigger.to_string())
            .variable("SENDOFF_RUN_ID", cx.run_id.to_string())
            .directory(top.unwrap_or(environment.cwd()))
            .cap(MAX_OUTPUT_SIZE + REDACTION_MARGIN)
            .deadline(PROGRAM_TIMEOUT);
        if let Some(repo) = &cx.facts.repo {
            let facts = [
                ("SENDOFF_REPO_DIR", Some(&repo.path)),
                ("SENDOFF_BRANCH", repo.branch.as_ref()),
                ("SENDOFF_OID", repo.head.as_ref()),
            ];
            for (name, value) in facts {
                if let Some(value) = value.filter(|value| !value.contains('\0')) {
                    program = program.variable(name, value);
                }
            }
        }
        if let Some(input) = &self.input {
            program = program.input(cx.render(input)?);
        }
        Ok(program)
    }
}

fn wrong(summary: String) -> StepError {
    StepError::new(ErrorKind::Denied, Code::Exec, summary)
        .advise("set `command` to a program and its arguments")
}

/// Kills the program, also when it has not started yet. Clones share the program.
#[derive(Debug, Clone, Default)]
struct ChildHandle(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    NotStarted,
    Running(Killer),
    Killed,
}

impl ChildHandle {
    fn attach(&self, killer: Killer) {
        let mut state = lock(&self.0);
        match *state {
            State::Killed => killer.kill(),
            State::NotStarted | State::Running(_) => *state = State::Running(killer),
        }
    }

    fn kill(&self) {
        let mut state = lock(&self.0);
        // For a program that was reaped this does nothing.
        if let State::Running(killer) = std::mem::replace(&mut *state, State::Killed) {
            killer.kill();
        }
    }
}

/// Kills the program when the step is dropped.
struct KillOnDrop(ChildHandle);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.kill();
    }
}

/// Makes the step's result of a program that ended.
fn result(name: &str, output: &Output) -> Result<Outcome, StepError> {
    let how = match output.ended {
        Ended::Code(0) => {
            let mut outputs = Outputs::new();
            outputs.insert("exit-code".into(), 0.into());
            outputs.insert(
                "cut".into(),
                (output.stdout.total > MAX_OUTPUT_SIZE as u64).into(),
            );
            outputs.insert("text".into(), text(&output.stdout).into());
            outputs.insert(
                super::SOURCE.into(),
                format!("the output of `{name}`").into(),
            );
            return Ok(Outcome::Done {
                summary: format!("`{name}` succeeded"),
                outputs,
            });
        }
        Ended::Code(code) => format!("exited with code {code}"),
        Ended::Signal(signal) => format!("was killed by signal {signal}"),
    };
    let said = text(&output.stderr);
    let said = said.lines().rev().find(|line| !line.trim().is_empty());
    let summary = match said {
        Some(line) => {
            let line: String = line.chars().take(MAX_EXCERPT_LENGTH).collect();
            format!("`{name}` {how}: {line}")
        }
        None => format!("`{name}` {how}"),
    };
    Err(StepError::new(ErrorKind::Denied, Code::ExitCode, summary)
        .advise("run it by hand to see what it needs; it gets few variables and no terminal"))
}

/// Returns the beginning of an output, without secrets and control characters.
fn text(output: &Captured) -> String {
    let all = String::from_utf8_lossy(&output.bytes);
    let safe = redact(&all);
    let lines: Vec<String> = safe.lines().map(strip_controls).collect();
    let mut text = lines.join("\n");
    text.truncate(text.floor_char_boundary(MAX_OUTPUT_SIZE));
    text
}
