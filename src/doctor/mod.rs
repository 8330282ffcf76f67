//! `sendoff doctor`: looks at everything that a run needs, and names the command that fixes what is wrong. Nothing is
//! pushed, created or written.

mod agents;
mod hooks;
mod local;
mod servers;

use schemars::JsonSchema;
use serde::Serialize;

use crate::exit::Exit;
use crate::install::InstallContext;
use crate::reason::Reason;
use crate::secrets::{KnownSecrets, clean_line, redact};
use crate::session::Session;

/// What was found, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Diagnosis {
    /// The version of the document: `sendoff.doctor/1`.
    pub schema: String,
    /// Whether no check fails.
    pub ok: bool,
    /// The checks, in their order.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// Its name, which never changes.
    pub name: String,
    /// How it ended.
    pub result: CheckResult,
    /// What was found, in one line.
    pub message: String,
    /// What fixes it, in one line; most often a command.
    pub advice: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckResult {
    /// All is well.
    Pass,
    /// Something is missing that a run can do without, or could not be looked at.
    Warn,
    /// Something does not work.
    Fail,
}

impl CheckResult {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl Check {
    fn pass(name: &str, message: impl Into<String>) -> Self {
        Self::new(name, CheckResult::Pass, message)
    }

    fn warn(name: &str, message: impl Into<String>) -> Self {
        Self::new(name, CheckResult::Warn, message)
    }

    fn fail(name: &str, message: impl Into<String>) -> Self {
        Self::new(name, CheckResult::Fail, message)
    }

    fn new(name: &str, result: CheckResult, message: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            result,
            message: message.into(),
            advice: None,
        }
    }

    fn of(name: &str, result: CheckResult, reason: Reason) -> Self {
        Self {
            advice: reason.advice,
            ..Self::new(name, result, reason.message)
        }
    }

    fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Hides secrets, and what a terminal would obey.
    fn shown(self, known: &KnownSecrets) -> Self {
        let show = |text: String| clean_line(&redact(&known.hide(&text)));
        Self {
            message: show(self.message),
            advice: self.advice.map(show),
            ..self
        }
    }
}

impl Diagnosis {
    /// The version of the document.
    pub const SCHEMA: &str = "sendoff.doctor/1";

    /// Makes every check.
    pub fn of(session: &Session, context: &InstallContext, known: &KnownSecrets) -> Self {
        let mut checks = local::checks(session, context);
        checks.extend(hooks::checks(context));
        checks.extend(servers::checks(session));
        Self {
            schema: Self::SCHEMA.into(),
            ok: checks.iter().all(|check| check.result != CheckResult::Fail),
            checks: checks.into_iter().map(|check| check.shown(known)).collect(),
        }
    }

    /// Returns the exit code: 1 when a check fails.
    pub const fn exit(&self) -> Exit {
        if self.ok { Exit::Done } else { Exit::Failed }
    }
}
