//! Rewriting a URL as `url.<base>.insteadOf` and `pushInsteadOf` of the user's configuration ask.

use std::path::PathBuf;

use gix::bstr::{BString, ByteSlice};

use crate::git::Repo;
use crate::names::{RemoteUrl, RemoteUrlError, Scheme};

/// Which keys rewrite a URL.
#[derive(Clone, Copy)]
pub(super) enum Rewrite {
    /// `insteadOf`
    Fetch,
    /// `pushInsteadOf`, else `insteadOf`
    Push,
}

impl Repo {
    /// Rewrites a URL as the user's configuration asks, and checks it.
    pub(super) fn parse_url(
        &self,
        raw: &BString,
        rewrite: Rewrite,
    ) -> Result<RemoteUrl, RemoteUrlError> {
        let raw = raw.to_str().map_err(|_| RemoteUrlError::NotUtf8)?;
        let by = |key| Some((key, self.config().rewritten(raw, key)?));
        let pushed = match rewrite {
            Rewrite::Push => by("pushInsteadOf"),
            Rewrite::Fetch => None,
        };
        let (url, written) = match pushed.or_else(|| by("insteadOf")) {
            Some((key, (text, base))) => (rewritten(&text, &base, key)?, text),
            None => (RemoteUrl::parse(raw)?, raw.to_owned()),
        };
        let url = match url.file_path().filter(|path| path.is_relative()) {
            Some(path) => {
                let absolute = self.at_top(path);
                RemoteUrl::parse(absolute.to_str().ok_or(RemoteUrlError::NotUtf8)?)?
            }
            None => url,
        };
        Ok(url.written_as(&written))
    }

    /// Returns a relative path as git means it: from the top of the work tree, or from a home directory.
    pub(super) fn at_top(&self, path: PathBuf) -> PathBuf {
        let of_home = path.to_str().filter(|text| text.starts_with('~'));
        match of_home.and_then(|text| self.config().expand(text)) {
            Some(absolute) => absolute,
            None => self
                .work_tree()
                .unwrap_or_else(|| self.git_dir())
                .join(path),
        }
    }
}

/// Parses what a rewrite made of a URL. Only what follows the base's host may come from the repository: with a base that does
/// not end in a slash, its login would go to any host whose name begins like the base's.
fn rewritten(text: &str, base: &BString, key: &'static str) -> Result<RemoteUrl, RemoteUrlError> {
    let url = RemoteUrl::parse(text)?;
    let refused = RemoteUrlError::Rewritten { key };
    let base = base.to_str().map_err(|_| RemoteUrlError::NotUtf8)?;
    let Some(place) = place_of_base(base) else {
        return Err(refused);
    };
    let is_there = match place {
        RewriteBase::Scheme(scheme) => url.scheme() == scheme && url.password().is_none(),
        RewriteBase::SshUser(user) => {
            url.scheme() == Scheme::Ssh && url.password().is_none() && url.user() == Some(user)
        }
        // A directory: what is below it is allowed, as long as no part leads out again.
        RewriteBase::Url(place) => {
            url.has_authority_of(&place) && !climbs_from(&url, &place) && is_below(&url, &place)
        }
    };
    if is_there { Ok(url) } else { Err(refused) }
}

/// Says whether a URL leads upwards behind the base. A base that is a path may do so itself, as `../` does. `place` has one
/// more part than the base, or a longer last one.
fn climbs_from(url: &RemoteUrl, place: &RemoteUrl) -> bool {
    let base = place.path().rsplit_once('/').map(|(base, _)| base);
    let rest = base.filter(|_| place.scheme() == Scheme::File);
    match rest.and_then(|base| url.path().strip_prefix(base)) {
        Some(rest) => RemoteUrl::path_climbs(rest),
        None => url.climbs(),
    }
}

/// Says whether a URL is below the directory of a base that has a login for http: `https://x:T@host/team` is not for
/// `/team-of-others`. `place` has one more part than the base.
fn is_below(url: &RemoteUrl, place: &RemoteUrl) -> bool {
    let has_login = place.user().is_some() || place.password().is_some();
    let is_http = matches!(place.scheme(), Scheme::Http | Scheme::Https);
    let base = place.path().strip_suffix("/x").unwrap_or_default();
    if !(has_login && is_http) || base.is_empty() || base.ends_with('/') {
        return true;
    }
    let rest = url.path().strip_prefix(base);
    let rest = rest.map(|rest| rest.strip_prefix(".git").unwrap_or(rest));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What the base of a rewrite determines.
enum RewriteBase<'a> {
    /// Only the scheme, as `https://` does.
    Scheme(Scheme),
    /// Only that ssh logs in as this user, as `ssh://git@` does: no host learns a secret by it.
    SshUser(&'a str),
    /// Scheme, login and host.
    Url(RemoteUrl),
}

/// Returns what a base determines, with any path appended.
fn place_of_base(base: &str) -> Option<RewriteBase<'_>> {
    if let Some((scheme, authority)) = base.split_once("://") {
        return match (scheme, authority) {
            ("https", "") => Some(RewriteBase::Scheme(Scheme::Https)),
            ("http", "") => Some(RewriteBase::Scheme(Scheme::Http)),
            ("ssh", "") => Some(RewriteBase::Scheme(Scheme::Ssh)),
            ("ssh", login) if login.ends_with('@') && !login.contains([':', '/', '%']) => {
                login.strip_suffix('@').map(RewriteBase::SshUser)
            }
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
