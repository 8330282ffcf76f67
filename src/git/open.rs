//! Opening a repository with reduced trust: security-sensitive keys of its own configuration are ignored.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use gix::bstr::BString;
use gix::odb::store::init::Slots;
use gix::open::permissions::{
    Attributes, Config as ConfigPermissions, Environment as EnvironmentPermissions,
};
use gix::open::{Options, Permissions};
use gix::refs::file::Store;
use gix::refs::store::init::Options as RefOptions;
use gix::sec::Trust;

use super::Repo;
use super::config::{Config, ConfigFiles};
use super::directories::check_opened;
use super::discover::{RepoPaths, find, named};
use super::lead::Leads;
use super::leads::find_leads;
use super::object_directories::ObjectDirectories;
use super::open_error::{LocalConfigTrust, OpenError};
use super::uncommitted::status_settings;

impl Repo {
    /// Finds and opens the repository that `start` is in; `None` when it is in none.
    ///
    /// Only the directory counts: no environment variable selects a repository or an object directory, and `files.limits`
    /// bounds the search upwards. The configuration of the system, the user and the environment comes from `files`,
    /// includes followed. Of the repository's own configuration only facts are read, such as remotes; the rest counts only
    /// with [`LocalConfigTrust::Trust`].
    pub fn discover(
        start: &Path,
        local_config: LocalConfigTrust,
        files: &ConfigFiles,
    ) -> Result<Option<Self>, OpenError> {
        Self::discover_with(start, local_config, files, None)
    }

    /// The same, for a repository with the `trusted` links to other directories: exactly those that an earlier call
    /// returned.
    pub fn discover_with(
        start: &Path,
        local_config: LocalConfigTrust,
        files: &ConfigFiles,
        trusted: Option<&Leads>,
    ) -> Result<Option<Self>, OpenError> {
        match find(start, &files.limits)? {
            Some(paths) => Self::at(paths, local_config, files, trusted).map(Some),
            None => Ok(None),
        }
    }

    /// Opens the repository at `git_dir`, with its work tree elsewhere, as git names both to its hooks;
    /// nothing when there is none. It gets no more trust than one that was found, and is trusted to lead out as that is.
    pub fn named(
        git_dir: &Path,
        work_tree: Option<&Path>,
        local_config: LocalConfigTrust,
        files: &ConfigFiles,
        trusted: Option<&Leads>,
    ) -> Result<Option<Self>, OpenError> {
        match named(git_dir, work_tree)? {
            Some(paths) => Self::at(paths, local_config, files, trusted).map(Some),
            None => Ok(None),
        }
    }

    fn at(
        paths: RepoPaths,
        local_config: LocalConfigTrust,
        files: &ConfigFiles,
        trusted: Option<&Leads>,
    ) -> Result<Self, OpenError> {
        paths.check_files()?;
        let config = Config::of_user(&paths, files)?;
        paths.check_owner(files.sudo_user, || config.is_safe_directory(&paths))?;
        let config = config.with_local(&paths, local_config, files)?;
        let leads = find_leads(&paths, &config)?;
        if !leads.found.is_empty() && trusted != Some(&leads) {
            return Err(OpenError::LeadsOut(leads));
        }
        if let Some(version) = config.unknown_format_version() {
            let file = paths.common_dir.join("config");
            return Err(OpenError::FormatVersion { version, file });
        }
        if let Some(format) = config.ref_format() {
            return Err(OpenError::RefFormat(format));
        }
        if let Some(extension) = config.unknown_extension() {
            return Err(OpenError::Extension(extension));
        }
        let objects = files.objects.from(&files.relative_to(Some(&paths)));
        objects.check()?;
        let opened = OnceLock::new();
        let (refs, object_hash) = if config.is_of_first_format() {
            let kind = gix::hash::Kind::Sha1;
            (ref_store(&paths, kind), kind)
        } else {
            // Gitoxide decides what its extensions mean, and refuses those that it lacks.
            let inner = open(&paths, &config, &objects)?;
            check_opened(&paths, &leads, &inner)?;
            let kind = inner.to_thread_local().object_hash();
            let _new = opened.set(inner);
            (ref_store(&paths, kind), kind)
        };
        Ok(Self {
            refs,
            object_hash,
            config: Arc::new(config),
            paths: Arc::new(paths),
            leads: Arc::new(leads),
            files: Arc::new(files.clone()),
            objects: Arc::new(objects),
            opened: Arc::new(opened),
            stop: Arc::default(),
        })
    }

    /// Returns the same repository, whose walks end as [`RangeError::Stopped`](super::RangeError::Stopped) once `stop` is set.
    #[must_use]
    pub fn stopped_by(&self, stop: Arc<AtomicBool>) -> Self {
        Self {
            stop,
            ..self.clone()
        }
    }

