//! git's hooks: in its configuration from git 2.54 on, else as files. `core.hooksPath` is heeded, and never set.

mod block;
mod config_hook;
mod config_text;
mod hook_file;
mod manager_entries;
mod manager_file;
mod managers;
mod version;

use std::path::{Path, PathBuf};

use crate::git::{HooksPlace, Repo};

use self::version::has_config_hooks;
use super::content::resolve;
use super::entry::{Entry, Manager, Scope, Target};
use super::error::InstallError;
use super::plan::Plan;
use super::record::Records;
use super::surroundings::Surroundings;

/// One of git's hooks that we want to be called by.
#[derive(Debug)]
struct Hook {
    /// Git's name of it, which is that of the file.
    event: &'static str,
    /// What it calls.
    surface: &'static str,
    /// What the shell passes on of git's arguments, with a space before it.
    arguments: &'static str,
    /// The name of its section `hook.<name>`.
    section: &'static str,
    /// The file in `hooks/`, which people copy.
    copied: &'static str,
}

/// The hooks that run when a commit was made. After an amend git runs two of them, and says so to the second.
const HOOKS: &[Hook] = &[
    Hook {
        event: "post-commit",
        surface: "git-post-commit",
        arguments: "",
        section: "sendoff",
        copied: include_str!("../../../hooks/post-commit"),
    },
    Hook {
        event: "post-rewrite",
        surface: "git-post-rewrite",
        arguments: " \"$@\"",
        section: "sendoff-post-rewrite",
        copied: include_str!("../../../hooks/post-rewrite"),
    },
    Hook {
        event: "post-merge",
        surface: "git-post-merge",
        arguments: " \"$@\"",
        section: "sendoff-post-merge",
        copied: include_str!("../../../hooks/post-merge"),
    },
    Hook {
        event: "post-applypatch",
        surface: "git-post-applypatch",
        arguments: "",
        section: "sendoff-post-applypatch",
        copied: include_str!("../../../hooks/post-applypatch"),
    },
];

/// Returns what calls us here: sections of the configuration, files of hooks.
pub(super) fn find(around: &Surroundings) -> Result<Vec<Entry>, InstallError> {
    let mut entries = config_hook::find(Scope::Local, around)?;
    entries.extend(config_hook::find(Scope::User, around)?);
    if let Some(repo) = &around.repo {
        entries.extend(hook_file::find(&hooks_directory(repo))?);
    }
    entries.extend(managers::find(around)?);
    Ok(entries)
}

/// Returns what a manager calls.
pub(super) fn find_managed(
    target: Target,
    around: &Surroundings,
) -> Result<Vec<Entry>, InstallError> {
    let mut entries = managers::find(around)?;
    entries.retain(|entry| entry.target == target);
    Ok(entries)
}

/// Plans the entry of a manager. What git calls by itself goes: never both.
pub(super) fn plan_manager_install(
    manager: Manager,
    scope: Option<Scope>,
    around: &Surroundings,
) -> Result<Plan, InstallError> {
    let mut plan = managers::install(manager, scope, around)?;
    let records = Records::read(around.records());
    plan.changes
        .extend(config_hook::uninstall(Scope::Local, around, &records)?);
    if let Some(repo) = &around.repo {
        for directory in hooks_directories(repo) {
            plan.extend(hook_file::uninstall(&directory)?);
        }
    }
    Ok(plan)
}

/// Plans the removal of a manager's entry.
pub(super) fn plan_manager_uninstall(
    manager: Manager,
    around: &Surroundings,
) -> Result<Plan, InstallError> {
    managers::uninstall(Some(manager), around)
}

