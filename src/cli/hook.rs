//! `sendoff hook`: what git and agents call. Hands the work over, prints what the caller expects, exits 0.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::exit::Exit;
use crate::failpoint::{Point, reach};
use crate::pipeline::TaskDocument;
use crate::surfaces::{Payload, SURFACES, SurfaceDef};
use crate::worker::{Asked, HandedOver, hand_over, wait_for_report};

use super::output::{eprint, print};
use super::render;
use super::start::Start;
use super::task::parse_task;

/// How much of a payload is read, in bytes.
const PAYLOAD_LIMIT: u64 = 8 << 20;
/// How long `--wait` waits: as long as a worker lives.
const WAIT: Duration = Duration::from_mins(30);
/// How long a payload may take; whoever holds the other end of a pipe may never close it.
const PAYLOAD_PATIENCE: Duration = Duration::from_millis(200);

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
/// Keeps in the state directory what is to be done and starts a worker in a session of its own, which does it
/// whatever becomes of the caller. `sendoff status --wait 60s` waits for its report.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// Who calls
    #[arg(value_name = "SURFACE", value_parser = surfaces())]
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
    /// What the caller passes on; not looked at
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

fn surfaces() -> clap::builder::PossibleValuesParser {
    SURFACES
        .iter()
        .map(|surface| clap::builder::PossibleValue::new(surface.name).help(surface.about))
        .collect::<Vec<_>>()
        .into()
}

impl Args {
    pub(super) fn run(self, start: &Start) -> Exit {
        reach(Point::HookBegins);
        let Some(surface) = SurfaceDef::find(&self.surface) else {
            return Exit::Done;
        };
        let is_ours = start.environment.is_active();
        if start.environment.is_off() || is_ours {
            return self.answer(surface, &HandedOver::default());
        }
        let (task, problem) = match surface.payload {
            Payload::Ignored => (None, None),
            Payload::TaskDocument => read_payload(),
        };
        reach(Point::HookPayload);
        let program = match std::env::current_exe() {
            Ok(program) => program,
            Err(error) => {
                eprint(&format!(
                    "sendoff: its own program cannot be found: {error}"
                ));
                return Exit::Done;
            }
        };
        let asked = Asked {
            surface,
            task,
            directory: self.directory.clone(),
            program,
        };
        let mut handed_over = hand_over(&asked, &start.environment, &start.known);
        if let Some(problem) = problem {
            handed_over
                .notice
                .get_or_insert_with(|| format!("sendoff: {problem}"));
        }
        let exit = match handed_over.run_id.filter(|_| self.wait) {
            Some(run_id) => self.wait_for(start, &run_id.to_string()),
            None => self.answer(surface, &handed_over),
        };
        reach(Point::HookAnswered);
        exit
    }

    /// Waits for the report of the run, which the worker writes, and shows it.
    fn wait_for(&self, start: &Start, run_id: &str) -> Exit {
        let report = wait_for_report(&start.environment, Some(run_id), WAIT);
        match report {
            // A caller that closed its end has no use for the answer.
            Ok(Some(report)) if self.json => drop(print(&render::json(&report))),
            Ok(Some(report)) => eprint(render::human(&report, render::Detail::Normal).trim_end()),
            Ok(None) => eprint("sendoff: nothing was reported on in time; see: sendoff status"),
            Err(error) => eprint(&format!("sendoff: {error}")),
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

/// Reads the task document on standard input, as far as it arrives in time. A bad one is left out.
fn read_payload() -> (Option<TaskDocument>, Option<String>) {
    let bytes = collect(&read_stdin(), PAYLOAD_PATIENCE);
    if bytes.trim_ascii().is_empty() {
        return (Some(TaskDocument::default()), None);
    }
    if bytes.len() as u64 > PAYLOAD_LIMIT {
        let problem = format!(
            "the task document is larger than {} MiB and is left out",
            PAYLOAD_LIMIT >> 20
        );
        return (Some(TaskDocument::default()), Some(problem));
    }
    match parse_task(&bytes) {
        Ok(task) => (Some(task), None),
        Err(problem) => (
            Some(TaskDocument::default()),
            Some(format!("the task document is left out: {problem}")),
        ),
    }
}

/// Reads standard input on a thread of its own, which ends with the process.
fn read_stdin() -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut stdin = io::stdin().lock().take(PAYLOAD_LIMIT + 1);
        loop {
            let mut chunk = vec![0; 64 << 10];
            match stdin.read(&mut chunk) {
                Ok(read @ 1..) => {
                    chunk.truncate(read);
                    if send.send(chunk).is_err() {
                        return;
                    }
                }
                Ok(0) | Err(_) => return,
            }
        }
    });
    receive
}

/// Returns what arrives until the end, or until the time is over.
fn collect(chunks: &Receiver<Vec<u8>>, patience: Duration) -> Vec<u8> {
    let until = Instant::now() + patience;
    let mut bytes = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match chunks.recv_timeout(left) {
            Ok(chunk) => bytes.extend(chunk),
            Err(_) => return bytes,
        }
    }
}
