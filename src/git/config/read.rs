//! Reads configuration files, includes followed: the user's and the system's; the repository's own within limits.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gix::bstr::{BStr, BString};
use gix::config::file::{Metadata, includes, init};
use gix::config::{File, Source};
use gix::sec::Trust;

use crate::files::{FileError, Links, read as read_file};
use crate::git::discover::RepoPaths;
use crate::git::open_error::OpenError;

use super::entries::{Entries, Entry, Scope, of_section};
use super::files::ConfigFiles;
use super::includes::IncludeContext;
use super::old_headers::lower_case;

/// In bytes. The user's own files are not bounded by it.
const LOCAL_LIMIT: u64 = 4 * 1024 * 1024;
/// The most sections of one of the repository's files.
const MAX_SECTIONS: usize = 30_000;
/// The most lines of one of them.
const MAX_LINES: usize = 100_000;
/// How deep files may include one another; deeper ones are left out.
const MAX_INCLUDE_DEPTH: u8 = 10;

/// Reads the system's and the user's files, includes followed; `local`, the repository's, where it is
/// trusted, and what stands in the environment after them.
pub(super) fn read_trusted(
    files: &ConfigFiles,
    local: Option<&File>,
    context: &IncludeContext<'_>,
) -> Result<Entries, OpenError> {
    let mut reading = Reading {
        context,
        entries: Entries::default(),
    };
    let system = files.system.iter().map(|path| (path, Scope::System));
    let user = files.user.iter().map(|path| (path, Scope::Global));
    for (path, scope) in system.chain(user) {
        reading.file(&context.directory.join(path), scope, 0)?;
    }
    if let Some(local) = local {
        for part in local.sections() {
            let from = part.meta().path.clone();
            reading.add(of_section(part, Scope::Local), from.as_deref(), 0)?;
        }
    }
    reading.add(files.command.iter().cloned(), None, 0)?;
    Ok(reading.entries)
}

/// Files that are being read.
struct Reading<'a> {
    context: &'a IncludeContext<'a>,
    entries: Entries,
}

impl Reading<'_> {
    /// Adds the lines of a file, if it is there.
    fn file(&mut self, path: &Path, scope: Scope, depth: u8) -> Result<(), OpenError> {
        let content = match read_file(path, u64::MAX, Links::Followed) {
            // Git passes over a file of the user's that it may not read: the home directory may be of who the user was before.
            Err(FileError::Io(error))
                if scope == Scope::Global
                    && depth == 0
                    && error.kind() == io::ErrorKind::PermissionDenied =>
            {
                tracing::debug!(%error, path = %path.display(), "a git configuration of the user's may not be read");
                None
            }
            // So a container has no file of the user's: it is mounted there, or linked.
            Err(FileError::NotRegular) if is_null(path) => None,
            read => read.map_err(|error| bad(path, error))?,
        };
        let Some(mut content) = content else {
            return Ok(());
        };
        let metadata = Metadata::from(Source::User).with(Trust::Full);
        let file = parse(&mut content, metadata, path)?;
        for part in file.sections() {
            self.add(of_section(part, scope), Some(path), depth)?;
        }
        Ok(())
    }

    /// Adds lines, and after each one what it includes.
    fn add(
        &mut self,
        entries: impl Iterator<Item = Entry>,
        from: Option<&Path>,
        depth: u8,
    ) -> Result<(), OpenError> {
        for entry in entries {
            let included = self.included(&entry, from)?;
            let scope = entry.scope;
            self.entries.push(entry);
            if let Some(path) = included {
                // Git looks whether the file is there before it counts.
                if depth == MAX_INCLUDE_DEPTH && path.exists() {
                    let problem =
                        format!("files are included in files more than {MAX_INCLUDE_DEPTH} deep");
                    return Err(bad(&path, problem));
                }
                self.file(&path, scope, depth + 1)?;
            }
        }
        Ok(())
    }

    /// Returns the file that a line includes, when its condition holds.
    fn included(&self, entry: &Entry, from: Option<&Path>) -> Result<Option<PathBuf>, OpenError> {
        if entry.name != "path" {
            return Ok(None);
        }
        match (entry.section.as_str(), &entry.subsection) {
            ("include", None) => {}
            ("includeif", Some(condition)) => {
                let condition = BStr::new(condition.as_slice());
                if !self.context.holds(condition, from) {
                    return Ok(None);
                }
            }
            _ => return Ok(None),
        }
        let path = self.context.included(entry.value(), from);
        if path.is_none() && from.is_none() {
            let named = entry.value().to_string();
            let problem = "a relative path is included from a variable, and has no file beside it";
            return Err(bad(Path::new(&named), problem));
        }
        Ok(path)
    }
}

