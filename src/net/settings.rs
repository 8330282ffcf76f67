//! `ConnectorSettings`: what differs between clients, and `Network`, which knows it for each URL.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use hyper::header::HeaderValue;
use url::Url;

use super::error::NetError;
use super::http_version::HttpVersion;
use super::proxy_login::ProxyChallenges;
use super::proxy_rule::ProxyRule;
use super::resolve::KnownHost;
use super::tls::TlsSettings;

/// What differs between clients.
#[derive(Debug, Clone)]
pub struct ConnectorSettings {
    /// How long a connection may take to be established, with the look-up of the name and TLS; to a proxy, that of TCP.
    pub connect_timeout: Duration,
    /// How long it may take through a proxy, with what that does; the same where nothing is said.
    pub establish_timeout: Option<Duration>,
    /// The trust anchors of TLS connections, and the client certificate.
    pub tls: TlsSettings,
    /// The proxy. The variables of the process are not read here: whoever fills this in has read them.
    pub proxy: ProxyRule,
    /// What proxies have said about the login that they want. Clones share it.
    pub proxy_challenges: ProxyChallenges,
    /// Which versions of HTTP are spoken.
    pub version: HttpVersion,
    /// The `User-Agent`; by default our name and version.
    pub user_agent: Option<HeaderValue>,
    /// Hosts whose addresses are given and not looked up.
    pub known_hosts: Vec<KnownHost>,
}

impl Default for ConnectorSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            establish_timeout: None,
            tls: TlsSettings::default(),
            proxy: ProxyRule::default(),
            proxy_challenges: ProxyChallenges::default(),
            version: HttpVersion::default(),
            user_agent: None,
            known_hosts: Vec::new(),
        }
    }
}

/// Where the settings for a URL come from: configuration, environment and policy, for push, forge and
/// platform alike. It may read files and ask credential helpers.
pub trait Network: fmt::Debug + Send + Sync {
    /// Returns the settings for requests to `url`.
    fn settings(&self, url: &Url) -> Result<ConnectorSettings, NetError>;

    /// The proxy refused the request (407): returns settings with another login, or nothing when there
    /// is none.
    fn after_proxy_refusal(&self, _refused: &ConnectorSettings) -> Option<ConnectorSettings> {
        None
    }

    /// The server answered: the logins of these settings for the proxy and for the client's keys are good.
    fn accepted(&self, _settings: &ConnectorSettings) {}

    /// The password of the client's key in this file is wrong.
    fn key_password_refused(&self, _settings: &ConnectorSettings, _key: &Path) {}
}

/// The same settings for every URL; by default the system's roots and no proxy.
#[derive(Debug, Clone, Default)]
pub struct FixedNetwork(pub ConnectorSettings);

impl Network for FixedNetwork {
    fn settings(&self, _: &Url) -> Result<ConnectorSettings, NetError> {
        Ok(self.0.clone())
    }
}
