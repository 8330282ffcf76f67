//! Hooks in git's configuration, which git 2.54 and newer read: `hook.<name>.command` and `hook.<name>.event`.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use crate::git::{config_lines, is_true};
use crate::install::command::{OurCommand, shell_word};
use crate::install::content::Content;
use crate::install::entry::{Entry, Fault, Scope, Target};
use crate::install::error::InstallError;
use crate::install::plan::{FileChange, Locking, Purpose};
use crate::install::record::Records;
use crate::install::surroundings::Surroundings;

use super::HOOKS;
use super::config_text::{Section, append, remove};

/// The mode of a configuration file that is new.
const NEW_FILE_MODE: u32 = 0o644;

/// Returns the file of a scope, where what it leads to is; nothing where there can be none.
pub(super) fn file(scope: Scope, around: &Surroundings) -> Option<PathBuf> {
    let named = match scope {
        Scope::Local => around.repo.as_ref()?.common_dir().join("config"),
        // As `git config --global`: the last file that is there, else the last one.
        Scope::User => {
            let files = &around.config_files.user;
            let there = files.iter().rev().find(|path| path.exists());
            there.or(files.last())?.clone()
        }
        Scope::Project => return None,
    };
    // Git follows a link there too.
    Some(named.canonicalize().unwrap_or(named))
}

/// Returns our sections of a file.
pub(super) fn find(scope: Scope, around: &Surroundings) -> Result<Vec<Entry>, InstallError> {
    let Some(path) = file(scope, around) else {
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

/// Returns the change that installs the sections; nothing where all of them are there.
pub(super) fn install(
    scope: Scope,
    around: &Surroundings,
) -> Result<Option<FileChange>, InstallError> {
    let path = file(scope, around).ok_or(InstallError::NoHome)?;
    let before = Content::at(&path)?;
    let (content, mode) = match &before {
        None => (Vec::new(), NEW_FILE_MODE),
        Some(Content::File { bytes, mode }) => (bytes.clone(), *mode),
        Some(Content::Link(_)) => return Err(InstallError::read(&path, "it is a link")),
    };
    let wanted = sections(around)?;
    if has_all(&content, &wanted) {
        return Ok(None);
    }
    let content = remove(&content, is_ours).ok_or_else(|| by_hand(&path, &wanted))?;
    let after = Content::File {
        bytes: append(&content, &wanted),
        mode,
    };
    Ok(Some(FileChange {
        target: Target::Git,
        path,
        before,
        after: Some(after),
        locking: Locking::AsGit,
        purpose: Purpose::Install,
    }))
}

/// Returns the change that removes the sections; nothing where there are none.
pub(super) fn uninstall(
    scope: Scope,
    around: &Surroundings,
    records: &Records,
) -> Result<Option<FileChange>, InstallError> {
    let Some(path) = file(scope, around) else {
        return Ok(None);
    };
    let before = Content::at(&path)?;
    let Some(Content::File { bytes, mode }) = &before else {
        return Ok(None);
    };
    if entries(bytes, &path, scope).is_empty() {
        return Ok(None);
    }
    let now = Content::File {
        bytes: bytes.clone(),
        mode: *mode,
    };
    let has_ours = |content: &Content| match content {
        Content::File { bytes, .. } => !entries(bytes, &path, scope).is_empty(),
        Content::Link(_) => false,
    };
    let original = records.original(&path, &now, &[Target::Git.name()], has_ours);
    let after = if let Some(original) = original {
        original.content()
    } else {
        let kept = remove(bytes, is_ours).ok_or_else(|| by_hand(&path, &[]))?;
        Some(Content::File {
            bytes: kept,
            mode: *mode,
        })
    };
    Ok(Some(FileChange {
        target: Target::Git,
        path,
        before,
        after,
        locking: Locking::AsGit,
        purpose: Purpose::Remove,
    }))
}

/// Returns the sections, command first: git refuses to commit where one has an event and no command.
fn sections(around: &Surroundings) -> Result<Vec<Section>, InstallError> {
    let program = shell_word(around.program_text()?);
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

/// Says whether a file has the sections, with these values and no others.
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
            "its sections `hook.sendoff…` cannot be taken out without changing the rest",
            "remove these sections with an editor".to_owned(),
        )
    } else {
        (
            "git could not read it, or a section `hook.sendoff…` shares a line with other text",
            format!("mend the file, or add these lines to it:\n{texts}"),
        )
    };
    InstallError::ByHand {
        path: path.to_owned(),
        why: why.into(),
        advice,
    }
}
