//! Finds the repository and the policy, and makes notes about both.

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::git::{ConfigFiles, Leads, LocalConfigTrust, OpenError, Repo};
use crate::pipeline::Hold;
use crate::policy::{
    Carried, EnvironmentTrust, Layers, Loaded, LocalConfig as Trusted, Places, PolicyError,
    PolicyProblem, UnusedKey, for_repository,
};
use crate::reason::{Code, Reason};
use crate::steps::STEPS;

use super::trusted::{is_trusted, with_trusted_keys};
use super::{NamedRepository, Request};

/// The repository of a request.
#[derive(Debug, Clone)]
pub(super) enum RepositoryChoice {
    /// The repository of this directory.
    Directory(PathBuf),
    /// The repository of the working directory. Where that is in none, the one that `GIT_DIR` names.
    WorkingDirectory(PathBuf, Option<PathBuf>),
    /// This one.
    Named(NamedRepository),
}

impl RepositoryChoice {
    /// Returns the repository of a request.
    pub(super) fn of(request: &Request, environment: &Environment) -> Self {
        match (&request.repository, &request.directory) {
            (Some(named), _) => Self::Named(named.clone()),
            (None, Some(directory)) => Self::Directory(environment.cwd().join(directory)),
            (None, None) => {
                Self::WorkingDirectory(environment.cwd().to_owned(), environment.git_dir())
            }
        }
    }

    /// Returns the place of a command that names at most a directory.
    pub(super) fn below(directory: Option<&Path>, environment: &Environment) -> Self {
        let directory = directory.unwrap_or(Path::new(""));
        Self::Directory(environment.cwd().join(directory))
    }
}

/// Finds the repository; a repository that cannot be opened is a hold, because memory and heartbeat
/// go out all the same.
pub(super) fn discover(
    place: &RepositoryChoice,
    environment: &Environment,
    local_config: LocalConfigTrust,
) -> Result<Option<Repo>, Hold> {
    let opened = match open(place, environment, local_config, None) {
        Err(Opening::Failed(OpenError::LeadsOut(leads))) if is_trusted(&leads, environment) => {
            open(place, environment, local_config, Some(&leads))
        }
        opened => opened,
    };
    opened.map_err(|error| match error {
        Opening::Held(hold) => hold,
        Opening::Failed(error) => bad_repository(&error),
    })
}

/// Why a repository was not opened.
pub(super) enum Opening {
    Held(Hold),
    Failed(OpenError),
}

/// Finds the repository; one that leads elsewhere only where just that is `trusted`.
pub(super) fn open(
    place: &RepositoryChoice,
    environment: &Environment,
    local_config: LocalConfigTrust,
    trusted: Option<&Leads>,
) -> Result<Option<Repo>, Opening> {
    let files = ConfigFiles::of_environment(environment).map_err(|error| {
        Opening::Held(Hold::broken(
            Reason::of(Code::BadEnvironment, &error)
                .advise("unset the variable, or set it as git writes it"),
        ))
    });
    let directory = match place {
        RepositoryChoice::Named(NamedRepository { git_dir, work_tree }) => {
            let work_tree = work_tree.as_deref();
            let named = Repo::named(git_dir, work_tree, local_config, &files?, trusted);
            return named.map_err(Opening::Failed);
        }
        RepositoryChoice::Directory(directory)
        | RepositoryChoice::WorkingDirectory(directory, _) => directory,
    };
    if !directory.is_dir() {
        let sentence = format!("there is no directory {}", directory.display());
        let hold = Hold::new(Code::NoDirectory, sentence).advise("name one that exists with -C");
        return Err(Opening::Held(hold));
    }
    let mut files = files?;
    // The path by which the working directory was entered says nothing about another directory.
    files.entered = files.entered.filter(|_| directory == environment.cwd());
    let found = Repo::discover_with(directory, local_config, &files, trusted);
    let found = found.map_err(Opening::Failed)?;
    match (place, &found) {
        (RepositoryChoice::WorkingDirectory(_, Some(git_dir)), Some(repo))
            if !is_same(git_dir, repo) =>
        {
            Err(Opening::Held(two_repositories(git_dir, repo, directory)))
        }
        // As git does where the directory is in none: without `GIT_WORK_TREE` it is the work tree itself.
        (RepositoryChoice::WorkingDirectory(_, Some(git_dir)), None) => {
            let top = environment.git_work_tree();
            let top = top.as_deref().unwrap_or(directory);
            let named = Repo::named(git_dir, Some(top), local_config, &files, trusted);
            named.map_err(Opening::Failed)
        }
        _ => Ok(found),
    }
}

/// Says whether `GIT_DIR` is the git directory of a repository.
fn is_same(git_dir: &Path, repo: &Repo) -> bool {
    git_dir.canonicalize().ok() == repo.git_dir().canonicalize().ok()
}

