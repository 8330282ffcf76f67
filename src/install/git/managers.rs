//! Programs that manage git's hooks: which one is in use, and the file that each of them reads.

use std::path::{Path, PathBuf};

use crate::git::HooksPlace;
use crate::install::command::{OurCommand, shell_word};
use crate::install::content::{Content, resolve};
use crate::install::context::InstallContext;
use crate::install::entry::{Entry, Manager, Scope, Target};
use crate::install::error::InstallError;
use crate::install::plan::Plan;
use crate::process::find_program;

use super::manager_entries::{hk_snippet, job, line, pre_commit_snippet, prek_snippet};
use super::manager_file::{with_block, without_block};
use super::{HOOKS, hooks_directory};

/// The paths of lefthook's configuration, without the extension.
const LEFTHOOK: [&str; 3] = ["lefthook", ".lefthook", ".config/lefthook"];
/// The extensions that it reads.
const LEFTHOOK_EXTENSIONS: [&str; 5] = ["yml", "yaml", "toml", "json", "jsonc"];

/// Returns the manager that would remove hook files of ours, so that an entry of its own is needed: husky sets its own hooks
/// directory, and lefthook replaces the hooks that it finds.
pub(super) fn displacing(context: &InstallContext) -> Result<Option<Manager>, InstallError> {
    let (repo, _) = context.work_tree()?;
    if husky_directory(context)?.is_some() {
        return Ok(Some(Manager::Husky));
    }
    let hook = hooks_directory(repo).join("post-commit");
    let is_lefthook = Content::at(&hook)?
        .as_ref()
        .and_then(Content::text)
        .is_some_and(|text| text.contains("lefthook"));
    Ok((is_lefthook && lefthook_main(context)?.is_some()).then_some(Manager::Lefthook))
}

/// Plans the entry of a manager.
pub(super) fn install(
    manager: Manager,
    scope: Option<Scope>,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let (_, top) = context.work_tree()?;
    let by_hand = |file: &str, snippet: String| {
        Err(InstallError::ByHand {
            path: top.join(file),
            why: format!("sendoff does not edit the file of {}", manager.name()),
            advice: format!(
                "add this to it, or let git call sendoff beside it with `sendoff install git`:\n{snippet}"
            ),
        })
    };
    match manager {
        Manager::Husky => husky(context),
        Manager::Lefthook => lefthook(scope, context),
        Manager::PreCommit => by_hand(".pre-commit-config.yaml", pre_commit_snippet()),
        Manager::Prek => by_hand("prek.toml", prek_snippet()),
        Manager::Hk => by_hand("hk.pkl", hk_snippet()),
    }
}

/// Plans the removal of the entries of all managers, or of one.
pub(super) fn uninstall(
    manager: Option<Manager>,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    for (owner, path, _) in files(context)? {
        if manager.is_none_or(|manager| manager == owner) {
            plan.changes.extend(without_block(&path, owner, context)?);
        }
    }
    Ok(plan)
}

/// Returns the entries that managers read.
pub(super) fn find(context: &InstallContext) -> Result<Vec<Entry>, InstallError> {
    let mut entries = Vec::new();
    for (manager, path, scope) in files(context)? {
        let content = Content::at(&path)?;
        let text = content.as_ref().and_then(Content::text).unwrap_or_default();
        for hook in HOOKS {
            let lines = text.lines();
            let mut calls = lines.filter_map(OurCommand::find);
            if let Some(command) = calls.find(|command| command.surface == hook.surface) {
                entries.push(Entry {
                    target: Target::Manager(manager),
                    scope,
                    path: path.clone(),
                    place: hook.event.into(),
                    command: Some(command),
                    fault: None,
                });
            }
        }
    }
    Ok(entries)
}

/// Returns the files that can have an entry of ours.
fn files(context: &InstallContext) -> Result<Vec<(Manager, PathBuf, Scope)>, InstallError> {
    let Ok((_, top)) = context.work_tree() else {
        return Ok(Vec::new());
    };
    let mut files = Vec::new();
    let husky = husky_directory(context)?.unwrap_or_else(|| top.join(".husky"));
    files.extend(
        HOOKS
            .iter()
            .map(|hook| (Manager::Husky, husky.join(hook.event), Scope::Project)),
    );
    for name in LEFTHOOK {
        for extension in &LEFTHOOK_EXTENSIONS[..2] {
            let main = top.join(format!("{name}.{extension}"));
            let local = top.join(format!("{name}-local.{extension}"));
            files.push((Manager::Lefthook, main, Scope::Project));
            files.push((Manager::Lefthook, local, Scope::Local));
        }
    }
    let real = files
        .into_iter()
        .filter_map(|(manager, path, scope)| Some((manager, resolve(&path, top).ok()?, scope)));
    Ok(real.collect())
}

