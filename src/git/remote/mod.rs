//! The remote that a branch is pushed to, and its URLs, from the configuration.

mod error;
mod old_file;
mod rewrite;

use gix::bstr::{BString, ByteSlice};

use crate::names::{BranchName, RemoteName, RemoteUrl};

use self::rewrite::Rewrite;
use super::Repo;
use super::config::Scope;
use super::refspec::{Direction, is_refspec};

pub use self::error::RemoteError;

/// Where a branch is pushed to.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The remote's name.
    pub name: RemoteName,
    /// The address that the configuration has in the place of a name; none where it holds a password.
    pub(in crate::git) address: Option<String>,
    /// Its push URL, rewritten only by system and global configuration.
    pub url: RemoteUrl,
    /// The fetch URL.
    pub fetch_url: RemoteUrl,
    /// Push URLs after the first: they are pushed to as well, as git does.
    pub other_push_urls: Vec<RemoteUrl>,
    /// The fetch refspecs, which map the remote's branches to tracking refs.
    pub(in crate::git) fetch_specs: Vec<BString>,
}

impl Remote {
    /// Makes a remote from its URL alone; its branches are not tracked.
    pub fn new(name: RemoteName, url: RemoteUrl) -> Self {
        Self {
            name,
            address: None,
            fetch_url: url.clone(),
            url,
            other_push_urls: Vec::new(),
            fetch_specs: Vec::new(),
        }
    }

    /// Returns what git hands to hooks as the remote's name.
    pub(in crate::git) fn written_name(&self) -> String {
        let address = self.address.clone();
        address.unwrap_or_else(|| self.name.to_string())
    }

    /// Returns the same remote with one push URL only.
    #[must_use]
    pub fn at(&self, url: &RemoteUrl) -> Self {
        Self {
            url: url.clone(),
            other_push_urls: Vec::new(),
            ..self.clone()
        }
    }
}

impl Repo {
    /// Returns the remote that `choice` names, else the one that git would push `branch` to:
    /// `branch.<name>.pushRemote`, `remote.pushDefault`, `branch.<name>.remote`, `origin`, the only one.
    pub fn remote(
        &self,
        choice: Option<&RemoteName>,
        branch: Option<&BranchName>,
    ) -> Result<Remote, RemoteError> {
        if let Some(name) = choice {
            return self.remote_called(name.clone());
        }
        let chosen = self.chosen_remote(branch)?;
        if self.is_address(&chosen) {
            return self.remote_at(&chosen);
        }
        self.remote_called(named(&chosen)?)
    }

    /// Returns the remotes that promised what a partial clone left out, each with the URL to fetch from, in the order in
    /// which git asks them.
    pub fn promisors(&self) -> Vec<Remote> {
        let names = self.config().promisors().into_iter();
        // One that cannot be read is none: another may have the objects.
        let remotes = names.filter_map(|name| self.remote_called(named(&name).ok()?).ok());
        remotes
            .map(|remote| {
                let url = remote.fetch_url.clone();
                remote.at(&url)
            })
            .collect()
    }

    /// Returns the remote that `gh repo set-default` marked as the place of pull requests.
    pub fn remote_marked_for_gh(&self) -> Option<RemoteName> {
        let config = self.config();
        let marked = config.remote_names().into_iter().find(|name| {
            let name = name.to_str().unwrap_or_default();
            let value = config.facts("remote", name, "gh-resolved").pop();
            value.is_some_and(|value| value == "base")
        });
        named(&marked?).ok()
    }

    /// Says whether `chosen` is no remote's name and reads as an address.
    fn is_address(&self, chosen: &BString) -> bool {
        let begins_so = |with: &&[u8]| chosen.starts_with(with);
        let reads_so =
            chosen.contains(&b':') || [b"/".as_slice(), b"./", b"../", b"~"].iter().any(begins_so);
        let is_known = || {
            let old = named(chosen).map(|name| self.old_remote(&name));
            self.config().remote_names().contains(chosen) || !matches!(old, Ok(Ok(None)) | Err(_))
        };
        (reads_so || self.is_directory(chosen)) && !is_known()
    }

    /// Says whether a repository may lie where `chosen` leads as a path.
    fn is_directory(&self, chosen: &BString) -> bool {
        let Ok(text) = chosen.to_str() else {
            return false;
        };
        let found = |path: String| self.at_top(path.into()).is_dir();
        text != "." && (found(text.to_owned()) || found(format!("{text}.git")))
    }

    /// Makes a remote of an address, as git does. Nothing is tracked of it here.
    fn remote_at(&self, address: &BString) -> Result<Remote, RemoteError> {
        let parse = |rewrite| {
            self.parse_url(address, rewrite)
                .map_err(|source| RemoteError::Address { source })
        };
        let url = parse(Rewrite::Push)?;
        let address = address.to_string();
        let has_password =
            |text: &str| RemoteUrl::parse(text).is_ok_and(|it| it.password().is_some());
        Ok(Remote {
            fetch_url: parse(Rewrite::Fetch)?,
            address: Some(address).filter(|address| !has_password(address)),
            ..Remote::new(RemoteName::of_address(&url), url)
        })
    }

