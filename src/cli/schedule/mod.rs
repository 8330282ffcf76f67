//! `sendoff schedule`: what runs when its time comes, or when an event asks for it.

mod add;
mod change;
mod help;
mod show;

use crate::exit::Exit;
use crate::policy::PolicyError;
use crate::schedules::{EditError, sync};
use crate::session::Service;
use crate::store::{LazyStore, Store};

use super::output::eprint;
use super::render;
use super::start::Start;

/// Add, list, run and remove schedules
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Add a schedule
    ///
    /// It says when it runs, and one of three things to do: a prompt to a workspace, a pipeline in a directory, or a step of
    /// kind `http`. `sendoff serve` carries it out.
    Add(Box<add::Args>),
    /// List the schedules, with when each runs next and how it went last
    ///
    /// The schedules of the policy are read first; mistakes in them are reported on standard error.
    #[command(after_long_help = help::LIST)]
    List {
        /// Print JSON, a line a schedule
        #[arg(long)]
        json: bool,
    },
    /// Show one schedule
    ///
    /// With its prompt, what it does while its last firing or its workspace is busy, and why it cannot run, if so.
    #[command(after_long_help = help::SHOW)]
    Show {
        /// Its name
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Enable a schedule, from its next time on
    ///
    /// Times that were missed meanwhile are left out. A schedule of the policy stays enabled until the policy changes it.
    #[command(after_long_help = help::ENABLE)]
    Enable {
        /// Its name
        name: String,
    },
    /// Disable a schedule without removing it
    ///
    /// Its history stays, and `run` still fires it. A firing that has begun continues.
    #[command(after_long_help = help::DISABLE)]
    Disable {
        /// Its name
        name: String,
    },
    /// Remove a schedule and its history
    ///
    /// A schedule of the policy is removed there.
    #[command(after_long_help = help::REMOVE)]
    Remove {
        /// Its name
        name: String,
    },
    /// Fire a schedule now, enabled or not, and wait for it; its next time stays
    ///
    /// Exits 1 when its work fails, or is left out because its last firing or its workspace is busy.
    #[command(after_long_help = help::RUN)]
    Run {
        /// Its name
        name: String,
    },
    /// List the last firings of a schedule, the newest first
    ///
    /// Each has the id of its message, why it ran, and what became of it; the last hundred are kept.
    #[command(after_long_help = help::HISTORY)]
    History {
        /// Its name
        name: String,
        /// List at most so many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        /// Print JSON, a line a firing
        #[arg(long)]
        json: bool,
    },
    /// Add the schedules of a file
    ///
    /// The file is TOML with `[[schedules]]` as in a policy, or a JSON array of such tables; what the agents' platform
    /// exports is read too. When one of them cannot be read, none is added. Those whose names are taken are left as they are.
    #[command(after_long_help = help::IMPORT)]
    Import {
        /// The file; - is standard input
        file: std::path::PathBuf,
    },
}

/// What every subcommand needs: the policy, and the store with what the policy says in it.
struct Opened {
    service: Service,
    store: LazyStore,
}

/// Why a subcommand does nothing.
enum Refusal {
    /// The policy cannot be used.
    Policy(Box<PolicyError>),
    /// The schedules are the platform's.
    Elsewhere,
    /// It cannot be changed or found.
    Edit(EditError),
    /// The message is printed already.
    Told(Exit),
}

impl Command {
    /// Returns examples and variables of the command as a whole.
    pub(super) const HELP: &str = help::HELP;

    pub(super) fn run(self, start: &Start) -> Exit {
        if start.environment.is_off() {
            return Exit::Done;
        }
        let answered = Opened::of(start).and_then(|opened| self.answer(&opened));
        answered.unwrap_or_else(Refusal::tell)
    }

    fn answer(self, opened: &Opened) -> Result<Exit, Refusal> {
        match self {
            Self::List { json } => show::list(opened, json),
            Self::Show { name, json } => show::one(opened, &name, json),
            Self::History { name, limit, json } => show::history(opened, &name, limit, json),
            Self::Add(args) => args.run(opened),
            Self::Enable { name } => change::enable(opened, &name),
            Self::Disable { name } => change::disable(opened, &name),
            Self::Remove { name } => change::remove(opened, &name),
            Self::Run { name } => change::run(opened, &name),
            Self::Import { file } => change::import(opened, &file),
        }
    }
}

impl Opened {
    /// Reads the policy and takes its schedules into the store. What is left out is told on standard error.
    fn of(start: &Start) -> Result<Self, Refusal> {
        let service = Service::open(&start.environment, &start.known).map_err(Refusal::Policy)?;
        for note in service.notes() {
            eprint(&note.to_string());
        }
        let store = service.store();
        let has_none = service.policy().schedules().is_empty() && store.existing().is_none();
        if !has_none && !service.fires_elsewhere() {
            let kept = store
                .get()
                .map_err(|error| Refusal::Told(render::store_error(&error)))?;
            let conflicts = sync(&service, kept).map_err(EditError::from)?;
            for conflict in conflicts {
                eprint(&format!("{conflict}; {}", conflict.advice()));
            }
        }
        Ok(Self { service, store })
    }

    /// Returns the own schedules, unless the platform has them.
    fn own(&self) -> Result<&Store, Refusal> {
        if self.service.fires_elsewhere() {
            return Err(Refusal::Elsewhere);
        }
        self.store
            .get()
            .map_err(|error| Refusal::Told(render::store_error(&error)))
    }
}

impl From<EditError> for Refusal {
    fn from(error: EditError) -> Self {
        Self::Edit(error)
    }
}

impl Refusal {
    fn tell(self) -> Exit {
        match self {
            Self::Told(exit) => exit,
            Self::Policy(error) => render::policy_error(&error),
            Self::Elsewhere => {
                eprint(
                    "the schedules are in the platform's table, by `store.platform-schedules` of the policy; \
                     change and run them on the platform",
                );
                Exit::Usage
            }
            Self::Edit(EditError::Store(error)) => render::store_error(&error),
            Self::Edit(error) => {
                let source = std::error::Error::source(&error);
                let why = source
                    .map(|source| format!(": {source}"))
                    .unwrap_or_default();
                eprint(&format!("{error}{why}; {}", error.advice()));
                Exit::Usage
            }
        }
    }
}