/// Says whether a path leads to the null device.
fn is_null(path: &Path) -> bool {
    let device = |path: &Path| path.metadata().map(|metadata| metadata.rdev()).ok();
    device(path).is_some_and(|found| found != 0 && Some(found) == device(Path::new("/dev/null")))
}

/// Reads the repository's own files, without their includes.
pub(super) fn read_local(paths: &RepoPaths) -> Result<File, OpenError> {
    let mut all = File::new(Metadata::from(Source::Local).with(Trust::Reduced));
    let read = |path: PathBuf, source: Source, all: &mut File| {
        let metadata = Metadata::from(source).at(&path).with(Trust::Reduced);
        match read_file(&path, LOCAL_LIMIT, Links::Followed).map_err(|error| bad(&path, error))? {
            Some(mut content) => {
                check_size(&content).map_err(|error| bad(&path, error))?;
                let file = parse(&mut content, metadata, &path)?;
                all.append(file)
                    .map(drop)
                    .map_err(|error| bad(&path, error))
            }
            None => Ok(()),
        }
    };
    read(paths.common_dir.join("config"), Source::Local, &mut all)?;
    if let Ok(Some(true)) = all.boolean("extensions.worktreeConfig") {
        let own = paths.git_dir.join("config.worktree");
        read(own, Source::Worktree, &mut all)?;
    }
    Ok(all)
}

/// Returns the URLs of the remotes that the user's lines and the repository's name, for conditions.
pub(super) fn remote_urls<'e>(
    users: impl Iterator<Item = &'e Entry>,
    local: &File,
) -> Vec<BString> {
    let is_url = |entry: &&Entry| {
        entry.section == "remote" && entry.name == "url" && entry.subsection.is_some()
    };
    let users = users.filter(is_url).map(|entry| entry.value().to_owned());
    let parts = local.sections_by_name("remote").into_iter().flatten();
    let named = parts.filter(|part| part.header().subsection_name().is_some());
    users
        .chain(named.flat_map(|part| part.values("url")))
        .collect()
}

/// Why a file of the repository is not read.
#[derive(Debug, thiserror::Error)]
#[error("it has more than {limit} {what}")]
struct TooMany {
    what: &'static str,
    limit: usize,
}

/// Compares a file with the limits before it is parsed: a section takes a hundred times its length in memory.
fn check_size(content: &[u8]) -> Result<(), TooMany> {
    let count = |wanted: u8| memchr::memchr_iter(wanted, content).count();
    // A bracket in a value counts too; no honest file has so many.
    for (byte, what, limit) in [
        (b'[', "sections", MAX_SECTIONS),
        (b'\n', "lines", MAX_LINES),
    ] {
        if count(byte) > limit {
            return Err(TooMany { what, limit });
        }
    }
    Ok(())
}

fn parse(content: &mut Vec<u8>, metadata: Metadata, path: &Path) -> Result<File, OpenError> {
    let options = init::Options {
        includes: includes::Options::no_follow(),
        lossy: true,
        ignore_io_errors: true,
    };
    lower_case(content);
    File::from_bytes_owned(content, metadata, options).map_err(|error| bad(path, error))
}

fn bad(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OpenError {
    OpenError::Config {
        path: path.to_owned(),
        source: source.into(),
    }
}
