//! The remote that a branch is pushed to, and its URLs, from the configuration.

use gix::bstr::{BString, ByteSlice};

use crate::names::{BranchName, RemoteName, RemoteUrl, RemoteUrlError, Scheme};
use crate::reason::Code;

use super::Repo;

/// Where a branch is pushed to.
#[derive(Debug, Clone)]
pub struct Remote {
    /// The remote's name.
    pub name: RemoteName,
    /// Its push URL, rewritten only by system and global configuration.
    pub url: RemoteUrl,
    /// The fetch URL.
    pub fetch_url: RemoteUrl,
    /// Push URLs after the first: they are pushed to as well, as git does.
    pub other_push_urls: Vec<RemoteUrl>,
    /// The fetch refspecs, which map the remote's branches to tracking refs.
    pub(super) fetch_specs: Vec<BString>,
}

impl Remote {
    /// Makes a remote from its URL alone; its branches are not tracked.
    pub fn new(name: RemoteName, url: RemoteUrl) -> Self {
        Self {
            name,
            fetch_url: url.clone(),
            url,
            other_push_urls: Vec::new(),
            fetch_specs: Vec::new(),
        }
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

/// Why there is no remote to push to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// The repository has no remote.
    #[error("the repository has no remote")]
    None,
    /// There are several, and nothing says which.
    #[error("there are several remotes, and none is chosen: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// The one that is named does not exist, or has no URL.
    #[error("there is no remote called `{0}`")]
    Absent(RemoteName),
    /// The configuration names something that is no remote.
    #[error("`{}` in the git configuration is not the name of a remote", .0.escape_debug())]
    Name(String),
    /// The branch follows a branch of this same repository.
    #[error("the branch follows another branch of this repository, not a remote")]
    ThisRepository,
    /// The URL cannot be used.
    #[error("the URL of the remote `{name}` cannot be used")]
    Url {
        /// The remote.
        name: RemoteName,
        /// What is wrong with it.
        #[source]
        source: RemoteUrlError,
    },
    /// The branch names an address in place of a remote, which cannot be used.
    #[error("the address that the git configuration names as the remote cannot be used")]
    Address {
        /// What is wrong with it.
        #[source]
        source: RemoteUrlError,
    },
}

impl RemoteError {
    /// Returns a stable code.
    pub const fn code(&self) -> Code {
        match self {
            Self::None => Code::NoRemote,
            Self::Ambiguous(_) => Code::RemoteAmbiguous,
            Self::Absent(_) | Self::Name(_) => Code::RemoteAbsent,
            Self::ThisRepository => Code::RemoteLocal,
            Self::Url { .. } | Self::Address { .. } => Code::RemoteUrl,
        }
    }

    /// Returns what to do about it, in one line.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::None => Some("add one with `git remote add origin URL`".to_owned()),
            Self::Ambiguous(names) => Some(format!(
                "choose one with `git config remote.pushDefault {}`",
                names.first().map_or("NAME", String::as_str)
            )),
            Self::ThisRepository => Some(
                "choose a remote with `git config remote.pushDefault NAME`, or name it in the policy"
                    .to_owned(),
            ),
            Self::Absent(name) => Some(format!("add it with `git remote add {name} URL`")),
            Self::Url {
                source: RemoteUrlError::Rewritten { key },
                ..
            } => Some(format!(
                "end both `url.<base>` and its `{key}` at the end of the host or of a directory, with `/` or `:`"
            )),
            Self::Name(_) | Self::Url { .. } | Self::Address { .. } => {
                Some("see `git remote -v` and `git config --list --show-origin`".to_owned())
            }
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
        let reads_so = chosen.contains(&b':')
            || (chosen.starts_with(b"/")
                || chosen.starts_with(b"./")
                || chosen.starts_with(b"../"));
        reads_so && !self.config().remote_names().contains(chosen)
    }

    /// Makes a remote of an address, as git does. Nothing is tracked of it here.
    fn remote_at(&self, address: &BString) -> Result<Remote, RemoteError> {
        let parse = |rewrite| {
            self.parse_url(address, rewrite)
                .map_err(|source| RemoteError::Address { source })
        };
        let url = parse(Rewrite::Push)?;
        Ok(Remote {
            fetch_url: parse(Rewrite::Fetch)?,
            ..Remote::new(RemoteName::of_address(&url), url)
        })
    }

