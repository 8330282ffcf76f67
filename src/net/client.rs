//! How every HTTP client is set up.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Proxy, Url};

use super::roots;
use super::roots::NetError;

/// What differs between clients.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// A PEM file with certificate authorities to trust besides the system's.
    pub extra_roots: Option<PathBuf>,
    /// The proxy that the user configured. The environment is not asked: under a hook it is the agent's.
    pub proxy: Option<Url>,
    /// What the client calls itself; by default its own name and version.
    pub user_agent: Option<HeaderValue>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            extra_roots: None,
            proxy: None,
            user_agent: None,
        }
    }
}

/// Starts a client for the origin of `url`.
///
/// It speaks HTTP/1.1 with rustls on ring, follows no redirect by itself, keeps no cookies and
/// ignores the proxies that the environment names. The system's roots are read only for `https`;
/// a client made for `http` trusts no certificate at all.
pub fn client_builder(url: &Url, settings: &ClientSettings) -> Result<ClientBuilder, NetError> {
    // An error says that the process has its provider already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder()
        .user_agent(concat!("sendoff/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(settings.connect_timeout);
    let builder = match &settings.user_agent {
        Some(name) => builder.user_agent(name.clone()),
        None => builder,
    };
    let builder = match &settings.proxy {
        Some(proxy) => builder.proxy(Proxy::all(proxy.clone()).map_err(NetError::Proxy)?),
        None => builder,
    };
    if url.scheme() == "https" {
        roots::trust(builder, settings.extra_roots.as_deref())
    } else {
        Ok(builder.tls_certs_only([]))
    }
}
