//! A connection to the server through a proxy of SOCKS, version 4, 4a or 5.

use std::net::SocketAddr;

use secrecy::ExposeSecret;
use tokio_socks::tcp::{Socks4Stream, Socks5Stream};
use tokio_socks::{Error, TargetAddr};

use crate::net::proxy::ProxyUrl;
use crate::net::proxy_login::ProxyLoginRefused;
use crate::net::resolve::Resolver;

use super::error::ConnectError;
use super::server::Server;
use super::stream::Stream;

/// Asks the proxy for a connection to the server. As for libcurl, the proxy looks up the server's name for `socks4a` and
/// `socks5h`, and this machine for the others; with `SOCKS` 4 the user name is the user ID, and a login for `SOCKS` 5 is sent
/// where the proxy asks for it.
pub(super) async fn connect(
    stream: Box<dyn Stream>,
    proxy: &ProxyUrl,
    server: &Server,
    resolver: &Resolver,
) -> Result<Box<dyn Stream>, ConnectError> {
    let scheme = proxy.url().scheme();
    let is_version4 = scheme.starts_with("socks4");
    let target = match server.address() {
        Some(address) => TargetAddr::Ip(address),
        None if matches!(scheme, "socks4a" | "socks5h") => {
            TargetAddr::Domain(server.host.as_str().into(), server.port)
        }
        None => TargetAddr::Ip(look_up(server, resolver, is_version4).await?),
    };
    let user = proxy.user();
    let connected: Result<Box<dyn Stream>, Error> = if is_version4 {
        match &user {
            Some(user) => Socks4Stream::connect_with_userid_and_socket(stream, target, user).await,
            None => Socks4Stream::connect_with_socket(stream, target).await,
        }
        .map(Socks4Stream::into_inner)
    } else {
        match (&user, proxy.password()) {
            (Some(user), Some(password)) => {
                let password = password.expose_secret();
                Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
            }
            _ => Socks5Stream::connect_with_socket(stream, target).await,
        }
        .map(Socks5Stream::into_inner)
    };
    connected.map_err(|error| match error {
        Error::PasswordAuthFailure(_)
        | Error::AuthorizationRequired
        | Error::NoAcceptableAuthMethods
        | Error::IdentdAuthFailure
        | Error::InvalidUserIdAuthFailure => ConnectError::ProxyLogin(ProxyLoginRefused::Login),
        error => ConnectError::Socks(error.into()),
    })
}

/// Looks up the server's address; `SOCKS` 4 knows those of version 4 only.
async fn look_up(
    server: &Server,
    resolver: &Resolver,
    is_version4: bool,
) -> Result<SocketAddr, ConnectError> {
    let found = resolver.look_up(&server.host).await;
    let mut found = found.map_err(|error| ConnectError::Network(error.into()))?;
    let address = found.find(|address| address.is_ipv4() || !is_version4);
    let address = address.ok_or_else(|| {
        ConnectError::Network("the server has no address of a kind that the proxy reaches".into())
    })?;
    Ok(SocketAddr::new(address.ip(), server.port))
}
