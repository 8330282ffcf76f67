//! `sendoff hook`: what git and agents call. Hands the work over, prints what the caller expects, exits 0.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use clap::builder::{PossibleValue, TypedValueParser};

use crate::exit::Exit;
use crate::failpoint::{Point, reach};
use crate::report::Report;
use crate::surfaces::{SURFACES, SurfaceDef};
use crate::worker::{
    Asked, AtWork, Claim, End, HandedOver, Inspect, Until, hand_over, wait_for_report, why_it_waits,
};

use super::colour::Paint;
use super::end_process::end_process;
use super::output::{eprint, print};
use super::payload::Heard;
use super::render;
use super::start::Start;

/// How long `--wait` waits: as long as a worker lives.
const WAIT_TIMEOUT: Duration = Duration::from_mins(30);

/// How long an inspection of the repository may take before the work is handed over without it: the caller waits.
const INSPECTION_TIMEOUT: Duration = Duration::from_secs(1);
/// The stack of the thread that limits the inspection, in bytes.
const STACK_SIZE: usize = 1024 * 1024;

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff hook git-post-commit         what git's post-commit hook calls
  sendoff hook executor --json         hand over a task document on standard input

Environment:
  SENDOFF                 0 switches it off
  GIT_DIR, GIT_WORK_TREE  the repository, as git names it to its hooks
  XDG_STATE_HOME, HOME    where the state directory is";

/// Hand finished work over to a worker, and return at once; always exits 0
///
/// Stores the work in the state directory and starts a worker in a session of its own, which does it even if the caller is
/// killed. `sendoff status --wait 60s` waits for its report.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// Who calls
    #[arg(value_name = "SURFACE", value_parser = AnySurface)]
    surface: String,
    /// Work in this directory instead of the current one
    #[arg(short = 'C', value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Print the id of the run that the call becomes; with --wait its report
    #[arg(long)]
    json: bool,
    /// Wait for the end of the run: for one-shot containers, where the worker would die with its parent
    #[arg(long)]
    wait: bool,
    /// What the caller passes on: of codex-notify the last one is the payload, of git-post-rewrite and git-post-merge the
    /// first one says what was done; others are not looked at
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<OsString>,
}

/// Takes any name: a caller that we do not know must not fail because of us. Help and completions have those we know.
#[derive(Debug, Clone)]
struct AnySurface;

impl TypedValueParser for AnySurface {
    type Value = String;

    fn parse_ref(
        &self,
        _command: &clap::Command,
        _argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        Ok(value.to_string_lossy().into_owned())
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let known = SURFACES.iter();
        Some(Box::new(known.map(|surface| {
            PossibleValue::new(surface.name).help(surface.about)
        })))
    }
}

