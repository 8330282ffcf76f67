//! `GitNetwork`: proxy and TLS as git's configuration, the environment and the policy have them.

mod proxy;
mod tls;
mod unheeded;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use hyper::header::HeaderValue;
use url::Url;

use crate::environment::Environment;
use crate::names::{RemoteName, RemoteUrl};
use crate::net::{
    ConnectorSettings, HttpVersion, KnownHost, LoopbackProxy, NetError, Network, ProxyChallenges,
    ProxyRule,
};
use crate::process::Inheritance;
use crate::secrets::KnownSecrets;

use super::config::{Config, ConfigFiles, Matching};
use super::credentials::{Answers, Asking, Helpers, asking_program};

use self::proxy::ProxyLogin;

pub use self::unheeded::unheeded;

/// What the policy says about the network; it is above git's configuration and the environment.
#[derive(Debug, Clone, Default)]
pub struct NetworkRules {
    /// `[network] proxy`: an empty text means none at all.
    pub proxy: Option<String>,
    /// `[network] no-proxy`
    pub no_proxy: Option<Vec<String>>,
    /// `[network] ca-file`
    pub ca_file: Option<PathBuf>,
}

/// The settings of connections, from the policy, git's configuration and the environment, in this order
/// of precedence but for `GIT_SSL_*`, which win over git's configuration as they do for git.
#[derive(Debug)]
pub struct GitNetwork {
    /// Git's configuration as the repository sees it. Outside of one, the user's and the system's is read when a
    /// connection is made.
    pub config: Option<Arc<Config>>,
    /// The variables of git, libcurl and OpenSSL.
    pub environment: Environment,
    /// What the policy says.
    pub rules: NetworkRules,
    /// The remote whose `remote.<name>.proxy` counts.
    pub remote: Option<RemoteName>,
    /// Whether requests to this machine go through the proxy.
    pub loopback: LoopbackProxy,
    /// What credential helpers are started with.
    pub inheritance: Inheritance,
    /// How long one helper may take; a minute otherwise.
    pub helper_timeout: Option<Duration>,
    /// Whether helpers may ask a person.
    pub attended: bool,
    /// How the password of the client's key is asked for.
    pub asking: Asking,
    /// What helpers answered in this run.
    pub answers: Answers,
    /// Gets every login and password, for redaction.
    pub known: KnownSecrets,
    /// What was learned during requests.
    pub state: NetworkState,
}

/// What a [`GitNetwork`] learns during requests.
#[derive(Debug, Default)]
pub struct NetworkState {
    /// The login that was asked for, for the proxy.
    proxy_login: Mutex<Option<ProxyLogin>>,
    /// How proxies want to be told it.
    proxy_challenges: ProxyChallenges,
    /// Git's configuration outside of a repository.
    outside: OnceLock<Result<Arc<Config>, String>>,
}

impl GitNetwork {
    /// Reads the environment and nothing else; see the fields for what can be added.
    pub fn new(environment: Environment, inheritance: Inheritance, known: KnownSecrets) -> Self {
        Self {
            config: None,
            environment,
            rules: NetworkRules::default(),
            remote: None,
            loopback: LoopbackProxy::Never,
            inheritance,
            helper_timeout: None,
            attended: false,
            asking: Asking::default(),
            answers: Answers::default(),
            known,
            state: NetworkState::default(),
        }
    }

    /// Returns git's configuration: the repository's view of it, else that of the user and the system.
    fn config(&self) -> Result<&Config, NetError> {
        if let Some(config) = &self.config {
            return Ok(config);
        }
        let read = || {
            let files = ConfigFiles::of_environment(&self.environment);
            let files = files.map_err(|error| error.to_string())?;
            let config = Config::outside(&files).map_err(|error| error.to_string())?;
            Ok(Arc::new(config))
        };
        match self.state.outside.get_or_init(read) {
            Ok(config) => Ok(config),
            // Without it no proxy can be found, and no request may bypass one.
            Err(message) => Err(NetError::Configuration(message.clone().into())),
        }
    }

    /// Returns the helpers for what no section for a URL is compared with: the password of a certificate.
    fn helpers_of_no_url(&self) -> Result<Helpers, NetError> {
        let config = self.config()?;
        let lines = config.strings("credential.helper");
        let helpers = Helpers::of_lines(config, lines, self.inheritance.clone());
        Ok(self.prepared(helpers))
    }

    /// Lets helpers share what was answered in this run, for as long as the policy says.
    fn prepared(&self, helpers: Helpers) -> Helpers {
        let helpers = helpers
            .remembering(&self.known)
            .sharing(&self.answers)
            .deadline_if(self.helper_timeout);
        if self.attended {
            helpers.attended()
        } else {
            helpers
        }
    }

