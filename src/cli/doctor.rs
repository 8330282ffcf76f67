//! `sendoff doctor`: a table of checks.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::doctor::{Check, CheckResult, Diagnosis};
use crate::exit::Exit;
use crate::install::InstallContext;
use crate::policy::Trigger;
use crate::session::{Request, Session, Watch};

use super::colour::{Colour, Paint};
use super::output::{eprint, print};
use super::render;
use super::start::{Start, check_directory};

/// Examples, variables and exit codes.
const HELP: &str = "\
Examples:
  sendoff doctor                   check everything that a run here needs
  sendoff doctor -C DIR --json     check another work tree, for a program

Environment:
  GH_TOKEN, GITHUB_TOKEN       the token for github.com
  PLATFORM_URL, WORKSPACE_ID   the agents' platform, and the workspace there
  XDG_STATE_HOME, HOME         where the state directory is

Exit codes: 0 no check fails, 1 one fails, 64 command line, 78 policy.";

/// Check that everything is set up, and name the command that fixes what is not
///
/// Tests what a run would use: runs git's post-commit hook with a variable that makes sendoff answer and stop (other programs
/// in that hook run as after a commit), logs in to the remote without a prompt, and sends read-only requests to the forge and
/// the platform. Nothing is pushed, created or written.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// Check this directory instead of the current one
    #[arg(short = 'C', value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Print the checks as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, start: Start) -> Exit {
        if let Err(exit) = check_directory(self.directory.as_ref(), &start.environment) {
            return exit;
        }
        let program = std::env::current_exe().unwrap_or_default();
        let context = InstallContext::new(
            start.environment.clone(),
            self.directory.as_deref(),
            program,
        );
        let context = match context {
            Ok(context) => context,
            Err(error) => {
                eprint(&error.to_string());
                return Exit::Failed;
            }
        };
        let request = Request {
            directory: self.directory,
            // As in a hook, no login is asked for.
            trigger: Trigger::Generic,
            known: start.known.clone(),
            ..Request::default()
        };
        let paint = start.paint;
        let watch = Watch::without_thread(&request, "doctor");
        let session = match Session::open(request, start.environment, watch) {
            Ok(session) => session,
            Err(error) => return render::policy_error(&error),
        };
        let diagnosis = Diagnosis::of(&session, &context, &start.known);
        let text = if self.json {
            // It is made of text, which always serialises.
            serde_json::to_string_pretty(&diagnosis).unwrap_or_default()
        } else {
            table(&diagnosis.checks, paint)
        };
        print(&text).exit().worst(diagnosis.exit())
    }
}

/// Returns the colour of a result.
const fn colour(result: CheckResult) -> Colour {
    match result {
        CheckResult::Pass => Colour::Green,
        CheckResult::Warn => Colour::Yellow,
        CheckResult::Fail => Colour::Red,
    }
}

/// Lays the checks out as a table.
fn table(checks: &[Check], paint: Paint) -> String {
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(
            text,
            "{}  {:width$}  {}",
            paint.word(check.result.as_str(), colour(check.result)),
            check.name,
            check.message
        );
        if let Some(advice) = &check.advice {
            let _infallible = writeln!(text, "      {:width$}  -> {advice}", "");
        }
    }
    text
}