    fn chosen_remote(&self, branch: Option<&BranchName>) -> Result<BString, RemoteError> {
        let of_branch = |key: &str| self.config().facts("branch", branch?.as_str(), key).pop();
        let configured = of_branch("pushRemote")
            .or_else(|| self.config().fact("remote.pushDefault"))
            .or_else(|| of_branch("remote"));
        if let Some(name) = configured {
            return Ok(name);
        }
        let mut names = self.config().remote_names();
        if names.contains(b"origin".as_bstr()) {
            return Ok("origin".into());
        }
        match names.pop_first() {
            None => Err(RemoteError::None),
            Some(only) if names.is_empty() => Ok(only),
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
        let values = |key: &str| self.config().facts("remote", name.as_str(), key);
        let urls = values("url");
        let push_urls = values("pushurl");
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
            fetch_specs: values("fetch"),
            name,
        })
    }

    /// Rewrites a URL as the user's configuration asks, and checks it.
    fn parse_url(&self, raw: &BString, rewrite: Rewrite) -> Result<RemoteUrl, RemoteUrlError> {
        let raw = raw.to_str().map_err(|_| RemoteUrlError::NotUtf8)?;
        let by = |key| Some((key, self.config().rewritten(raw, key)?));
        let pushed = match rewrite {
            Rewrite::Push => by("pushInsteadOf"),
            Rewrite::Fetch => None,
        };
        let url = match pushed.or_else(|| by("insteadOf")) {
            Some((key, (text, base))) => rewritten(&text, &base, key)?,
            None => RemoteUrl::parse(raw)?,
        };
        match url.file_path().filter(|path| path.is_relative()) {
            Some(path) if url.scheme() == Scheme::File => {
                let top = self.work_tree().unwrap_or_else(|| self.git_dir());
                let absolute = top.join(path);
                RemoteUrl::parse(absolute.to_str().ok_or(RemoteUrlError::NotUtf8)?)
            }
            _ => Ok(url),
        }
    }
}

/// Which keys rewrite a URL.
#[derive(Clone, Copy)]
enum Rewrite {
    /// `insteadOf`
    Fetch,
    /// `pushInsteadOf`, else `insteadOf`
    Push,
}

/// Parses what a rewrite made of a URL. Only what stands after the place may come from the repository: a base that does
/// not end in a slash would lend its login to any host that begins like its own.
fn rewritten(text: &str, base: &BString, key: &'static str) -> Result<RemoteUrl, RemoteUrlError> {
    let url = RemoteUrl::parse(text)?;
    let refused = RemoteUrlError::Rewritten { key };
    let base = base.to_str().map_err(|_| RemoteUrlError::NotUtf8)?;
    let Some(place) = place_of_base(base) else {
        return Err(refused);
    };
    let is_there = match place {
        RewriteBase::Scheme(scheme) => url.scheme() == scheme && url.password().is_none(),
        // A directory: what is below it is, as long as no part leads out again.
        RewriteBase::Url(place) => url.has_authority_of(&place) && !url.climbs(),
    };
    if is_there { Ok(url) } else { Err(refused) }
}

/// What the base of a rewrite says of the place.
enum RewriteBase {
    /// Only the scheme, as `https://` does.
    Scheme(Scheme),
    /// All of it.
    Url(RemoteUrl),
}

/// Returns the place that a base names, with some path behind it.
fn place_of_base(base: &str) -> Option<RewriteBase> {
    if let Some((scheme, authority)) = base.split_once("://") {
        return match (scheme, authority) {
            ("https", "") => Some(RewriteBase::Scheme(Scheme::Https)),
            ("http", "") => Some(RewriteBase::Scheme(Scheme::Http)),
            ("ssh", "") => Some(RewriteBase::Scheme(Scheme::Ssh)),
            _ => RemoteUrl::parse(&format!("{base}/x"))
                .ok()
                .map(RewriteBase::Url),
        };
    }
    let is_address = base.split(['/', '\\']).next()?.contains(['@', ':']);
    let whole = if is_address && !base.contains(':') {
        format!("{base}:x")
    } else {
        format!("{base}x")
    };
    RemoteUrl::parse(&whole).ok().map(RewriteBase::Url)
}

fn named(name: &BString) -> Result<RemoteName, RemoteError> {
    if name == "." {
        return Err(RemoteError::ThisRepository);
    }
    let text = name.to_str_lossy();
    RemoteName::new(text.clone()).map_err(|_| RemoteError::Name(text.chars().take(100).collect()))
}
