//! The tables `forge`, `platform`, `remotes`, `http` and `git`: the servers. Never from a repository.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{Origin, RemoteUrl, Scheme};

use super::pattern::Pattern;
use super::server_url::ServerUrl;

/// The forge with the pull requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Forge {
    /// The kind of forge.
    pub kind: ForgeKind,
    /// The URL of your own forge's API, such as `https://ghe.example/api/v3`.
    pub api_url: Option<ServerUrl>,
    /// The origins of the git server of `api-url`, if they differ from it, such as `https://git.example:8443`: `SENDOFF_TOKEN` is sent there too. Paths are ignored.
    pub git_origins: Vec<ServerUrl>,
}

crate::classes!(Forge {
    kind: D,
    api_url: D,
    git_origins: D,
});

impl Forge {
    /// Says whether the git server at `origin` gets the forge's token as a login: at the API's origin, at the
    /// same without `api.`, or at one of `git-origins`.
    pub fn is_git_server(&self, origin: &Origin) -> bool {
        self.git_servers().any(|server| server == *origin)
    }

    /// Says whether a remote at `host`, over whatever scheme and port, is one of the forge's.
    pub fn has_remotes_at(&self, host: &str) -> bool {
        self.git_servers().any(|server| server.is_host(host))
    }

    fn git_servers(&self) -> impl Iterator<Item = Origin> {
        let api = self.api_url.as_ref().and_then(ServerUrl::origin);
        let without_api = api.as_ref().and_then(|api| api.without_first_label("api"));
        let listed = self.git_origins.iter().filter_map(ServerUrl::origin);
        api.into_iter().chain(without_api).chain(listed)
    }
}

/// The kind of forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForgeKind {
    /// Recognised by the remote's host.
    #[default]
    Auto,
    /// GitHub, or GitHub Enterprise Server.
    Github,
}

/// The agents' platform.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Platform {
    /// The platform's URL; by default `PLATFORM_URL`.
    pub url: Option<ServerUrl>,
    /// The workspace's id; by default `WORKSPACE_ID`.
    pub workspace_id: Option<String>,
    /// The file that holds the token as its only line; by default `.auth_token` in `CONFIGS_DIR`.
    pub token_file: Option<PathBuf>,
}

crate::classes!(Platform {
    url: D,
    workspace_id: D,
    token_file: D,
});

/// The remotes that are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Remotes {
    /// The allowed push URLs, as globs such as `https://github.com/acme/*`, which matches the same host over ssh too. Empty: every URL with an allowed scheme.
    pub allowed: Vec<Pattern>,
    /// Whether a remote may be a path on this machine, where its hooks run too.
    pub allow_file: bool,
}

crate::classes!(Remotes {
    allowed: D,
    allow_file: D,
});

impl Remotes {
    /// Says whether `allowed` lists the URL, ignoring its user, its password and a `.git` at the end.
    ///
    /// An `https://` pattern also matches ssh to the same host and path.
    pub fn lists(&self, url: &RemoteUrl) -> bool {
        // A path with `..` would match a pattern and lead elsewhere once a server has decoded it.
        if url.climbs() {
            return false;
        }
        let spellings = spellings(url);
        let short = spellings.iter().filter_map(|url| url.strip_suffix(".git"));
        let mut all = spellings.iter().map(String::as_str).chain(short);
        all.any(|url| self.allowed.iter().any(|pattern| pattern.matches(url)))
    }
}

/// Returns the spellings of a URL without its user and password.
fn spellings(url: &RemoteUrl) -> Vec<String> {
    let scheme = url.scheme();
    let path = url.path();
    let Some(host) = url.host().filter(|_| scheme != Scheme::File) else {
        return vec![path.to_owned(), format!("file://{path}")];
    };
    let host = host.to_ascii_lowercase();
    let place = format!("{host}/{}", path.trim_start_matches('/'));
    match (scheme, url.port()) {
        (Scheme::Ssh, None | Some(22)) => {
            vec![format!("ssh://{place}"), format!("https://{place}")]
        }
        (_, None) => vec![format!("{}://{place}", scheme.as_str())],
        (_, Some(port)) => {
            let place = format!("{host}:{port}/{}", path.trim_start_matches('/'));
            vec![format!("{}://{place}", scheme.as_str())]
        }
    }
}

