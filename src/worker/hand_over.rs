//! The hook's side: look, keep the intent, start the worker, be gone. Whatever the network does, and whatever fails.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread::{self, ThreadId};

use crate::clock::Clock;
use crate::environment::Environment;
use crate::failpoint::{Point, reach};
use crate::names::RunId;
use crate::pipeline::{Service, TaskDocument};
use crate::policy::Trigger;
use crate::process::Detached;
use crate::report::{Report, Verdict};
use crate::secrets::{KnownSecrets, clean_line};
use crate::session::{Look, NamedRepository, Outlook, Request, Session, Watch, set_aside};
use crate::steps::service_of;
use crate::store::{NewIntent, Store, StoreError, Turn, TurnAt};
use crate::surfaces::{AsksFor, SurfaceDef, WhichRepository};

use super::message::{Kept, Message, start};

/// What a hook is asked.
#[derive(Debug)]
pub struct Asked {
    /// Who asks.
    pub surface: &'static SurfaceDef,
    /// What the caller tells about its task; none when it tells nothing.
    pub task: Option<TaskDocument>,
    /// The directory that it is about, instead of the working directory.
    pub directory: Option<PathBuf>,
    /// The program that becomes the worker.
    pub program: PathBuf,
}

/// What became of it.
#[derive(Debug, Default)]
pub struct HandedOver {
    /// The run that it becomes; none when there is nothing to do.
    pub run_id: Option<RunId>,
    /// One line for a person: what did not ship, and what tells more.
    pub notice: Option<String>,
    /// What there is to wait for.
    pub end: End,
}

/// What tells that what was handed over has ended.
#[derive(Debug, Default)]
pub enum End {
    /// Nothing: there is nothing to do, or nobody who does it.
    #[default]
    Nothing,
    /// The report of its run, which is put into the store.
    Report,
    /// The end of the worker: nothing is kept.
    Worker(Detached),
}

/// Whether a hand-over inspects the repository for what there is to do.
#[derive(Debug, Clone, Copy)]
pub enum Inspect<'a> {
    /// It does, and goes on if nobody else took the claim meanwhile.
    First(&'a Claim),
    /// It does not: the worker will.
    Never,
}

/// Who hands a call over: one thread looks, another does not wait for it longer than a caller waits.
#[derive(Debug, Default)]
pub struct Claim(OnceLock<ThreadId>);

impl Claim {
    /// Says whether this thread is the first that asks.
    pub fn take(&self) -> bool {
        let own = thread::current().id();
        *self.0.get_or_init(|| own) == own
    }

    /// The same; if another thread was first, which ends the process, this one never goes on.
    pub fn take_or_wait(&self) {
        while !self.take() {
            thread::park();
        }
    }
}

/// Hands the work over to a worker. Never fails: what cannot be kept or started is told in the notice.
pub fn hand_over(
    asked: &Asked,
    environment: &Environment,
    known: &KnownSecrets,
    inspect: Inspect<'_>,
) -> HandedOver {
    let run_id = RunId::new(Clock::System.now());
    let request = request(asked, environment, known, run_id);
    let environment = match &asked.directory {
        Some(directory) => environment.clone().at(environment.cwd().join(directory)),
        None => environment.clone(),
    };
    let state = environment.state_directory();
    let pipeline = match asked.surface.asks_for {
        AsksFor::Pipeline(name) => name,
        AsksFor::EndOfTask => request.task.default_pipeline(),
    };
    let watch = Watch::without_thread(&request, pipeline);
    let session = match Session::open(request, environment, watch) {
        Ok(session) => session,
        Err(error) => return HandedOver::told(error.one_line()),
    };
    let (session, planned) = match session.planned(pipeline) {
        Ok(planned) => planned,
        Err(error) => return HandedOver::told(error.one_line()),
    };
    let problem = session.policy_problem();
    let look = match inspect {
        Inspect::First(claim) => {
            let look = session.look(Some(&planned));
            reach(Point::HookLooked);
            claim.take_or_wait();
            look
        }
        Inspect::Never => session.unseen(Some(&planned)),
    };
    if let Outlook::Nothing(news) = &look.outlook {
        let news = news.as_ref().map(|hold| line(&hold.reason.message, WHY));
        let notice = problem.map(|problem| line(&problem, STATUS)).or(news);
        return HandedOver {
            notice,
            ..HandedOver::default()
        };
    }
    let intent = NewIntent {
        run_id: run_id.to_string(),
        slot: look.slot.clone(),
        place: look.place.clone(),
        surface: asked.surface.name.into(),
        pipeline: pipeline.into(),
        steps: Vec::new(),
        task: asked
            .task
            .as_ref()
            .and_then(|task| task.without_secrets(known)),
        platform: look.platform.clone(),
    };
    let (kept, notice) = match session.store().get() {
        Ok(store) => {
            reach(Point::HookStore);
            match store.intend(&intent) {
                Ok(()) => {
                    let aside = store.set_aside().map(|path| set_aside(path).message);
                    let aside = aside.map(|aside| line(&aside, STATUS));
                    (Kept::InStore, aside.or_else(|| last_time(store, &look)))
                }
                Err(error) => (Kept::Nowhere, Some(unkept(&error))),
            }
        }
        Err(error) => (Kept::Nowhere, Some(unkept(&error))),
    };
    reach(Point::HookIntended);
    let mut handed_over = HandedOver {
        run_id: Some(run_id),
        notice: problem.map(|problem| line(&problem, STATUS)).or(notice),
        end: End::Report,
    };
    // Whoever has the turn looks for intents once more after it has given the turn back.
    let is_taken =
        |state| kept == Kept::InStore && Turn::is_taken(state, TurnAt::Slot(&intent.slot));
    if state.as_deref().is_some_and(is_taken) {
        return handed_over;
    }
    match start(&asked.program, &Message { intent, kept }) {
        Ok(worker) if kept == Kept::Nowhere => handed_over.end = End::Worker(worker),
        Ok(_) => {}
        Err(error) => {
            let problem = format!("the worker cannot be started: {error}");
            handed_over.notice = Some(line(&problem, STATUS));
            handed_over.end = End::Nothing;
        }
    }
    reach(Point::HookStarted);
    handed_over
}

