//! `Connector`: establishes the connections of a client, directly or through its proxy.

use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout_at};
use tower_service::Service;
use url::Url;

use crate::net::error::NetError;
use crate::net::proxy::ProxyUrl;
use crate::net::proxy_login::ProxyLogin;
use crate::net::resolve::Resolver;
use crate::net::settings::ConnectorSettings;
use crate::net::tls::{client_config, proxy_config};
use crate::net::tls_advice::TlsPlace;
use crate::net::tls_fault::TlsFault;

use super::error::ConnectError;
use super::of_proxy::OfProxy;
use super::server::Server;
use super::stream::{Established, Stream};
use super::tls::{Peer, Tls};
use super::{socks, tunnel};

/// How long a connection of TCP may be idle before the other side is probed, and how long it then takes between two probes.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How long data may stay unacknowledged before a connection counts as lost.
#[cfg(target_os = "linux")]
const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// How many probes go unanswered before a connection counts as lost.
const KEEPALIVE_PROBES: u32 = 3;

/// Establishes connections to one server.
#[derive(Debug, Clone)]
pub(super) struct Connector(Arc<Route>);

/// How the server is reached.
#[derive(Debug)]
struct Route {
    tcp: HttpConnector<Resolver>,
    server: Server,
    /// TLS with the server.
    tls: Option<Tls>,
    proxy: Option<ProxyRoute>,
    timeout: Duration,
}

/// The proxy, and TLS with it.
#[derive(Debug)]
struct ProxyRoute {
    url: ProxyUrl,
    tls: Option<Tls>,
    login: Arc<ProxyLogin>,
    user_agent: HeaderValue,
    resolver: Resolver,
}

impl Connector {
    /// Makes the connector for the server of `url`. Reads the certificates where TLS is spoken.
    pub(super) fn new(
        url: &Url,
        settings: &ConnectorSettings,
        user_agent: &HeaderValue,
    ) -> Result<Self, NetError> {
        let proxy = settings.proxy.proxy_for(url);
        let resolver = Resolver::new(
            &settings.known_hosts,
            [Some(url), proxy.map(ProxyUrl::url)].into_iter().flatten(),
        );
        let mut tcp = HttpConnector::new_with_resolver(resolver.clone());
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        tcp.set_keepalive_retries(Some(KEEPALIVE_PROBES));
        // Keepalive does not probe while data is on its way.
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(USER_TIMEOUT));
        let is_https = url.scheme() == "https";
        let tls = is_https.then(|| {
            let config = client_config(&settings.tls, settings.version)?;
            Tls::new(config, url, Peer::Server)
        });
        let proxy = proxy.map(|proxy| {
            let tls = (proxy.url().scheme() == "https").then(|| {
                let config = proxy_config(&settings.tls)?;
                Tls::new(config, proxy.url(), Peer::Proxy)
            });
            Ok(ProxyRoute {
                tls: tls.transpose()?,
                login: Arc::new(ProxyLogin::new(
                    proxy,
                    settings.proxy.auth,
                    settings.proxy_challenges.clone(),
                )),
                url: proxy.clone(),
                user_agent: user_agent.clone(),
                resolver,
            })
        });
        let with_proxy = settings.establish_timeout.filter(|_| proxy.is_some());
        Ok(Self(Arc::new(Route {
            tcp,
            server: Server::of(url),
            tls: tls.transpose()?,
            proxy: proxy.transpose()?,
            timeout: with_proxy.unwrap_or(settings.connect_timeout),
        })))
    }

    /// Returns the login of the proxy where it hands on each request: one of HTTP, to a server without TLS. And where it is,
    /// if TLS is spoken with it.
    pub(super) fn forwarding(&self) -> Option<(&Arc<ProxyLogin>, Option<&TlsPlace>)> {
        let proxy = self.0.proxy.as_ref()?;
        let is_forwarding = !proxy.url.is_socks() && self.0.tls.is_none();
        is_forwarding.then_some((&proxy.login, proxy.tls.as_ref().map(|tls| &tls.place)))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Established>;
    type Error = Arc<ConnectError>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let route = Arc::clone(&self.0);
        Box::pin(async move {
            let established = route.establish(uri).await;
            established.map(TokioIo::new).map_err(Arc::new)
        })
    }
}

