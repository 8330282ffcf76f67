//! The hook's side: inspects, stores the intent, starts the worker and returns at once, whatever fails.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::failpoint::{Point, reach};
use crate::names::RunId;
use crate::pipeline::{Pipeline, TaskDocument};
use crate::policy::{PolicyError, Trigger};
use crate::process::{Detached, is_memory_scarce};
use crate::secrets::KnownSecrets;
use crate::session::{Look, NamedRepository, Outlook, Request, Session, Watch, set_aside};
use crate::store::{NewIntent, Slot, StoreError, Turn, TurnAt};
use crate::surfaces::{AsksFor, SurfaceDef, WhichRepository};

use super::claim::Inspect;
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
    /// By the report of its run, in the store. Holds the worker that was started for it; `None` where another process had the
    /// turn, which does it.
    Report(Option<Detached>),
    /// By the end of the worker: the intent is not in the store.
    Worker(Detached),
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
    let pipeline = pipeline(asked, &request.task);
    let (session, planned) = match opened(request, environment, pipeline) {
        Ok(opened) => opened,
        Err(error) => return HandedOver::told(error.one_line()),
    };
    let problem = session.policy_problem();
    let problem = problem.map(|problem| line(&problem, STATUS));
    let goes_ahead = !is_memory_scarce();
    if goes_ahead && session.has_to_tell(&planned) {
        // A message is kept, whatever the inspection finds.
        session.store().make_ahead();
    }
    let look = inspected(&session, &planned, inspect);
    if let Outlook::Nothing(news) = &look.outlook {
        let news = news.as_ref().map(|hold| line(&hold.reason.message, WHY));
        return HandedOver {
            notice: problem.or(news),
            ..HandedOver::default()
        };
    }
    let intent = intent(asked, known, run_id, pipeline, &look);
    let has_worker = || has_worker(state.as_deref(), &intent.slot);
    let keep = || keep(&session, &intent, &look);
    let (started, (kept, notice)) = if goes_ahead && !has_worker() {
        start_beside(&asked.program, keep)
    } else {
        (None, keep())
    };
    reach(Point::HookIntended);
    let notice = match kept {
        // What is kept nowhere is lost if the policy is not corrected in time.
        Kept::Nowhere => notice.or(problem),
        Kept::InStore => problem.or(notice),
    };
    if kept == Kept::InStore && has_worker() {
        dismiss(started);
        return HandedOver::ending(run_id, notice, End::Report(None));
    }
    let given = give(&asked.program, started, &Message { intent, kept });
    reach(Point::HookStarted);
    match given {
        Ok(end) => HandedOver::ending(run_id, notice, end),
        Err(error) => {
            let problem = format!("the worker cannot be started: {error}");
            HandedOver::ending(run_id, Some(line(&problem, STATUS)), End::Nothing)
        }
    }
}

/// Returns the pipeline that the surface asks for.
fn pipeline(asked: &Asked, task: &TaskDocument) -> &'static str {
    match asked.surface.asks_for {
        AsksFor::Pipeline(name) => name,
        AsksFor::EndOfTask => task.default_pipeline(),
    }
}

/// Opens the session and plans the pipeline.
fn opened(
    request: Request,
    environment: Environment,
    pipeline: &str,
) -> Result<(Session, Pipeline), PolicyError> {
    let watch = Watch::without_thread(&request, pipeline);
    let session = Session::open(request, environment, watch).map_err(|error| *error)?;
    session.planned(pipeline)
}

/// Inspects the repository, unless the worker will. Does not return where another thread hands the call over meanwhile.
fn inspected(session: &Session, planned: &Pipeline, inspect: Inspect<'_>) -> Look {
    match inspect {
        Inspect::First(claim) => {
            let look = session.look(planned);
            reach(Point::HookLooked);
            claim.take_or_wait();
            look
        }
        Inspect::Never => session.unseen(planned),
    }
}

/// Returns what is handed over.
fn intent(
    asked: &Asked,
    known: &KnownSecrets,
    run_id: RunId,
    pipeline: &str,
    look: &Look,
) -> NewIntent {
    let task = asked.task.as_ref();
    NewIntent {
        run_id: run_id.to_string(),
        slot: look.slot.clone(),
        place: look.place.clone(),
        surface: asked.surface.name.into(),
        pipeline: pipeline.into(),
        steps: Vec::new(),
        task: task.and_then(|task| task.without_secrets(known)),
        platform: look.platform.clone(),
    }
}

/// Says whether a process has the turn: it looks for intents once more after it has given the turn back.
fn has_worker(state: Option<&Path>, slot: &Slot) -> bool {
    state.is_some_and(|state| Turn::is_taken(state, TurnAt::Slot(slot)))
}

/// Keeps an intent in the store. Returns where it is, and the notice for a person.
fn keep(session: &Session, intent: &NewIntent, look: &Look) -> (Kept, Option<String>) {
    let store = session.store().clone();
    let store = match intent.task {
        Some(_) => store,
        None => store.with_patience(STORE_TIMEOUT),
    };
    let store = match store.get() {
        Ok(store) => store,
        Err(error) => return (Kept::Nowhere, not_kept(intent, &error)),
    };
    reach(Point::HookStore);
    if let Err(error) = store.intend(intent) {
        return (Kept::Nowhere, not_kept(intent, &error));
    }
    let aside = store.set_aside().map(|path| set_aside(path).message);
    let aside = aside.map(|aside| line(&aside, STATUS));
    (Kept::InStore, aside.or_else(|| last_time(store, look)))
}

/// Returns the notice for a person where an intent is not in the store. A push needs none where the store is only locked: its worker
/// waits for the lock.
fn not_kept(intent: &NewIntent, error: &StoreError) -> Option<String> {
    let is_locked = matches!(error, StoreError::Busy(_));
    (intent.task.is_some() || !is_locked).then(|| unkept(error))
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

/// Ends a worker that was started for nothing: another one has the turn.
fn dismiss(started: Option<io::Result<Detached>>) {
    if let Some(Ok(mut idle)) = started {
        // The worker ends either way.
        let _told = tell(&mut idle, None);
    }
}

/// Gives a message to the worker that was started, or to one that is started now. Returns how a caller learns of the end.
fn give(
    program: &Path,
    started: Option<io::Result<Detached>>,
    message: &Message,
) -> io::Result<End> {
    let mut worker = started.unwrap_or_else(|| start(program))?;
    tell(&mut worker, Some(message))?;
    Ok(match message.kept {
        Kept::InStore => End::Report(Some(worker)),
        Kept::Nowhere => End::Worker(worker),
    })
}

impl HandedOver {
    const fn ending(run_id: RunId, notice: Option<String>, end: End) -> Self {
        Self {
            run_id: Some(run_id),
            notice,
            end,
        }
    }

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
