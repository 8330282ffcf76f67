//! The connector: sets up the HTTP client of a push, and that of forge and platform.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, NoProxy, Proxy, Url};

use super::roots;
use super::roots::NetError;

/// The flow-control window of HTTP/2, in bytes: of a stream, and of the connection.
const HTTP2_WINDOW: u32 = 1 << 20;
/// The largest header list of a response over HTTP/2, in bytes. HTTP/1.1 bounds the number of headers.
const HTTP2_HEADER_LIST_MAX: u32 = 64 << 10;

/// Which versions of HTTP are spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/2 where a server with TLS offers it, else HTTP/1.1.
    #[default]
    Negotiated,
    /// HTTP/1.1 only.
    Http1,
}

/// What differs between clients.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// A PEM file with certificate authorities to trust besides the system's.
    pub extra_roots: Option<PathBuf>,
    /// The proxy that the user configured. The environment is not asked: under a hook it is the agent's.
    pub proxy: Option<Url>,
    /// The hosts that are reached without it.
    pub no_proxy: Option<NoProxy>,
    /// Which versions of HTTP are spoken.
    pub version: HttpVersion,
    /// The `User-Agent`; by default our name and version.
    pub user_agent: Option<HeaderValue>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            extra_roots: None,
            proxy: None,
            no_proxy: None,
            version: HttpVersion::default(),
            user_agent: None,
        }
    }
}

/// Starts a client for the origin of `url`.
///
/// It uses rustls on ring, follows no redirect by itself, keeps no cookies and ignores the proxies
/// that the environment names. HTTP/2 is negotiated with TLS, never assumed; without it HTTP/1.1 is
/// spoken. The system's roots are read only for `https`; a client made for `http` trusts no
/// certificate at all.
///
/// A request that a server of HTTP/2 declares not to have begun is sent again by itself, but for one
/// whose body is a stream: that is never sent twice.
pub fn client_builder(url: &Url, settings: &ClientSettings) -> Result<ClientBuilder, NetError> {
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
    let builder = match &settings.proxy {
        Some(proxy) => {
            let proxy = Proxy::all(proxy.clone()).map_err(NetError::Proxy)?;
            builder.proxy(proxy.no_proxy(settings.no_proxy.clone()))
        }
        None => builder,
    };
    // A proxy with TLS might offer HTTP/2 for a server without.
    let builder = if settings.version == HttpVersion::Http1 || url.scheme() != "https" {
        builder.http1_only()
    } else {
        builder
            .http2_initial_stream_window_size(HTTP2_WINDOW)
            .http2_initial_connection_window_size(HTTP2_WINDOW)
            .http2_max_header_list_size(HTTP2_HEADER_LIST_MAX)
    };
    if url.scheme() == "https" {
        roots::trust(builder, settings.extra_roots.as_deref())
    } else {
        Ok(builder.tls_certs_only([]))
    }
}