impl Route {
    async fn establish(&self, uri: Uri) -> Result<Established, ConnectError> {
        let end = Instant::now() + self.timeout;
        let Some(proxy) = &self.proxy else {
            let secured = async { self.secure(Box::new(self.dial(uri).await?)).await };
            return in_time(end, secured, || ConnectError::Timeout).await;
        };
        let late = || proxy.failed("it did not answer in time".into());
        let stream = in_time(end, self.reach_through(proxy), late).await?;
        if !proxy.url.is_socks() && self.tls.is_none() {
            return Ok(Established {
                stream,
                is_forwarded: true,
                is_http2: false,
            });
        }
        in_time(end, self.secure(stream), || ConnectError::Timeout).await
    }

    /// Connects to the server through the proxy; or to the proxy alone, where it hands on each request.
    async fn reach_through(&self, proxy: &ProxyRoute) -> Result<Box<dyn Stream>, ConnectError> {
        if proxy.url.is_socks() {
            let stream = self.dial_proxy(proxy).await?;
            let stream = socks::connect(stream, &proxy.url, &self.server, &proxy.resolver).await;
            return stream.map_err(|error| proxy.blamed(error));
        }
        if self.tls.is_none() {
            return self.dial_proxy(proxy).await;
        }
        let connect = || self.dial_proxy(proxy);
        let name = &proxy.user_agent;
        let stream = tunnel::open(connect, &proxy.login, &self.server, name).await;
        stream.map_err(|error| proxy.blamed(error))
    }

    /// Connects to the proxy, with TLS where it is reached so.
    async fn dial_proxy(&self, proxy: &ProxyRoute) -> Result<Box<dyn Stream>, ConnectError> {
        if let Some(socket) = proxy.url.socket() {
            let stream = UnixStream::connect(socket).await;
            return match stream {
                Ok(stream) => Ok(Box::new(stream)),
                Err(error) => Err(proxy.unreached(error.into())),
            };
        }
        let place = proxy.url.without_login();
        let uri = place.as_str().parse::<Uri>();
        let uri = uri.map_err(|error| ConnectError::Network(error.into()))?;
        let stream = self.dial(uri).await.map_err(|error| match error {
            ConnectError::Network(source) => proxy.unreached(source),
            ConnectError::Timeout => proxy.unreached("it did not answer in time".into()),
            error => error,
        })?;
        Ok(match &proxy.tls {
            Some(tls) => OfProxy::over(tls.handshake(Box::new(stream)).await?.0, &tls.place),
            None => Box::new(stream),
        })
    }

    async fn dial(&self, uri: Uri) -> Result<TcpStream, ConnectError> {
        let connected = self.tcp.clone().call(uri).await;
        let connected = connected.map_err(|error| {
            if is_timeout(&error) {
                ConnectError::Timeout
            } else {
                ConnectError::Network(error.into())
            }
        })?;
        Ok(connected.into_inner())
    }

    /// Speaks TLS with the server where its URL says so.
    async fn secure(&self, stream: Box<dyn Stream>) -> Result<Established, ConnectError> {
        let (stream, is_http2) = match &self.tls {
            Some(tls) => tls.handshake(stream).await?,
            None => (stream, false),
        };
        Ok(Established {
            stream,
            is_forwarded: false,
            is_http2,
        })
    }
}

/// Says whether no address of a host answered in its share of the time.
fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let of_system = error.downcast_ref::<io::Error>();
        if of_system.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        next = error.source();
    }
    false
}

impl ProxyRoute {
    /// Tells what fails between the proxy's connection and the server's by the proxy's name; and TLS with it that fails after
    /// the handshake, as for a certificate that it does not take.
    fn blamed(&self, error: ConnectError) -> ConnectError {
        match (error, &self.tls) {
            (ConnectError::Network(source), Some(tls)) if TlsFault::of(&*source).is_some() => {
                ConnectError::Tls {
                    place: tls.place.clone(),
                    is_proxy: true,
                    source,
                }
            }
            (ConnectError::Network(source), _) => self.failed(source),
            (error, _) => error,
        }
    }

    fn failed(&self, source: Box<dyn Error + Send + Sync>) -> ConnectError {
        ConnectError::OfProxy {
            place: self.url.host_and_port(),
            source,
        }
    }

    fn unreached(&self, source: Box<dyn Error + Send + Sync>) -> ConnectError {
        ConnectError::Proxy {
            place: self.url.host_and_port(),
            source,
        }
    }
}

/// Waits for a part of the work until `end`, and returns `late` then.
async fn in_time<T>(
    end: Instant,
    work: impl Future<Output = Result<T, ConnectError>>,
    late: impl FnOnce() -> ConnectError,
) -> Result<T, ConnectError> {
    timeout_at(end, work).await.unwrap_or_else(|_| Err(late()))
}
