//! git's hooks: in its configuration from git 2.54 on, else as files. `core.hooksPath` is read, and never set.

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
use super::context::InstallContext;
use super::entry::{Entry, Manager, Scope, Target};
use super::error::InstallError;
use super::plan::Plan;

/// One of git's hooks that calls us.
#[derive(Debug)]
struct Hook {
    /// Git's name for it, which is also the name of the file.
    event: &'static str,
    /// The surface that it calls.
    surface: &'static str,
    /// The arguments of git that are passed on, as shell text with a leading space.
    arguments: &'static str,
    /// The name of its section `hook.<name>`.
    section: &'static str,
    /// The file in `hooks/`, which people copy.
    copied: &'static str,
}

/// The hooks that run after a commit. After an amend git runs `post-commit` and `post-rewrite`.
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

/// Returns the entries that call us: in the configuration, in hook files, in files of managers.
pub(super) fn find(context: &InstallContext) -> Result<Vec<Entry>, InstallError> {
    let mut entries = config_hook::find(Scope::Local, context)?;
    entries.extend(config_hook::find(Scope::User, context)?);
    if let Some(repo) = &context.repo {
        entries.extend(hook_file::find(&hooks_directory(repo))?);
    }
    entries.extend(managers::find(context)?);
    Ok(entries)
}

/// Returns the entries in the files of a manager.
pub(super) fn find_managed(
    target: Target,
    context: &InstallContext,
) -> Result<Vec<Entry>, InstallError> {
    let mut entries = managers::find(context)?;
    entries.retain(|entry| entry.target == target);
    Ok(entries)
}

/// Plans the entry of a manager, and the removal of our own hooks, so that we are not called twice.
pub(super) fn plan_manager_install(
    manager: Manager,
    scope: Option<Scope>,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let mut plan = managers::install(manager, scope, context)?;
    plan.changes
        .extend(config_hook::uninstall(Scope::Local, context)?);
    plan.extend(without_hook_files(context)?);
    Ok(plan)
}

/// Plans the removal of a manager's entry.
pub(super) fn plan_manager_uninstall(
    manager: Manager,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    managers::uninstall(Some(manager), context)
}

/// Plans the installation.
pub(super) fn plan_install(
    scope: Option<Scope>,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let in_config = has_config_hooks(&context.environment);
    match scope.unwrap_or(Scope::Local) {
        Scope::User if in_config => config_hooks(Scope::User, context),
        Scope::User => Err(InstallError::Scope {
            what: "hooks for all repositories need git 2.54 or newer".into(),
            advice: "install them in each repository: sendoff install git".into(),
        }),
        Scope::Project => Err(InstallError::Scope {
            what: "git has no hooks that are shared by a commit".into(),
            advice: "install them for yourself: sendoff install git".into(),
        }),
        Scope::Local => {
            let (repo, top) = context.work_tree()?;
            if in_config {
                return config_hooks(Scope::Local, context);
            }
            let mut plan = if let Some(manager) = managers::displacing(context)? {
                managers::install(manager, None, context)?
            } else {
                let directory = writable_directory(repo, top)?;
                hook_file::install(&directory, context.program_text()?)?
            };
            // A newer git would call us twice, and refuse to commit if a section is incomplete.
            plan.changes
                .extend(config_hook::uninstall(Scope::Local, context)?);
            Ok(plan)
        }
    }
}

fn config_hooks(scope: Scope, context: &InstallContext) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    plan.changes.extend(config_hook::install(scope, context)?);
    // A hook file for an older git would call us twice.
    if scope == Scope::Local {
        plan.extend(without_hook_files(context)?);
    }
    Ok(plan)
}

/// Plans the removal of the hooks that are files of this repository.
fn without_hook_files(context: &InstallContext) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    for directory in context.repo.iter().flat_map(hooks_directories) {
        plan.extend(hook_file::uninstall(&directory)?);
    }
    Ok(plan)
}

/// Plans the removal, in this repository unless a scope is given.
pub(super) fn plan_uninstall(
    scope: Option<Scope>,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    // The user's configuration is for all repositories, so it is changed only if the scope is given.
    let is_wanted = |wanted: Scope| match scope {
        Some(named) => named == wanted,
        None => wanted == Scope::Local || context.repo.is_none(),
    };
    if is_wanted(Scope::User) {
        plan.changes
            .extend(config_hook::uninstall(Scope::User, context)?);
    }
    if is_wanted(Scope::Local) && context.repo.is_some() {
        plan.changes
            .extend(config_hook::uninstall(Scope::Local, context)?);
        plan.extend(without_hook_files(context)?);
        plan.extend(managers::uninstall(None, context)?);
        if scope.is_none() && !config_hook::find(Scope::User, context)?.is_empty() {
            plan.notes.push(
                "your own git configuration calls sendoff in every repository; to end that: \
                 sendoff uninstall git --scope user"
                    .into(),
            );
        }
    }
    Ok(plan)
}

/// Returns the directories that can have hooks of ours: the one that git uses, and the default one, from before
/// `core.hooksPath` was set.
fn hooks_directories(repo: &Repo) -> Vec<PathBuf> {
    let mut directories = vec![hooks_directory(repo)];
    let usual = repo.common_dir().join("hooks");
    if !directories.contains(&usual) {
        directories.push(usual);
    }
    directories
}

/// Returns the directory of git's hooks.
fn hooks_directory(repo: &Repo) -> PathBuf {
    match repo.hooks_place() {
        HooksPlace::GitDirectory(path)
        | HooksPlace::OfRepository(path)
        | HooksPlace::OfUser(path) => path,
    }
}

/// Returns the directory to write hooks to. Fails where it is outside of this repository.
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
        // Tools that share hooks between repositories replace the directory by a link.
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