    /// Returns a handle for one thread. Replacement objects are ignored, as they are by a push.
    pub fn thread_local(&self) -> Result<gix::Repository, OpenError> {
        let inner = if let Some(inner) = self.opened.get() {
            inner
        } else {
            self.check_links()?;
            let inner = open(&self.paths, &self.config, &self.objects)?;
            check_opened(&self.paths, &self.leads, &inner)?;
            // One that came while it was opened.
            self.check_links()?;
            self.opened.get_or_init(|| inner)
        };
        let mut repo = inner.to_thread_local();
        repo.objects.ignore_replacements = true;
        // A local key could set it, and then refs are looked for elsewhere.
        repo.refs.namespace = None;
        Ok(repo)
    }

    /// Returns the kind of the repository's object ids.
    pub const fn object_hash(&self) -> gix::hash::Kind {
        self.object_hash
    }

    /// Returns the configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the configuration, to be kept beyond the repository.
    pub fn shared_config(&self) -> Arc<Config> {
        self.config.clone()
    }

    /// Returns the top of the work tree; none in a bare repository and inside a git directory.
    pub fn work_tree(&self) -> Option<&Path> {
        self.paths.work_tree.as_deref()
    }

    /// Returns the git directory of this work tree.
    pub fn git_dir(&self) -> &Path {
        &self.paths.git_dir
    }

    /// Returns the git directory that all work trees of the repository share.
    pub fn common_dir(&self) -> &Path {
        &self.paths.common_dir
    }

    /// Says whether the repository has no work tree at all; inside a `.git` it has one elsewhere.
    pub fn is_bare(&self) -> bool {
        self.paths.work_tree.is_none() && self.has_no_work_tree()
    }

    /// `core.bare` says it; where that is not set, the name does, as for git.
    fn has_no_work_tree(&self) -> bool {
        let named = || !self.git_dir().ends_with(".git");
        self.config.bare().unwrap_or_else(named)
    }

    /// Says whether the repository is a shallow clone.
    pub fn is_shallow(&self) -> bool {
        self.common_dir()
            .join("shallow")
            .metadata()
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
    }

    /// Says whether the repository is a partial clone: a promisor remote may have objects that are missing here.
    pub fn is_partial(&self) -> bool {
        !self.config.promisors().is_empty()
    }
}

/// Returns the store of loose and packed refs: another ref format is an extension.
fn ref_store(paths: &RepoPaths, kind: gix::hash::Kind) -> Store {
    let options = RefOptions::default();
    if paths.git_dir == paths.common_dir {
        Store::at_opts(paths.git_dir.clone(), kind, options)
    } else {
        let (own, shared) = (paths.git_dir.clone(), paths.common_dir.clone());
        Store::for_linked_worktree_opts(own, shared, kind, options)
    }
}

/// Reduced trust would refuse objects over 16 MiB.
const WITHOUT_ALLOCATION_LIMIT: &str = "gitoxide.objects.allocLimitIfReducedTrust=0";

/// How many packs may be open at once in gitoxide's database, where it cannot count them.
const SLOTS: u16 = 256;

/// Gitoxide reads every replacement when it opens, and nobody here uses one.
const WITHOUT_REPLACEMENTS: &str = "core.useReplaceRefs=false";

/// Opens the repository with gitoxide, without its configuration and environment except what decides which files `git
/// status` lists. Only the count of uncommitted files needs that, so a mistake in it is no error.
fn open(
    paths: &RepoPaths,
    config: &Config,
    objects: &ObjectDirectories,
) -> Result<gix::ThreadSafeRepository, OpenError> {
    let settings = status_settings(config);
    let failed = |source: Box<dyn Error + Send + Sync>| OpenError::Open {
        path: paths.git_dir.clone(),
        source,
    };
    let mut opened = open_with(paths, &settings, objects, Slots::default())
        .or_else(|_| open_with(paths, &[], objects, Slots::default()))
        // To count what it needs, gitoxide refuses alternates that lead in a circle.
        .or_else(|_| open_with(paths, &[], objects, Slots::Given(SLOTS)))
        .map_err(|error| failed(error.into()))?;
    objects
        .put_into(&mut opened)
        .map_err(|error| failed(error.into()))?;
    Ok(opened)
}

/// Opens it with `settings`, each `KEY=VALUE`.
fn open_with(
    paths: &RepoPaths,
    settings: &[String],
    objects: &ObjectDirectories,
    slots: Slots,
) -> Result<gix::ThreadSafeRepository, gix::Error> {
    let permissions = Permissions {
        env: EnvironmentPermissions::isolated(),
        config: ConfigPermissions::isolated(),
        attributes: Attributes::isolated(),
    };
    let fixed = [WITHOUT_ALLOCATION_LIMIT, WITHOUT_REPLACEMENTS];
    let settings = settings.iter().map(String::as_str).chain(fixed);
    Options::default()
        .permissions(permissions)
        .with(Trust::Reduced)
        .object_store_slots(slots)
        .config_overrides(settings.map(BString::from).chain(objects.settings()))
        .filter_config_section(is_not_local)
        .open_path_as_is(true)
        .open(&paths.entry)
}

/// Reduced trust alone is not enough: `safe.directory` raises it again.
fn is_not_local(section: &gix::config::file::Metadata) -> bool {
    section.source.kind() != gix::config::source::Kind::Repository
}