/// Plans the installation.
pub(super) fn plan_install(
    scope: Option<Scope>,
    around: &Surroundings,
) -> Result<Plan, InstallError> {
    let in_config = has_config_hooks(&around.environment);
    match scope.unwrap_or(Scope::Local) {
        Scope::User if in_config => config_hooks(Scope::User, around),
        Scope::User => Err(InstallError::Scope {
            what: "hooks for all repositories need git 2.54 or newer".into(),
            advice: "install them in each repository: sendoff install git".into(),
        }),
        Scope::Project => Err(InstallError::Scope {
            what: "git has no hooks that are shared by a commit".into(),
            advice: "install them for yourself: sendoff install git".into(),
        }),
        Scope::Local => {
            let (repo, top) = around.work_tree()?;
            if in_config {
                return config_hooks(Scope::Local, around);
            }
            let mut plan = if let Some(manager) = managers::displacing(around)? {
                managers::install(manager, None, around)?
            } else {
                let directory = writable_directory(repo, top)?;
                hook_file::install(&directory, around.program_text()?)?
            };
            // Never both: a newer git would call us twice, and would not commit at all where a section is half-written.
            let records = Records::read(around.records());
            plan.changes
                .extend(config_hook::uninstall(Scope::Local, around, &records)?);
            Ok(plan)
        }
    }
}

fn config_hooks(scope: Scope, around: &Surroundings) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    plan.changes.extend(config_hook::install(scope, around)?);
    // Never both: a file that was written for an older git goes.
    if scope == Scope::Local
        && let Some(repo) = &around.repo
    {
        for directory in hooks_directories(repo) {
            plan.extend(hook_file::uninstall(&directory)?);
        }
    }
    Ok(plan)
}

/// Plans the removal: in this repository, unless a scope is named.
pub(super) fn plan_uninstall(
    scope: Option<Scope>,
    around: &Surroundings,
) -> Result<Plan, InstallError> {
    let records = Records::read(around.records());
    let mut plan = Plan::default();
    // What stands in the user's configuration is for all repositories, and goes only when it is meant.
    let is_wanted = |wanted: Scope| match scope {
        Some(named) => named == wanted,
        None => wanted == Scope::Local || around.repo.is_none(),
    };
    if is_wanted(Scope::User) {
        plan.changes
            .extend(config_hook::uninstall(Scope::User, around, &records)?);
    }
    if is_wanted(Scope::Local)
        && let Some(repo) = &around.repo
    {
        plan.changes
            .extend(config_hook::uninstall(Scope::Local, around, &records)?);
        for directory in hooks_directories(repo) {
            plan.extend(hook_file::uninstall(&directory)?);
        }
        plan.extend(managers::uninstall(None, around)?);
        if scope.is_none() && !config_hook::find(Scope::User, around)?.is_empty() {
            plan.notes.push(
                "your own git configuration calls sendoff in every repository; to end that: \
                 sendoff uninstall git --scope user"
                    .into(),
            );
        }
    }
    Ok(plan)
}

/// Returns where hooks of ours can be: where git looks for them, and where it looked when no `core.hooksPath` was set.
fn hooks_directories(repo: &Repo) -> Vec<PathBuf> {
    let mut directories = vec![hooks_directory(repo)];
    let usual = repo.common_dir().join("hooks");
    if !directories.contains(&usual) {
        directories.push(usual);
    }
    directories
}

/// Returns where git looks for hooks.
fn hooks_directory(repo: &Repo) -> PathBuf {
    match repo.hooks_place() {
        HooksPlace::GitDirectory(path)
        | HooksPlace::OfRepository(path)
        | HooksPlace::OfUser(path) => path,
    }
}

/// Returns where hooks may be written: only in this repository.
fn writable_directory(repo: &Repo, top: &Path) -> Result<PathBuf, InstallError> {
    let by_hand = |path: PathBuf, why: &str| {
        let calls = HOOKS.iter().map(|hook| {
            format!(
                "  {}: sendoff hook {} </dev/null\n",
                hook.event, hook.surface
            )
        });
        let advice = format!(
            "add to each hook there its line:\n{}",
            calls.collect::<String>()
        );
        InstallError::ByHand {
            path,
            why: why.into(),
            advice,
        }
    };
    match repo.hooks_place() {
        HooksPlace::OfUser(path) => Err(by_hand(
            path,
            "your own core.hooksPath names it, so its hooks run in all repositories",
        )),
        // Tools that share hooks between repositories put a link there.
        HooksPlace::GitDirectory(path) => resolve(&path, repo.common_dir())
            .or_else(|error| resolve(&path, top).map_err(|_| error)),
        HooksPlace::OfRepository(path) => {
            let within = resolve(&path, top).or_else(|_| resolve(&path, repo.common_dir()));
            within.map_err(|_| {
                by_hand(path, "the repository's core.hooksPath names it, and it lies outside of the repository")
            })
        }
    }
}
