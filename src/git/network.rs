//! `GitNetwork`: proxy and TLS as git's configuration, the environment and the policy have them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::environment::Environment;
use crate::names::{RemoteName, RemoteUrl};
use crate::net::{
    ClientCertificate, ConnectorSettings, HttpVersion, LoopbackProxy, NetError, Network, NoProxy,
    ProxyRule, ProxyUrl, RootFiles, TlsSettings,
};
use crate::process::Inheritance;
use crate::secrets::KnownSecrets;

use super::config::{Config, Matching};
use super::credentials::{Credential, Helpers};

/// A login that a helper gave for a proxy, and the user that it was asked for.
#[derive(Debug, Clone)]
pub struct HelperLogin {
    credential: Credential,
    user: Option<String>,
}

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
    /// Git's configuration; none outside a repository.
    pub config: Option<Arc<Config>>,
    /// The variables of git, libcurl and OpenSSL.
    pub environment: Arc<Environment>,
    /// What the policy says.
    pub rules: NetworkRules,
    /// The remote whose `remote.<name>.proxy` counts.
    pub remote: Option<RemoteName>,
    /// Whether requests to this machine go through the proxy.
    pub loopback: LoopbackProxy,
    /// What credential helpers are started with.
    pub inheritance: Inheritance,
    /// Is told every login of a proxy, for redaction.
    pub known: KnownSecrets,
    /// The login that a helper gave for the proxy.
    pub proxy_login: Mutex<Option<HelperLogin>>,
}

impl GitNetwork {
    /// Reads the environment and nothing else; see the fields for what can be added.
    pub fn new(
        environment: Arc<Environment>,
        inheritance: Inheritance,
        known: KnownSecrets,
    ) -> Self {
        Self {
            config: None,
            environment,
            rules: NetworkRules::default(),
            remote: None,
            loopback: LoopbackProxy::Never,
            inheritance,
            known,
            proxy_login: Mutex::new(None),
        }
    }

    /// Returns the value of `http.<name>` for `url` that counts, empty ones included.
    fn http(&self, name: &str, url: &RemoteUrl) -> Option<String> {
        let config = self.config.as_ref()?;
        config.scoped("http", name, url, Matching::Best).pop()
    }

    fn http_path(&self, name: &str, url: &RemoteUrl) -> Option<PathBuf> {
        let value = self.http(name, url).filter(|value| !value.is_empty())?;
        self.config.as_ref()?.expand(&value)
    }

    fn variable_path(&self, name: &str) -> Option<PathBuf> {
        self.environment.text(name).map(PathBuf::from)
    }

    /// Returns a path that a variable of git's names, else the key.
    fn path(&self, variable: &str, key: &str, url: &RemoteUrl) -> Option<PathBuf> {
        self.variable_path(variable)
            .or_else(|| self.http_path(key, url))
    }

    /// Finds the proxy as git does: `remote.<name>.proxy`, `http.proxy`, then the variables that libcurl
    /// reads for the scheme. An empty value means none.
    fn proxy(&self, url: &RemoteUrl) -> Result<Option<ProxyUrl>, NetError> {
        if let Some(proxy) = &self.rules.proxy {
            return ProxyUrl::parse(proxy, "`network.proxy`");
        }
        if let (Some(config), Some(remote)) = (&self.config, &self.remote) {
            let key = format!("remote.{remote}.proxy");
            if let Some(proxy) = config.string(&key) {
                return ProxyUrl::parse(&proxy, &format!("`{key}`"));
            }
        }
        if let Some(proxy) = self.http("proxy", url) {
            return ProxyUrl::parse(&proxy, "`http.proxy`");
        }
        // `HTTP_PROXY` is not read: in a CGI program it is a header of the client's request.
        let names: &[&str] = match url.scheme().as_str() {
            "https" => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            _ => &["http_proxy", "all_proxy", "ALL_PROXY"],
        };
        let mut set = names
            .iter()
            .filter_map(|name| Some((*name, self.environment.text(name)?)));
        match set.next() {
            Some((name, value)) => ProxyUrl::parse(value, name),
            None => Ok(None),
        }
    }

    /// Returns the hosts that are reached without the proxy.
    fn no_proxy(&self, url: &RemoteUrl) -> NoProxy {
        if let Some(hosts) = &self.rules.no_proxy {
            return NoProxy::parse(&hosts.join(","));
        }
        let configured = self.http("noProxy", url).filter(|list| !list.is_empty());
        let variable = |name| self.environment.text(name).map(str::to_owned);
        let list = configured
            .or_else(|| variable("no_proxy"))
            .or_else(|| variable("NO_PROXY"));
        NoProxy::parse(&list.unwrap_or_default())
    }

