//! The hook's side: inspects, stores the intent, starts the worker and returns at once, whatever fails.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::failpoint::{Point, reach};
use crate::names::RunId;
use crate::pipeline::TaskDocument;
use crate::policy::Trigger;
use crate::process::{Detached, is_memory_scarce};
use crate::secrets::KnownSecrets;
use crate::session::{Look, NamedRepository, Outlook, Request, Session, Watch, set_aside};
use crate::store::{LazyStore, NewIntent, Turn, TurnAt};
use crate::surfaces::{AsksFor, SurfaceDef, WhichRepository};

use super::message::{Kept, Message, start, tell};
use super::notice::{STATUS, WHY, last_time, line, unkept};

/// How long a hook without a task waits for a process that writes to the store. Its work can be derived again, and the
/// worker can wait longer.
const STORE_TIMEOUT: Duration = Duration::from_millis(500);

/// The parameters of a hand-over.
#[derive(Debug)]
pub struct Asked {
    /// Who asks.
    pub surface: &'static SurfaceDef,
    /// The caller's task document, where it has one.
    pub task: Option<TaskDocument>,
    /// The directory to work in, instead of the working directory.
    pub directory: Option<PathBuf>,
    /// The program that becomes the worker.
    pub program: PathBuf,
}

/// The result of a hand-over.
#[derive(Debug, Default)]
pub struct HandedOver {
    /// The id of the run; `None` when there is nothing to do.
    pub run_id: Option<RunId>,
    /// One line for a person: what did not ship, and which command tells more.
    pub notice: Option<String>,
    /// What a caller can wait for.
    pub end: End,
}

/// How a caller learns that the work has ended.
#[derive(Debug, Default)]
pub enum End {
    /// Not at all: there is nothing to do, or no worker.
    #[default]
    Nothing,
    /// By the report of its run, in the store.
    Report,
    /// By the end of the worker: the intent is not in the store.
    Worker(Detached),
}

/// Whether a hand-over inspects the repository first.
#[derive(Debug, Clone, Copy)]
pub enum Inspect<'a> {
    /// It does, and continues if no other thread took the claim meanwhile.
    First(&'a Claim),
    /// It does not: the worker will.
    Never,
}

/// Decides which of two threads hands a call over: the one that inspects the repository, or the one that stops
/// waiting for it.
#[derive(Debug, Default)]
pub struct Claim(OnceLock<ThreadId>);

impl Claim {
    /// Says whether this thread is the first that takes it.
    pub fn take(&self) -> bool {
        let own = thread::current().id();
        *self.0.get_or_init(|| own) == own
    }

    /// Takes it. Does not return if another thread was first, which ends the process.
    pub fn take_or_wait(&self) {
        while !self.take() {
            thread::park();
        }
    }
}

/// Hands the work over to a worker. Never fails: what cannot be kept or started is in the notice.
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
    let goes_ahead = !is_memory_scarce();
    if goes_ahead && session.has_to_tell(&planned) {
        // A message is kept, whatever the inspection finds.
        session.store().make_ahead();
    }
    let look = match inspect {
        Inspect::First(claim) => {
            let look = session.look(&planned);
            reach(Point::HookLooked);
            claim.take_or_wait();
            look
        }
        Inspect::Never => session.unseen(&planned),
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
    // The process that has the turn looks for intents once more after it has given the turn back.
    let has_worker = || {
        let is_taken = |state| Turn::is_taken(state, TurnAt::Slot(&intent.slot));
        state.as_deref().is_some_and(is_taken)
    };
    let store = session.store().clone();
    let store = match intent.task {
        Some(_) => store,
        None => store.with_patience(STORE_TIMEOUT),
    };
    let keep = || keep(&store, &intent, &look);
    let (started, (kept, notice)) = if goes_ahead && !has_worker() {
        start_beside(&asked.program, keep)
    } else {
        (None, keep())
    };
    reach(Point::HookIntended);
    let mut handed_over = HandedOver {
        run_id: Some(run_id),
        notice: problem.map(|problem| line(&problem, STATUS)).or(notice),
        end: End::Report,
    };
    if kept == Kept::InStore && has_worker() {
        if let Some(Ok(mut idle)) = started {
            // The worker ends either way.
            let _told = tell(&mut idle, None);
        }
        return handed_over;
    }
    let started = started.unwrap_or_else(|| start(&asked.program));
    let message = Message { intent, kept };
    match started.and_then(|mut worker| tell(&mut worker, Some(&message)).map(|()| worker)) {
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

/// Keeps an intent in the store. Returns where it is, and the notice for a person.
fn keep(store: &LazyStore, intent: &NewIntent, look: &Look) -> (Kept, Option<String>) {
    let store = match store.get() {
        Ok(store) => store,
        Err(error) => return (Kept::Nowhere, Some(unkept(&error))),
    };
    reach(Point::HookStore);
    if let Err(error) = store.intend(intent) {
        return (Kept::Nowhere, Some(unkept(&error)));
    }
    let aside = store.set_aside().map(|path| set_aside(path).message);
    let aside = aside.map(|aside| line(&aside, STATUS));
    (Kept::InStore, aside.or_else(|| last_time(store, look)))
}

/// Does `work`, and starts a worker meanwhile: starting a program takes as long as writing an intent to the disk. If
/// the system refuses a thread for that, no worker is started.
fn start_beside<T>(program: &Path, work: impl FnOnce() -> T) -> (Option<io::Result<Detached>>, T) {
    thread::scope(|scope| {
        let named = thread::Builder::new().name("start".into());
        let starting = named.spawn_scoped(scope, || start(program));
        let done = work();
        let started = starting.ok().and_then(|thread| thread.join().ok());
        (started, done)
    })
}

impl HandedOver {
    fn told(what: impl AsRef<str>) -> Self {
        Self {
            notice: Some(line(what.as_ref(), STATUS)),
            ..Self::default()
        }
    }
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

/// Returns the trigger of a surface by its recorded name.
pub(super) fn trigger(surface: &str) -> Trigger {
    SurfaceDef::find(surface).map_or(Trigger::Generic, |surface| surface.trigger)
}
