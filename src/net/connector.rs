//! The connector: sets up the HTTP client of a push, and that of forge and platform.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Proxy, Url};

use super::error::NetError;
use super::http_version::HttpVersion;
use super::proxy::ProxyUrl;
use super::proxy_rule::ProxyRule;
use super::resolve::KnownHost;
use super::tls::{TlsSettings, client_config};

/// The flow-control window of HTTP/2, in bytes: of a stream, and of the connection.
const HTTP2_WINDOW: u32 = 1 << 20;
/// The largest header list of a response over HTTP/2, in bytes. HTTP/1.1 bounds the number of headers.
const HTTP2_HEADER_LIST_MAX: u32 = 64 << 10;

/// What differs between clients.
#[derive(Debug, Clone)]
pub struct ConnectorSettings {
    /// How long a connection may take to be established.
    pub connect_timeout: Duration,
    /// The trust anchors of TLS connections, and the client certificate.
    pub tls: TlsSettings,
    /// The proxy. The variables of the process are not read here: whoever fills this in has read them.
    pub proxy: ProxyRule,
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
            tls: TlsSettings::default(),
            proxy: ProxyRule::default(),
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

    /// The server answered: the logins of these settings for the proxy and for the client's key are good.
    fn accepted(&self, _settings: &ConnectorSettings) {}

    /// The password of the client's key is wrong.
    fn key_password_refused(&self, _settings: &ConnectorSettings) {}
}

/// The same settings for every URL; by default the system's roots and no proxy.
#[derive(Debug, Clone, Default)]
pub struct FixedNetwork(pub ConnectorSettings);

impl Network for FixedNetwork {
    fn settings(&self, _: &Url) -> Result<ConnectorSettings, NetError> {
        Ok(self.0.clone())
    }
}

/// Starts a client for the origin of `url`.
///
/// It uses rustls on ring, follows no redirect by itself, keeps no cookies and reads no variable of
/// the environment. HTTP/2 is negotiated with TLS, never assumed; without it HTTP/1.1 is spoken. The
/// system's roots are read only for `https`, and for a proxy that is reached over TLS; a client made
/// for `http` trusts no certificate at all.
///
/// A request that a server of HTTP/2 declares not to have begun is sent again by itself, but for one
/// whose body is a stream: that is never sent twice.
pub fn client_builder(url: &Url, settings: &ConnectorSettings) -> Result<ClientBuilder, NetError> {
    // An error says that the process has its provider already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder()
        .user_agent(concat!("sendoff/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .tcp_nodelay(true)
        .connect_timeout(settings.connect_timeout);
    let builder = match &settings.user_agent {
        Some(name) => builder.user_agent(name.clone()),
        None => builder,
    };
    let is_https = url.scheme() == "https";
    let proxy = settings.proxy.proxy_for(url);
    let tls_proxy = proxy
        .map(ProxyUrl::url)
        .filter(|url| url.scheme() == "https");
    let builder = with_known_hosts(builder, settings, [Some(url), proxy.map(ProxyUrl::url)]);
    let builder = match proxy {
        Some(proxy) => {
            let login = proxy.authorization();
            let url = match login {
                Some(_) => proxy.without_login(),
                None => proxy.url().clone(),
            };
            let all = Proxy::all(url).map_err(NetError::Client)?;
            builder.proxy(match login {
                Some(login) => all.custom_http_auth(login),
                None => all,
            })
        }
        None => builder,
    };
    // A proxy with TLS might offer HTTP/2 for a server without.
    let version = if is_https {
        settings.version
    } else {
        HttpVersion::Http1
    };
    let builder = match version {
        HttpVersion::Http1 => builder.http1_only(),
        HttpVersion::Negotiated => builder
            .http2_initial_stream_window_size(HTTP2_WINDOW)
            .http2_initial_connection_window_size(HTTP2_WINDOW)
            .http2_max_header_list_size(HTTP2_HEADER_LIST_MAX),
    };
    if is_https || tls_proxy.is_some() {
        let config = client_config(&settings.tls, version, url, tls_proxy)?;
        Ok(builder.tls_backend_preconfigured(config))
    } else {
        Ok(builder.tls_certs_only([]))
    }
}

/// Sets the addresses that the user gives for hosts.
fn with_known_hosts(
    builder: ClientBuilder,
    settings: &ConnectorSettings,
    urls: [Option<&Url>; 2],
) -> ClientBuilder {
    urls.into_iter().flatten().fold(builder, |builder, url| {
        let addresses = KnownHost::addresses(&settings.known_hosts, url);
        match (url.host_str(), addresses) {
            (Some(host), Some(addresses)) => {
                // With port 0 the URL's own counts.
                let sockets = addresses.iter().map(|address| SocketAddr::new(*address, 0));
                builder.resolve_to_addrs(host, &sockets.collect::<Vec<_>>())
            }
            _ => builder,
        }
    })
}