    /// Returns the settings for requests to a URL.
    fn settings_for(&self, url: &RemoteUrl) -> Result<ConnectorSettings, NetError> {
        let view = View {
            network: self,
            config: self.config()?,
            url,
        };
        let proxy = view.proxy()?.map(|proxy| view.with_login(proxy));
        let user_agent = view.text("GIT_HTTP_USER_AGENT", "userAgent");
        Ok(ConnectorSettings {
            tls: view.tls(proxy.as_ref())?,
            proxy: ProxyRule {
                proxy,
                auth: view.proxy_auth_method().unwrap_or_default(),
                except: view.no_proxy(),
                loopback: self.loopback,
            },
            version: view
                .http("version")
                .and_then(|text| parse_version(&text))
                .unwrap_or_default(),
            user_agent: user_agent.and_then(|name| HeaderValue::from_str(&name).ok()),
            known_hosts: view.known_hosts(),
            proxy_challenges: self.state.proxy_challenges.clone(),
            ..ConnectorSettings::default()
        })
    }
}

/// What counts for one URL.
#[derive(Debug, Clone, Copy)]
struct View<'a> {
    network: &'a GitNetwork,
    config: &'a Config,
    url: &'a RemoteUrl,
}

impl View<'_> {
    /// Returns the value of `http.<name>` that counts, empty ones included.
    fn http(&self, name: &str) -> Option<String> {
        let mut values = self.config.scoped("http", name, self.url, Matching::Best);
        values.pop()
    }

    /// Returns a text that a variable of git's names, else the key; empty ones are none.
    fn text(&self, variable: &str, key: &str) -> Option<String> {
        let named = self.network.environment.text(variable).map(str::to_owned);
        named
            .or_else(|| self.http(key))
            .filter(|text| !text.is_empty())
    }

    /// Returns a path that a variable of git's names, else the key.
    fn path(&self, variable: &str, key: &str) -> Option<PathBuf> {
        self.variable_path(variable).or_else(|| {
            let value = self.http(key).filter(|value| !value.is_empty())?;
            self.config.file(&value)
        })
    }

    fn variable_path(&self, name: &str) -> Option<PathBuf> {
        let named = self.network.environment.path_as_written(name)?;
        Some(self.config.relative(&named))
    }

    /// Returns how the password of the client's key is asked for.
    fn asking(&self) -> Asking {
        let program = asking_program(&self.network.environment, Some(self.config));
        self.network.asking.clone().by_program(program)
    }

    /// Returns the addresses that `http.curloptResolve` gives; an empty one forgets those before it.
    fn known_hosts(&self) -> Vec<KnownHost> {
        let lines = self
            .config
            .scoped("http", "curloptResolve", self.url, Matching::Best);
        let start = lines.iter().rposition(String::is_empty);
        let counting = lines.iter().skip(start.map_or(0, |at| at + 1));
        KnownHost::parse_all(counting.map(String::as_str))
    }
}

impl Network for GitNetwork {
    fn settings(&self, url: &Url) -> Result<ConnectorSettings, NetError> {
        // A query is no part of what configuration names; a path that no remote may have is left out.
        let mut bare = url.clone();
        bare.set_query(None);
        bare.set_fragment(None);
        let parsed = RemoteUrl::parse(bare.as_str()).or_else(|_| {
            bare.set_path("/");
            RemoteUrl::parse(bare.as_str())
        });
        // Without it no proxy can be found, and no request may bypass one.
        self.settings_for(&parsed.map_err(|_| NetError::Url)?)
    }

    fn after_proxy_refusal(&self, refused: &ConnectorSettings) -> Option<ConnectorSettings> {
        proxy::after_refusal(self, refused)
    }

    fn accepted(&self, settings: &ConnectorSettings) {
        proxy::accepted(self, settings);
        tls::key_accepted(self, settings);
    }

    fn key_password_refused(&self, settings: &ConnectorSettings, key: &Path) {
        tls::key_refused(self, settings, key);
    }
}

/// Reads `http.version`; an unknown value is ignored, as git does.
fn parse_version(text: &str) -> Option<HttpVersion> {
    match text {
        "HTTP/1.1" => Some(HttpVersion::Http1),
        "HTTP/2" => Some(HttpVersion::Negotiated),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_git_does_not_know_are_ignored() {
        assert_eq!(parse_version("HTTP/1.1"), Some(HttpVersion::Http1));
        assert_eq!(parse_version("HTTP/2"), Some(HttpVersion::Negotiated));
        for other in ["HTTP/3", "http/1.1", "1.1", ""] {
            assert_eq!(parse_version(other), None);
        }
    }

    #[test]
    fn a_query_does_not_lead_past_the_proxy() {
        let environment = Environment::from_pairs("/", [("https_proxy", "http://proxy.test:1")]);
        let network = GitNetwork::new(environment, Inheritance::default(), KnownSecrets::default());
        for text in [
            "https://api.test/repos/o/r/pulls?head=o:b&state=open#x",
            "https://api.test/a/../b%2F..",
            "https://api.test",
        ] {
            let url = Url::parse(text).unwrap();
            let settings = network.settings(&url).unwrap();
            assert!(settings.proxy.proxy_for(&url).is_some(), "{text}");
        }
    }
}