impl Args {
    pub(super) fn run(self, start: &Start) -> Exit {
        reach(Point::HookBegins);
        let surface = self.surface();
        if let Some(mark) = start.environment.probe() {
            let program = std::env::current_exe().unwrap_or_default();
            // Git shows what a hook writes to either stream on stderr.
            eprint(&format!("sendoff-probe {mark} {}", program.display()));
            return Exit::Done;
        }
        let is_ours = start.environment.is_active();
        if start.environment.is_off() || is_ours {
            return self.answer(surface, &HandedOver::default());
        }
        let directory = self.directory.as_deref();
        let heard = Heard::read(surface, &self.rest, directory, &start.environment);
        reach(Point::HookPayload);
        if let Some(why) = heard.closed {
            tracing::debug!(surface = surface.name, why, "the call asks for nothing");
            let told = HandedOver {
                notice: heard.problem.map(|problem| format!("sendoff: {problem}")),
                ..HandedOver::default()
            };
            return self.answer(surface, &told);
        }
        let program = match std::env::current_exe() {
            Ok(program) => program,
            Err(error) => {
                eprint(&format!(
                    "sendoff: its own program cannot be found: {error}"
                ));
                return self.answer(surface, &HandedOver::default());
            }
        };
        let asked = Asked {
            surface,
            task: heard.task,
            directory: heard.directory.or_else(|| self.directory.clone()),
            program,
        };
        let by = |inspect: Inspect<'_>| {
            let mut handed_over = hand_over(&asked, &start.environment, &start.known, inspect);
            if let Some(problem) = &heard.problem {
                handed_over
                    .notice
                    .get_or_insert_with(|| format!("sendoff: {problem}"));
            }
            handed_over
        };
        let finish = |handed_over: HandedOver| match handed_over.end {
            End::Report(_) | End::Worker(_) if self.wait => {
                self.wait_for(start, surface, handed_over)
            }
            _ => self.answer(surface, &handed_over),
        };
        let exit = finish(within_time(&by, |handed_over| {
            end_process(finish(handed_over));
        }));
        reach(Point::HookAnswered);
        exit
    }

    /// Returns the surface, which is the generic one for a caller that we do not know.
    fn surface(&self) -> &'static SurfaceDef {
        SurfaceDef::find(&self.surface).unwrap_or_else(|| {
            let known: Vec<&str> = SURFACES.iter().map(|surface| surface.name).collect();
            eprint(&format!(
                "sendoff: no surface is called `{}`, so it is handled as `generic`; they are: {}",
                self.surface.escape_debug(),
                known.join(", ")
            ));
            SurfaceDef::GENERIC
        })
    }

    /// Waits for the end of what was handed over, and shows the report on it.
    fn wait_for(&self, start: &Start, surface: &SurfaceDef, mut handed_over: HandedOver) -> Exit {
        if let Some(notice) = handed_over.notice.take() {
            eprint(&notice);
        }
        match report_on(start, &mut handed_over) {
            // A caller that closed its end has no use for the answer.
            Ok(report) if self.json => drop(print(&render::json(&report))),
            Ok(report) => {
                eprint(render::human(&report, render::Detail::Normal, Paint::Off).trim_end());
                return self.answer(surface, &handed_over);
            }
            Err(why) => {
                eprint(&format!("sendoff: {why}"));
                return self.answer(surface, &handed_over);
            }
        }
        Exit::Done
    }

    /// Prints what the caller expects, and what a person should know.
    fn answer(&self, surface: &SurfaceDef, handed_over: &HandedOver) -> Exit {
        if let Some(notice) = &handed_over.notice {
            eprint(notice);
        }
        // A caller that closed its end has no use for the answer.
        let _unread = if self.json {
            let run_id = handed_over.run_id.map(|id| id.to_string());
            print(&serde_json::json!({ "run_id": run_id }).to_string())
        } else if surface.neutral.is_empty() {
            return Exit::Done;
        } else {
            print(surface.neutral)
        };
        Exit::Done
    }
}

/// Hands a call over. Where inspecting the repository takes too long, `at_timeout` gets the call, handed over without it, and
/// ends the process.
fn within_time(
    hand_over: &(impl Fn(Inspect<'_>) -> HandedOver + Sync),
    at_timeout: impl FnOnce(HandedOver) + Send,
) -> HandedOver {
    let claim = &Claim::default();
    thread::scope(|scope| {
        let (looked, waits) = channel::<()>();
        let timer = move || {
            if waits.recv_timeout(INSPECTION_TIMEOUT) == Err(RecvTimeoutError::Timeout)
                && claim.take()
            {
                at_timeout(hand_over(Inspect::Never));
            }
        };
        let named = thread::Builder::new().name("timer".into());
        // Without the thread the inspection has no limit.
        let _unwatched = named.stack_size(STACK_SIZE).spawn_scoped(scope, timer);
        let handed_over = hand_over(Inspect::First(claim));
        claim.take_or_wait();
        drop(looked);
        handed_over
    })
}

/// Waits for the report on what was handed over, or says why there is none.
fn report_on(start: &Start, handed_over: &mut HandedOver) -> Result<Report, String> {
    const LATE: &str = "nothing was reported on in time; see: sendoff status";
    const UNKEPT: &str = "the run has ended; its report could not be kept";
    let run_id = handed_over.run_id.map(|id| id.to_string());
    let environment = &start.environment;
    let is_kept = matches!(handed_over.end, End::Report(_));
    let (patience, worker, none) = match &mut handed_over.end {
        End::Worker(worker) => {
            let has_ended = worker.has_ended_within(WAIT_TIMEOUT);
            (Duration::ZERO, None, if has_ended { UNKEPT } else { LATE })
        }
        End::Report(worker) => (WAIT_TIMEOUT, worker.as_mut(), LATE),
        End::Nothing => (WAIT_TIMEOUT, None, LATE),
    };
    let mut at_work = AtWork::new(environment, &start.known, worker);
    let report = wait_for_report(
        environment,
        run_id.as_deref(),
        patience,
        Until::RunEnds,
        |store, intent| at_work.goes_on(store, intent),
    );
    match report {
        Ok(Some(report)) => Ok(report),
        Err(error) if is_kept => Err(error.told()),
        // Why nothing is kept is printed already. Where the time is over, a worker may still be at it.
        _ => Err(run_id
            .filter(|_| at_work.is_over())
            .and_then(|run_id| why_it_waits(environment, &run_id))
            .unwrap_or_else(|| none.into())),
    }
}