/// Returns husky's directory; `None` where git does not get its hooks from husky.
fn husky_directory(context: &InstallContext) -> Result<Option<PathBuf>, InstallError> {
    let (repo, _) = context.work_tree()?;
    let HooksPlace::OfRepository(path) = repo.hooks_place() else {
        return Ok(None);
    };
    let is_husky = path.file_name().is_some_and(|name| name == "_") && path.join("h").is_file();
    Ok(is_husky
        .then(|| path.parent().map(Path::to_owned))
        .flatten())
}

/// Plans husky's scripts, one for each hook. They are committed, so they do nothing where sendoff is not installed.
fn husky(context: &InstallContext) -> Result<Plan, InstallError> {
    let (_, top) = context.work_tree()?;
    let Some(directory) = husky_directory(context)? else {
        return Err(InstallError::ByHand {
            path: top.join(".husky"),
            why: "git does not get its hooks from husky here".into(),
            advice: "run `npx husky` first, and the command again".into(),
        });
    };
    let program = shared_program(context)?;
    let mut plan = Plan::default();
    for hook in HOOKS {
        let path = resolve(&directory.join(hook.event), top)?;
        plan.changes.extend(with_block(&path, Manager::Husky, |_| {
            Ok(line(hook, &program))
        })?);
    }
    if program != "sendoff" && !plan.is_empty() {
        plan.notes.push(
            "sendoff is not on the search path, so the scripts of husky name this machine's path"
                .into(),
        );
    }
    Ok(plan)
}

/// Plans lefthook's jobs: in the user's file, or with the scope `project` in the committed one.
fn lefthook(scope: Option<Scope>, context: &InstallContext) -> Result<Plan, InstallError> {
    let (_, top) = context.work_tree()?;
    let Some((name, extension)) = lefthook_main(context)? else {
        return Err(InstallError::ByHand {
            path: top.join("lefthook.yml"),
            why: "lefthook has no configuration here".into(),
            advice: "let git call sendoff: sendoff install git".into(),
        });
    };
    let (file, program) = match scope.unwrap_or(Scope::Local) {
        Scope::Project => (format!("{name}.{extension}"), "sendoff"),
        Scope::Local => (format!("{name}-local.yml"), context.program_text()?),
        Scope::User => {
            return Err(InstallError::Scope {
                what: "lefthook has no file for all repositories".into(),
                advice: "install it in this one: sendoff install lefthook".into(),
            });
        }
    };
    let jobs: String = HOOKS.iter().map(|hook| job(hook, program)).collect();
    let path = resolve(&top.join(&file), top)?;
    let is_yaml = LEFTHOOK_EXTENSIONS[..2]
        .iter()
        .any(|known| path.extension().is_some_and(|e| e == *known));
    let others = LEFTHOOK_EXTENSIONS[1..]
        .iter()
        .map(|other| top.join(format!("{name}-local.{other}")));
    let mut others = others.filter(|_| scope != Some(Scope::Project));
    let by_hand = |why: &str| InstallError::ByHand {
        path: path.clone(),
        why: why.into(),
        advice: format!("add these jobs to it in its own way, and run `lefthook install`:\n{jobs}"),
    };
    if !is_yaml || others.any(|other| other.exists()) {
        return Err(by_hand("sendoff edits lefthook's YAML only"));
    }
    let mut plan = Plan::default();
    let change = with_block(&path, Manager::Lefthook, |rest| {
        if rest.lines().any(names_our_hook) {
            return Err(by_hand(
                "it has jobs for the same hooks, which sendoff does not edit",
            ));
        }
        Ok(jobs.clone())
    })?;
    plan.changes.extend(change);
    if !plan.is_empty() {
        plan.todo
            .push("run `lefthook install`, which writes the hooks that are new".into());
    }
    Ok(plan)
}

/// Says whether a line of lefthook's YAML begins the jobs of a hook that we install.
fn names_our_hook(line: &str) -> bool {
    let key = line.split(':').next().unwrap_or_default();
    let key = key.trim_matches(['"', '\'']);
    HOOKS.iter().any(|hook| hook.event == key)
}

/// Returns the name and the extension of lefthook's configuration.
fn lefthook_main(
    context: &InstallContext,
) -> Result<Option<(&'static str, &'static str)>, InstallError> {
    let (_, top) = context.work_tree()?;
    let names = LEFTHOOK.into_iter();
    let mut all = names.flat_map(|name| LEFTHOOK_EXTENSIONS.map(|extension| (name, extension)));
    Ok(all.find(|(name, extension)| top.join(format!("{name}.{extension}")).is_file()))
}

/// Returns the program for a committed file: its name if it is on the search path, else its path.
fn shared_program(context: &InstallContext) -> Result<String, InstallError> {
    let path = context.environment.search_path();
    if find_program("sendoff", &path).is_ok() {
        return Ok("sendoff".into());
    }
    Ok(shell_word(context.program_text()?))
}
