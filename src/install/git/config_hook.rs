//! Hooks in git's configuration, which git 2.54 and newer read: `hook.<name>.command` and `hook.<name>.event`.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use crate::git::{config_lines, is_true};
use crate::install::command::{OurCommand, shell_word};
use crate::install::content::Content;
use crate::install::context::InstallContext;
use crate::install::entry::{Entry, Fault, Scope, Target};
use crate::install::error::InstallError;
use crate::install::plan::FileChange;
use crate::install::removal::removal;

use super::HOOKS;
use super::config_text::{Section, append, remove};

/// The mode of a configuration file that is new.
const NEW_FILE_MODE: u32 = 0o644;

/// Returns the configuration file of a scope, with links resolved; `None` where the scope has none.
pub(super) fn file(scope: Scope, context: &InstallContext) -> Option<PathBuf> {
    let named = match scope {
        Scope::Local => context.repo.as_ref()?.common_dir().join("config"),
        // As `git config --global`: the last file that exists, else the last one.
        Scope::User => {
            let files = &context.config_files.user;
            let there = files.iter().rev().find(|path| path.exists());
            there.or(files.last())?.clone()
        }
        Scope::Project => return None,
    };
    // Git follows links too.
    Some(named.canonicalize().unwrap_or(named))
}

/// Returns our sections of a file.
pub(super) fn find(scope: Scope, context: &InstallContext) -> Result<Vec<Entry>, InstallError> {
    let Some(path) = file(scope, context) else {
        return Ok(Vec::new());
    };
    match Content::at(&path)? {
        Some(Content::File { bytes, .. }) => Ok(entries(&bytes, &path, scope)),
        _ => Ok(Vec::new()),
    }
}

fn entries(content: &[u8], path: &Path, scope: Scope) -> Vec<Entry> {
    let lines = config_lines(content).unwrap_or_default();
    let of = |section: &str, key: &str| -> Option<String> {
        let mut found = lines.iter().rev().filter(|line| {
            line.section == "hook"
                && line.name == key
                && line
                    .subsection
                    .as_ref()
                    .is_some_and(|name| *name == section)
        });
        let value = found.next()?.value.as_ref();
        Some(value.map_or_else(|| "true".into(), |value| value.to_str_lossy().into_owned()))
    };
    let entries = HOOKS.iter().filter_map(|hook| {
        let (command, event) = (of(hook.section, "command"), of(hook.section, "event"));
        let enabled = of(hook.section, "enabled");
        if command.is_none() && event.is_none() {
            return None;
        }
        let fault = if command.is_none() {
            Some(Fault::NoCommand)
        } else if event.is_none() {
            Some(Fault::NoEvent)
        } else {
            let is_off = enabled.is_some_and(|enabled| !is_true(&enabled));
            is_off.then_some(Fault::Disabled)
        };
        Some(Entry {
            target: Target::Git,
            scope,
            path: path.to_owned(),
            place: format!("hook.{}", hook.section),
            command: command.and_then(|command| OurCommand::find(&command)),
            fault,
        })
    });
    entries.collect()
}

/// Returns the change that installs the sections; `None` where all of them exist.
pub(super) fn install(
    scope: Scope,
    context: &InstallContext,
) -> Result<Option<FileChange>, InstallError> {
    let path = file(scope, context).ok_or(InstallError::NoHome)?;
    let before = Content::at(&path)?;
    let (content, mode) = match &before {
        None => (Vec::new(), NEW_FILE_MODE),
        Some(Content::File { bytes, mode }) => (bytes.clone(), *mode),
        Some(Content::Link(_)) => return Err(InstallError::read(&path, "it is a link")),
    };
    let wanted = sections(context)?;
    if has_all(&content, &wanted) {
        return Ok(None);
    }
    let content = remove(&content, is_ours).ok_or_else(|| by_hand(&path, &wanted))?;
    let after = Content::File {
        bytes: append(&content, &wanted),
        mode,
    };
    let change = FileChange::install(Target::Git, path, before, after);
    Ok(Some(change.locked_as_git()))
}

/// Returns the change that removes the sections; `None` where there are none.
pub(super) fn uninstall(
    scope: Scope,
    context: &InstallContext,
) -> Result<Option<FileChange>, InstallError> {
    let Some(path) = file(scope, context) else {
        return Ok(None);
    };
    let Some(now @ Content::File { mode, .. }) = Content::at(&path)? else {
        return Ok(None);
    };
    let has_ours = |content: &Content| {
        let bytes = content.bytes();
        bytes.is_some_and(|bytes| !entries(bytes, &path, scope).is_empty())
    };
    if !has_ours(&now) {
        return Ok(None);
    }
    let without = || {
        let kept = now.bytes().and_then(|bytes| remove(bytes, is_ours));
        let bytes = kept.ok_or_else(|| by_hand(&path, &[]))?;
        Ok(Some(Content::File { bytes, mode }))
    };
    let (target, names) = (Target::Git, [Target::Git.name()]);
    let change = removal(
        target,
        &names,
        context,
        path.clone(),
        now.clone(),
        has_ours,
        without,
    )?;
    Ok(Some(change.locked_as_git()))
}

/// Returns the sections. The command is first, because git refuses to commit when a section has an event but no command.
fn sections(context: &InstallContext) -> Result<Vec<Section>, InstallError> {
    let program = shell_word(context.program_text()?);
    let sections = HOOKS.iter().map(|hook| Section {
        name: "hook",
        subsection: hook.section.into(),
        keys: vec![
            ("command", format!("{program} hook {}", hook.surface)),
            ("event", hook.event.into()),
        ],
    });
    Ok(sections.collect())
}

/// Says whether a file has exactly these sections and values of ours.
fn has_all(content: &[u8], wanted: &[Section]) -> bool {
    let lines = config_lines(content).unwrap_or_default();
    let found = lines.iter().filter_map(|line| {
        let subsection = line.subsection.as_ref()?.to_str().ok()?;
        let value = line.value.as_ref()?.to_str().ok()?;
        is_ours(&line.section, subsection).then_some((subsection, line.name.as_str(), value))
    });
    let mut found: Vec<_> = found.collect();
    let keys = wanted.iter().flat_map(|section| {
        let keys = section.keys.iter();
        keys.map(|(name, value)| (section.subsection.as_str(), *name, value.as_str()))
    });
    let mut wanted: Vec<_> = keys.collect();
    found.sort_unstable();
    wanted.sort_unstable();
    found == wanted
}

fn is_ours(section: &str, subsection: &str) -> bool {
    section == "hook" && HOOKS.iter().any(|hook| hook.section == subsection)
}

fn by_hand(path: &Path, wanted: &[Section]) -> InstallError {
    let texts: String = wanted.iter().map(Section::text).collect();
    let (why, advice) = if wanted.is_empty() {
        (
            "its sections `hook.sendoff…` cannot be removed without changing the rest",
            "remove these sections with an editor".to_owned(),
        )
    } else {
        (
            "git could not read it, or a section `hook.sendoff…` shares a line with other text",
            format!("correct the file, or add these lines to it:\n{texts}"),
        )
    };
    InstallError::ByHand {
        path: path.to_owned(),
        why: why.into(),
        advice,
    }
}