/// The origins for steps that use `http`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Http {
    /// The origins that steps may send requests to, such as `https://hooks.example`. Empty: none. Paths are ignored.
    pub allowed: Vec<ServerUrl>,
}

crate::classes!(Http { allowed: D });

impl Http {
    /// Says whether `allowed` lists the origin: scheme, host and port.
    pub fn lists(&self, origin: &Origin) -> bool {
        let mut listed = self.allowed.iter().filter_map(ServerUrl::origin);
        listed.any(|allowed| allowed == *origin)
    }
}

/// How git's configuration is used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Git {
    /// Whether keys of the repository's own configuration that run programs or move credentials are used.
    pub local_config: LocalConfig,
}

crate::classes!(Git { local_config: D });

/// Whether dangerous keys of the repository's own git configuration are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LocalConfig {
    /// They are ignored, and the report names them.
    #[default]
    Ignore,
    /// They are used.
    Trust,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(pattern: &str, url: &str) -> bool {
        let remotes = Remotes {
            allowed: vec![Pattern::new(pattern).unwrap()],
            allow_file: false,
        };
        // Some are refused before they are compared.
        RemoteUrl::parse(url).is_ok_and(|url| remotes.lists(&url))
    }

    #[test]
    fn a_pattern_for_https_stands_for_ssh_to_the_same_place() {
        let fleet = "https://github.com/acme/*";
        for url in [
            "https://github.com/acme/x",
            "https://user:word@GitHub.com/acme/x.git",
            "git@github.com:acme/x.git",
            "ssh://git@github.com/acme/x",
            "ssh://git@github.com:22/acme/x",
        ] {
            assert!(lists(fleet, url), "{url}");
        }
        assert!(lists(
            "https://github.com/acme/x",
            "https://github.com/acme/x.git"
        ));
        assert!(lists("/srv/git/*", "/srv/git/x.git"));
    }

    #[test]
    fn other_places_are_not_listed() {
        let fleet = "https://github.com/acme/**";
        for url in [
            "https://github.com/evil/x",
            "https://github.com.evil.example/acme/x",
            "https://evil.example/github.com/acme/x",
            "http://github.com/acme/x",
            "https://github.com:8443/acme/x",
            "ssh://git@github.com:2222/acme/x",
            "git://github.com/acme/x",
            "git@github.com:acme/../evil/x",
            "https://github.com/acme/%2e%2e/evil/x",
            "https://github.com/acme/%2f..%2fevil/x",
            "https://github.com/acme/..%2Fevil",
            "https://github.com/acme/%252e%252e/evil/x",
            "https://github.com/acme/%255c..%255cevil",
            "/acme/x",
        ] {
            assert!(!lists(fleet, url), "{url}");
        }
        assert!(!Remotes::default().lists(&RemoteUrl::parse("/x").unwrap()));
    }

    #[test]
    fn a_token_goes_to_the_git_server_of_its_api_only() {
        let url = |text: &str| text.parse::<ServerUrl>().unwrap();
        let forge = Forge {
            api_url: Some(url("https://api.ghe.example/v3")),
            git_origins: vec![url("https://git.example:8443/ignored")],
            ..Forge::default()
        };
        let gets = |text: &str| forge.is_git_server(&url(text).origin().unwrap());
        for server in [
            "https://api.ghe.example",
            "https://GHE.example:443",
            "https://git.example:8443",
        ] {
            assert!(gets(server), "{server}");
        }
        for server in [
            "https://ghe.example:8443",
            "http://ghe.example",
            "https://git.example",
            "https://xghe.example",
            "https://ghe.example.evil.test",
        ] {
            assert!(!gets(server), "{server}");
        }
        assert!(forge.has_remotes_at("git.example"));
        assert!(!forge.has_remotes_at("evil.test"));
    }
}
