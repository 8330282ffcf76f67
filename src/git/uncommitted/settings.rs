//! What the configuration says of how `git status` lists files.

use gix::bstr::{BStr, ByteSlice};
use gix::diff::Rewrites;
use gix::dir::walk::EmissionMode;
use gix::status::tree_index::TrackRenames;

use crate::git::Repo;
use crate::git::config::{Config, truth};

/// Gitoxide compares no files that are larger, in bytes, to find those that were renamed.
const MAX_COMPARED_SIZE: u64 = 4 << 20;

/// The keys that decide which files `git status` shows as changed, renamed or untracked. None of them gives power to
/// its author.
const FACTS: &[&str] = &[
    "core.autocrlf",
    "core.checkStat",
    "core.eol",
    "core.fileMode",
    "core.ignoreCase",
    // As git reads it: where file names are decomposed.
    #[cfg(target_os = "macos")]
    "core.precomposeUnicode",
    "core.symlinks",
    "core.trustCTime",
    "diff.ignoreSubmodules",
    "status.showUntrackedFiles",
];

/// How `git status` lists files.
pub(super) struct Listing {
    /// Whether a file that the index has under another name is one path.
    pub(super) renames: TrackRenames,
    /// How untracked files are listed; `None` where they are not.
    pub(super) untracked: Option<EmissionMode>,
}

impl Repo {
    /// Returns how the configuration wants files listed.
    pub(super) fn listing(&self) -> Listing {
        let fact = |key| self.config().fact_or_true(key);
        let renames = fact("status.renames").or_else(|| fact("diff.renames"));
        Listing {
            renames: match renames.map(|said| truth(Some(said.as_bstr()))) {
                Some(Some(false)) => TrackRenames::Disabled,
                _ => TrackRenames::Given(Rewrites::default()),
            },
            untracked: match fact("status.showUntrackedFiles")
                .as_deref()
                .map(|said| said.as_bytes())
            {
                Some(b"all") => Some(EmissionMode::Matching),
                Some(b"no") => None,
                Some(said) if truth(Some(BStr::new(said))) == Some(false) => None,
                _ => Some(EmissionMode::CollapseDirectory),
            },
        }
    }
}

/// Returns the settings of `git status`, as `KEY=VALUE`. A file of patterns or attributes is the user's own: a repository
/// could name one without an end. The checksum of the index is not compared: it is only counted in.
pub(in crate::git) fn status_settings(config: &Config) -> Vec<String> {
    let facts = FACTS.iter();
    let mut settings: Vec<String> = facts
        .filter_map(|key| Some(format!("{key}={}", config.fact_or_true(key)?)))
        .collect();
    settings.push("index.skipHash=true".into());
    settings.push(format!("core.bigFileThreshold={MAX_COMPARED_SIZE}"));
    let files = [
        ("core.excludesFile", config.excludes_file()),
        ("core.attributesFile", config.attributes_file()),
    ];
    let named = files
        .into_iter()
        .filter_map(|(key, path)| Some(format!("{key}={}", path?.display())));
    settings.extend(named);
    settings
}
