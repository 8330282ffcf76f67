//! `exec`: a program of the user's choice: no shell, a scrubbed environment, capped output.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::Repo;
use crate::pipeline::{
    Context, ErrorKind, Outcome, Outputs, Step, StepDef, StepError, interruptible,
};
use crate::process::{Captured, Ended, Inheritance, Killer, Output, Program};
use crate::reason::Code;
use crate::secrets::{redact, strip_controls};
use crate::template::Template;

pub(super) const STEP: StepDef =
    StepDef::of::<Exec>("exec", "Runs a program: no shell, a scrubbed environment.").ships();

/// How many bytes of output are told.
const MOST: usize = 64 << 10;
/// How many bytes more are looked at, so that a secret at the end is seen whole.
const MARGIN: usize = 4 << 10;
/// How much of what a failed program wrote is told, in characters.
const EXCERPT: usize = 200;
/// The engine ends the step; this ends a program whose run ended otherwise.
const LONGEST: Duration = Duration::from_hours(24);

/// Run a program
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Exec {
    /// The program and its arguments, as they are: no shell reads them. A path is relative to the work tree; a name is looked for in `PATH`.
    command: Vec<String>,
    /// What the program reads; nothing unless it is set.
    input: Option<Template>,
}

crate::classes!(Exec {
    command: C,
    input: C
});

#[async_trait(?Send)]
impl Step for Exec {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let program = self.program(cx)?;
        let name = self.command.first().cloned().unwrap_or_default();
        let leash = Leash::default();
        let held = leash.clone();
        // Dropping the leash, at the step's limit or the run's deadline, kills the whole group.
        let _guard = Guard(leash);
        let ended = interruptible(move |_| program.run_with(|killer| held.attach(killer))).await?;
        let output = ended.map_err(|error| {
            StepError::new(ErrorKind::Denied, Code::Exec, super::chain(&error))
                .advise("mend `command` in the policy: an argument vector, as in [\"./scripts/notify.sh\", \"now\"]")
        })?;
        judge(&name, &output)
    }
}

impl Exec {
    fn program(&self, cx: &Context<'_>) -> Result<Program, StepError> {
        let wrong = |summary: String| {
            StepError::new(ErrorKind::Denied, Code::Exec, summary)
                .advise("set `command` to a program and its arguments")
        };
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
            .cap(MOST + MARGIN)
            .deadline(LONGEST);
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

/// What kills the program from outside, from before it runs.
#[derive(Debug, Clone, Default)]
struct Leash(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Waiting,
    Runs(Killer),
    Cut,
}

impl Leash {
    fn attach(&self, killer: Killer) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Cut => killer.kill(),
            State::Waiting | State::Runs(_) => *state = State::Runs(killer),
        }
    }

    fn cut(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A program that has ended by itself is not hit: its killer knows that it was reaped.
        if let State::Runs(killer) = std::mem::replace(&mut *state, State::Cut) {
            killer.kill();
        }
    }
}

/// Cuts the leash when the step is dropped.
struct Guard(Leash);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.cut();
    }
}

fn judge(name: &str, output: &Output) -> Result<Outcome, StepError> {
    let how = match output.ended {
        Ended::Code(0) => {
            let mut outputs = Outputs::new();
            outputs.insert("exit-code".into(), 0.into());
            outputs.insert("cut".into(), (output.stdout.total > MOST as u64).into());
            outputs.insert("text".into(), text(&output.stdout).into());
            outputs.insert(
                super::SOURCE.into(),
                format!("the output of `{name}`").into(),
            );
            return Ok(Outcome::Done {
                summary: format!("`{name}` ended well"),
                outputs,
            });
        }
        Ended::Code(code) => format!("ended with exit code {code}"),
        Ended::Signal(signal) => format!("was ended by signal {signal}"),
    };
    let said = text(&output.stderr);
    let said = said.lines().rev().find(|line| !line.trim().is_empty());
    let summary = match said {
        Some(line) => {
            let line: String = line.chars().take(EXCERPT).collect();
            format!("`{name}` {how}: {line}")
        }
        None => format!("`{name}` {how}"),
    };
    Err(StepError::new(ErrorKind::Denied, Code::ExitCode, summary)
        .advise("run it by hand to see what it needs; it gets few variables and no terminal"))
}

/// Returns the beginning of an output, fit to be shown: no secret, no control character.
fn text(output: &Captured) -> String {
    let all = String::from_utf8_lossy(&output.bytes);
    let safe = redact(&all);
    let lines: Vec<String> = safe.lines().map(strip_controls).collect();
    let mut text = lines.join("\n");
    text.truncate(text.floor_char_boundary(MOST));
    text
}