impl HandedOver {
    fn told(what: impl AsRef<str>) -> Self {
        Self {
            notice: Some(line(what.as_ref(), STATUS)),
            ..Self::default()
        }
    }
}

/// What tells what waits and what cannot be kept.
const STATUS: &str = "sendoff status";
/// What tells what kept a branch from being shipped.
const WHY: &str = "sendoff why";

/// Puts a notice on one line that names us, and the command that tells more.
fn line(what: &str, more: &str) -> String {
    format!("sendoff: {}; see: {more}", clean_line(what))
}

/// Says why an intent is not in the store.
fn unkept(error: &StoreError) -> String {
    line(&format!("nothing can be kept: {}", error.told()), STATUS)
}

fn request(
    asked: &Asked,
    environment: &Environment,
    known: &KnownSecrets,
    run_id: RunId,
) -> Request {
    let named = match asked.surface.repository {
        WhichRepository::NamedByGit => environment.git_dir(),
        WhichRepository::OfDirectory => None,
    };
    let repository = named.map(|git_dir| NamedRepository {
        git_dir,
        // git runs these hooks at the top of the work tree.
        work_tree: Some(
            environment
                .git_work_tree()
                .unwrap_or_else(|| environment.cwd().to_owned()),
        ),
    });
    Request {
        directory: asked.directory.clone().or_else(|| Some(PathBuf::new())),
        repository,
        trigger: asked.surface.trigger,
        task: asked.task.clone().unwrap_or_default(),
        known: known.clone(),
        run_id: Some(run_id),
        ..Request::default()
    }
}

/// Says what did not ship the last time on this branch, and since when.
fn last_time(store: &Store, look: &Look) -> Option<String> {
    let branch = &look.slot.branch;
    if let Ok(Some(pending)) = store.pending(&look.slot) {
        let (summary, since) = (&pending.what.summary, pending.since);
        let waits = format!("{branch} waits since {}: {summary}", short(since));
        return Some(line(&waits, WHY));
    }
    let last = store.last_run(&look.slot).ok()??.report;
    let step = unshipped(&last)?;
    let since = short(last.started_at);
    let failed = format!("{branch} did not ship at {since}: {}", step.summary);
    Some(line(&failed, WHY))
}

/// Returns the step that kept a branch from being shipped.
fn unshipped(report: &Report) -> Option<&crate::report::StepReport> {
    let mut failed = report
        .steps
        .iter()
        .filter(|step| step.verdict == Verdict::Failed);
    failed.find(|step| {
        matches!(
            service_of(&step.kind),
            Some(Service::Remote | Service::Forge)
        )
    })
}

/// Shows a time to the second.
fn short(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns the trigger of a surface that was written down.
pub(super) fn trigger(surface: &str) -> Trigger {
    SurfaceDef::find(surface).map_or(Trigger::Generic, |surface| surface.trigger)
}