    /// Returns the proxy with a login: the one in its URL, else the one that a helper keeps for it.
    fn with_login(&self, proxy: ProxyUrl) -> ProxyUrl {
        self.known
            .add_login(proxy.user().as_deref(), proxy.password().as_ref());
        if proxy.user().is_none() || proxy.password().is_some() {
            return proxy;
        }
        self.with_helper_login(&proxy).unwrap_or(proxy)
    }

    /// Asks the credential helpers for the proxy's login.
    fn with_helper_login(&self, proxy: &ProxyUrl) -> Option<ProxyUrl> {
        let helpers = self.helpers(proxy)?;
        let user = proxy.user();
        let found = helpers.get(&proxy.without_login(), user.as_deref(), &[]);
        let credential = found.ok()??;
        let login = credential.login()?;
        let proxy = proxy.with_login(&login.user, &login.password);
        *self.last_login() = Some(HelperLogin { credential, user });
        Some(proxy)
    }

    fn helpers(&self, proxy: &ProxyUrl) -> Option<Helpers> {
        let url = RemoteUrl::parse(proxy.without_login().as_str()).ok()?;
        let config = self.config.as_ref()?;
        let helpers = Helpers::from_config(config, &url, self.inheritance.clone());
        helpers
            .is_configured()
            .then(|| helpers.remembering(&self.known))
    }

    fn last_login(&self) -> std::sync::MutexGuard<'_, Option<HelperLogin>> {
        self.proxy_login
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn tls(&self, url: &RemoteUrl) -> TlsSettings {
        let files = self.path("GIT_SSL_CAINFO", "sslCAInfo", url);
        let directories = self.path("GIT_SSL_CAPATH", "sslCAPath", url);
        let certificate = self.path("GIT_SSL_CERT", "sslCert", url);
        TlsSettings {
            roots: RootFiles {
                system_file: self.variable_path("SSL_CERT_FILE"),
                system_directory: self.variable_path("SSL_CERT_DIR"),
                files: files
                    .into_iter()
                    .chain(self.rules.ca_file.clone())
                    .collect(),
                directories: directories.into_iter().collect(),
            },
            client_certificate: certificate.map(|certificate| ClientCertificate {
                certificate,
                key: self.path("GIT_SSL_KEY", "sslKey", url),
                password: None,
            }),
        }
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
        // Without it no proxy could be found, and the request must not leave past one.
        let url = parsed.map_err(|_| NetError::Url)?;
        let proxy = self.proxy(&url)?.map(|proxy| self.with_login(proxy));
        let user_agent = self.environment.text("GIT_HTTP_USER_AGENT");
        let user_agent = user_agent
            .map(str::to_owned)
            .or_else(|| self.http("userAgent", &url));
        Ok(ConnectorSettings {
            tls: self.tls(&url),
            proxy: ProxyRule {
                proxy,
                except: self.no_proxy(&url),
                loopback: self.loopback,
            },
            version: self
                .http("version", &url)
                .and_then(|text| parse_version(&text))
                .unwrap_or_default(),
            user_agent: user_agent.and_then(|name| HeaderValue::from_str(&name).ok()),
            ..ConnectorSettings::default()
        })
    }

    fn after_proxy_refusal(&self, refused: &ConnectorSettings) -> Option<ConnectorSettings> {
        let proxy = refused.proxy.proxy.as_ref()?;
        if let Some(login) = self.last_login().take() {
            if let Some(helpers) = self.helpers(proxy)
                && let Err(error) = helpers.reject(
                    &proxy.without_login(),
                    login.user.as_deref(),
                    &login.credential,
                    &[],
                )
            {
                tracing::debug!(%error, "a helper did not erase the proxy's login");
            }
            return None;
        }
        if proxy.password().is_some() {
            return None;
        }
        let mut settings = refused.clone();
        settings.proxy.proxy = Some(self.with_helper_login(proxy)?);
        Some(settings)
    }

    fn proxy_accepted(&self, settings: &ConnectorSettings) {
        let Some(proxy) = &settings.proxy.proxy else {
            return;
        };
        let login = self.last_login().clone();
        if let (Some(login), Some(helpers)) = (login, self.helpers(proxy))
            && let Err(error) = helpers.approve(
                &proxy.without_login(),
                login.user.as_deref(),
                &login.credential,
            )
        {
            tracing::debug!(%error, "a helper did not store the proxy's login");
        }
    }
}

/// Reads `http.version`; git ignores what it does not know, and so do we.
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
        let network = GitNetwork::new(
            Arc::new(environment),
            Inheritance::default(),
            KnownSecrets::default(),
        );
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