/// Makes the hold for a `GIT_DIR` that is not the directory's: which one to ship is ambiguous.
fn two_repositories(git_dir: &Path, repo: &Repo, directory: &Path) -> Hold {
    let sentence = format!(
        "GIT_DIR names the repository {}, and {} is in the repository {}",
        git_dir.display(),
        directory.display(),
        repo.git_dir().display()
    );
    Hold::broken(Reason::new(Code::TwoRepositories, sentence)).advise(
        "name the work tree with -C, or unset GIT_DIR; from a git hook, call `sendoff hook`",
    )
}

/// Says why a repository cannot be opened.
pub(super) fn bad_repository(error: &OpenError) -> Hold {
    Hold::broken(Reason::of(error.class(), error).advise_if(error.advice()))
}

/// Loads the layers that apply to a request, without the repository's. Returns the environment as the
/// system's policy lets it count: the user's policy is looked for in it.
pub(super) fn outside(
    request: &Request,
    environment: Environment,
) -> Result<(Loaded, Environment), Box<PolicyError>> {
    let loaded = layers(request, &environment)?;
    if loaded.policy.environment().trust == EnvironmentTrust::Caller {
        return Ok((loaded, environment));
    }
    let environment = environment.distrusted();
    Ok((layers(request, &environment)?, environment))
}

fn layers(request: &Request, environment: &Environment) -> Result<Loaded, Box<PolicyError>> {
    let mut places = Places::usual(environment.config_directory().as_deref());
    places.policy_file = request
        .policy_file
        .as_ref()
        .map(|file| environment.cwd().join(file));
    places.set.clone_from(&request.sets);
    Layers::load(&places, STEPS).map_err(Box::new)
}

/// Adds the layer of the repository.
pub(super) fn inside(
    loaded: Loaded,
    repo: Option<&Repo>,
    environment: &Environment,
) -> Result<Loaded, Box<PolicyError>> {
    let Some(work_tree) = repo.and_then(Repo::work_tree) else {
        return Ok(loaded);
    };
    let loaded = loaded.with_work_tree(work_tree, STEPS).map_err(Box::new)?;
    with_trusted_keys(loaded, repo, environment)
}

/// Makes the notes on dropped layers and ignored configuration.
pub(super) fn notes(loaded: &Loaded, repo: Option<&Repo>) -> Vec<Reason> {
    let mut notes: Vec<Reason> = loaded.problems.iter().map(dropped).collect();
    notes.extend(loaded.locked.iter().map(locked));
    let ignored = match repo {
        Some(repo) if loaded.policy.git().local_config == Trusted::Ignore => {
            repo.config().ignored_local_keys()
        }
        _ => Vec::new(),
    };
    if !ignored.is_empty() {
        let message = format!(
            "the repository's own git configuration sets {}, which is ignored",
            ignored.join(", ")
        );
        notes.push(Reason::new(Code::ConfigIgnored, message).advise(
            "set it globally, pass GITHUB_TOKEN for a credential, or run on a terminal: sendoff trust git-config",
        ));
    }
    notes
}

/// Notes a key that does not count, because the system's policy locks it.
pub(super) fn locked(key: &UnusedKey) -> Reason {
    let message = format!(
        "`{}` of the {} policy does not count: the system policy locks it",
        key.key,
        key.layer.policy_name()
    );
    Reason::new(Code::PolicyLocked, message)
        .advise("leave it out; `sendoff policy show` has the value that counts")
}

/// Notes a layer that is left out.
pub(super) fn dropped(problem: &PolicyProblem) -> Reason {
    let code = match problem.origin {
        origin if origin.is_of_repository() => Code::PolicyDropped,
        _ => Code::PolicyError,
    };
    let message = format!(
        "the {} policy is left out: {}",
        problem.origin.policy_name(),
        problem.error.one_line()
    );
    Reason::new(code, message).advise("`sendoff policy check` shows the place")
}

/// Notes the keys of the repository's policy that do not count yet.
pub(super) fn left_out(loaded: &Loaded) -> Option<Reason> {
    let mut keys: Vec<String> = loaded
        .left_out
        .iter()
        .map(|key| format!("`{}`", key.key))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let message = format!(
        "the repository's policy asks for {}, which does not count yet",
        keys.join(", ")
    );
    let reason = Reason::new(Code::PolicyUntrusted, message)
        .advise("see it: sendoff trust --diff; to let it count, run on a terminal: sendoff trust");
    (!keys.is_empty()).then_some(reason)
}

/// Returns where the repository's policy goes, or why it cannot.
pub fn repository_policy(
    given: Option<&Path>,
    environment: &Environment,
) -> Result<PathBuf, String> {
    let place = RepositoryChoice::below(given, environment);
    let repo = discover(&place, environment, LocalConfigTrust::Ignore)
        .map_err(|hold| hold.reason.message)?;
    let top = repo.as_ref().and_then(Repo::work_tree);
    let top = top.ok_or_else(|| match given {
        Some(given) => format!("there is no work tree at {}", given.display()),
        None => format!("there is no work tree at {}", environment.cwd().display()),
    })?;
    Ok(top.join(".sendoff.toml"))
}

/// Turns a preset into one that a repository's file can carry.
pub fn preset_for_repository(text: &str) -> Result<Carried, Box<PolicyError>> {
    for_repository(text, STEPS).map_err(Box::new)
}