    fn chosen_remote(&self, branch: Option<&BranchName>) -> Result<BString, RemoteError> {
        let of_branch = |key: &str| {
            let branch = branch?.as_str();
            let value = self.config().last_fact("branch", branch, key)?;
            Some((format!("branch.{branch}.{key}"), value))
        };
        let of_all = || {
            let key = "remote.pushDefault";
            Some((key.to_owned(), self.config().fact(key)?))
        };
        let configured = of_branch("pushRemote")
            .or_else(of_all)
            .or_else(|| of_branch("remote"));
        match configured {
            Some((key, name)) if name.is_empty() => {
                return Err(if self.config().is_in_environment(&key) {
                    RemoteError::UnnamedInEnvironment(key)
                } else {
                    RemoteError::Unnamed(key)
                });
            }
            Some((_, name)) => return Ok(name),
            None => {}
        }
        let mut names = self.config().remote_names();
        if names.contains(b"origin".as_bstr()) {
            return Ok("origin".into());
        }
        let is_old = || -> Result<bool, RemoteError> {
            Ok(self.old_remote(&named(&"origin".into())?)?.is_some())
        };
        match names.pop_first() {
            Some(only) if names.is_empty() => Ok(only),
            _ if is_old()? => Ok("origin".into()),
            None => Err(RemoteError::None),
            Some(first) => {
                let all = std::iter::once(first).chain(names);
                let shown = all.map(|name| name.to_str_lossy().escape_debug().to_string());
                Err(RemoteError::Ambiguous(shown.take(10).collect()))
            }
        }
    }

    fn remote_called(&self, name: RemoteName) -> Result<Remote, RemoteError> {
        if name.as_str() == "." {
            return Err(RemoteError::ThisRepository);
        }
        self.check_values(&name)?;
        let values = |key: &str| self.config().facts("remote", name.as_str(), key);
        let mut urls = values("url");
        let push_urls = values("pushurl");
        let mut fetch_specs = values("fetch");
        if urls.is_empty()
            && push_urls.is_empty()
            && let Some(old) = self.old_remote(&name)?
        {
            urls = old.urls;
            fetch_specs.extend(old.fetch_specs);
        }
        let hash = Some(self.object_hash());
        let mut specs = fetch_specs.iter();
        if let Some(spec) = specs.find(|spec| !is_refspec(spec.as_bstr(), Direction::Fetch, hash)) {
            let spec = spec.to_str_lossy().into_owned();
            return Err(RemoteError::Refspec { name, spec });
        }
        let fetch = urls.first().or_else(|| push_urls.first());
        let Some(fetch) = fetch else {
            return Err(RemoteError::Absent(name));
        };
        let parse = |raw: &BString, rewrite: Rewrite| {
            self.parse_url(raw, rewrite)
                .map_err(|source| RemoteError::Url {
                    name: name.clone(),
                    source,
                })
        };
        let fetch_url = parse(fetch, Rewrite::Fetch)?;
        let pushed = if push_urls.is_empty() {
            urls.iter()
                .map(|raw| parse(raw, Rewrite::Push))
                .collect::<Vec<_>>()
        } else {
            // An explicit push URL is not touched by `pushInsteadOf`.
            push_urls
                .iter()
                .map(|raw| parse(raw, Rewrite::Fetch))
                .collect()
        };
        let mut pushed = pushed.into_iter();
        let url = match pushed.next() {
            Some(url) => url?,
            None => fetch_url.clone(),
        };
        Ok(Remote {
            url,
            fetch_url,
            other_push_urls: pushed.collect::<Result<_, _>>()?,
            fetch_specs,
            address: None,
            name,
        })
    }

    /// Refuses a remote whose address is a key without a value, as git does: what was meant is not known.
    fn check_values(&self, name: &RemoteName) -> Result<(), RemoteError> {
        for key in ["url", "pushurl"] {
            let (place, option) = match self.config().without_value("remote", name.as_str(), key) {
                None => continue,
                Some(Scope::Local) => ("the repository's git configuration", Some("--local")),
                Some(Scope::Global) => ("the user's git configuration", Some("--global")),
                Some(Scope::System) => ("the system's git configuration", Some("--system")),
                Some(Scope::Command) => ("the environment's git configuration", None),
            };
            let key = format!("remote.{name}.{key}");
            return Err(RemoteError::NoValue { key, place, option });
        }
        Ok(())
    }
}

fn named(name: &BString) -> Result<RemoteName, RemoteError> {
    if name == "." {
        return Err(RemoteError::ThisRepository);
    }
    let text = name.to_str_lossy();
    RemoteName::configured(text.clone())
        .map_err(|_| RemoteError::Name(text.chars().take(100).collect()))
}
