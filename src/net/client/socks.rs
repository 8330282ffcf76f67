//! A connection to the server through a proxy of SOCKS: version 4 and 4a, and version 5 (RFC 1928, with the login of RFC 1929).

use std::net::{IpAddr, SocketAddr};

use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::byte_text::to_bytes;
use crate::net::proxy::ProxyUrl;
use crate::net::proxy_login::ProxyLoginRefused;
use crate::net::resolve::Resolver;

use super::error::ConnectError;
use super::server::Server;
use super::stream::Stream;

/// The command of both versions that makes a connection.
const CONNECT: u8 = 1;
/// The reply of version 4 that the connection is made.
const GRANTED: u8 = 90;
/// Those that the user ID is not accepted.
const USER_ID_REFUSED: [u8; 2] = [92, 93];
/// The address of version 4a that stands for a name.
const NAME_FOLLOWS: [u8; 4] = [0, 0, 0, 1];
/// The methods of version 5: no login, and a user name with a password.
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
/// The reply of version 5 that no method is accepted.
const NO_METHOD: u8 = 0xff;
/// The kinds of addresses of version 5.
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// To where the proxy is asked for a connection.
enum Destination<'a> {
    Address(IpAddr),
    /// The proxy looks it up.
    Name(&'a str),
}

/// Asks the proxy for a connection to the server. As for libcurl, the proxy looks up the server's name for `socks4a` and
/// `socks5h`, and this machine for the others; in version 4 the user name is the user ID, and in version 5 the login is sent
/// where the proxy asks for it.
pub(super) async fn connect(
    mut stream: Box<dyn Stream>,
    proxy: &ProxyUrl,
    server: &Server,
    resolver: &Resolver,
) -> Result<Box<dyn Stream>, ConnectError> {
    let scheme = proxy.url().scheme();
    let is_version4 = scheme.starts_with("socks4");
    let to = match server.address() {
        Some(address) => Destination::Address(address),
        None if matches!(scheme, "socks4a" | "socks5h") => Destination::Name(&server.host),
        None => Destination::Address(look_up(server, resolver, is_version4).await?),
    };
    if is_version4 {
        version4(&mut stream, proxy, &to, server.port).await?;
    } else {
        log_in(&mut stream, proxy).await?;
        version5(&mut stream, &to, server.port).await?;
    }
    Ok(stream)
}

/// Looks up the server's address; version 4 knows those of IPv4 only.
async fn look_up(
    server: &Server,
    resolver: &Resolver,
    is_version4: bool,
) -> Result<IpAddr, ConnectError> {
    let found = resolver.look_up(&server.host).await;
    let mut found = found.map_err(|error| ConnectError::Address(error.into()))?;
    let fits = |address: &SocketAddr| address.is_ipv4() || !is_version4;
    let address = found.find(fits).ok_or_else(no_address)?;
    Ok(address.ip())
}

fn no_address() -> ConnectError {
    ConnectError::Address("the server has no address of a kind that the proxy reaches".into())
}

async fn version4(
    stream: &mut Box<dyn Stream>,
    proxy: &ProxyUrl,
    to: &Destination<'_>,
    port: u16,
) -> Result<(), ConnectError> {
    let (address, name) = match to {
        Destination::Address(IpAddr::V4(address)) => (address.octets(), None),
        Destination::Address(IpAddr::V6(_)) => return Err(no_address()),
        Destination::Name(name) => (NAME_FOLLOWS, Some(name)),
    };
    let user = to_bytes(&proxy.user().unwrap_or_default());
    // Each text ends with a zero.
    if user.contains(&0) {
        return Err(ConnectError::ProxyLogin(ProxyLoginRefused::Login));
    }
    let mut request = vec![4, CONNECT];
    request.extend(port.to_be_bytes());
    request.extend(address);
    request.extend(user);
    request.push(0);
    if let Some(name) = name {
        request.extend(name.as_bytes());
        request.push(0);
    }
    let [_version, reply, ..] = exchange::<8>(stream, &request).await?;
    match reply {
        GRANTED => Ok(()),
        reply if USER_ID_REFUSED.contains(&reply) => {
            Err(ConnectError::ProxyLogin(ProxyLoginRefused::Login))
        }
        reply => Err(ConnectError::Socks(format!(
            "it refused the connection with code {reply}"
        ))),
    }
}

/// Agrees on the login of version 5, and sends it where the proxy asks for it.
async fn log_in(stream: &mut Box<dyn Stream>, proxy: &ProxyUrl) -> Result<(), ConnectError> {
    let refused = |refusal| Err(ConnectError::ProxyLogin(refusal));
    let user = proxy.user();
    let offer: &[u8] = match &user {
        Some(_) => &[5, 2, NO_LOGIN, PASSWORD],
        None => &[5, 1, NO_LOGIN],
    };
    let [version, method] = exchange::<2>(stream, offer).await?;
    let user = match (version, method, user) {
        (5, NO_LOGIN, _) => return Ok(()),
        (5, PASSWORD, Some(user)) => to_bytes(&user),
        (5, PASSWORD | NO_METHOD, None) => return refused(ProxyLoginRefused::Login),
        (5, NO_METHOD, Some(_)) => {
            let others = "another method than a user name with a password".to_owned();
            return refused(ProxyLoginRefused::Unspoken(others));
        }
        _ => return Err(ConnectError::Socks("it does not speak SOCKS 5".to_owned())),
    };
    let password = proxy.password().unwrap_or_default();
    let password = to_bytes(password.expose_secret());
    let mut login = vec![1];
    for part in [&user, &password] {
        let too_long = |_| ConnectError::Socks("the login is longer than 255 bytes".to_owned());
        login.push(u8::try_from(part.len()).map_err(too_long)?);
        login.extend(part);
    }
    let [_version, status] = exchange::<2>(stream, &login).await?;
    if status == 0 {
        Ok(())
    } else {
        refused(ProxyLoginRefused::Login)
    }
}

async fn version5(
    stream: &mut Box<dyn Stream>,
    to: &Destination<'_>,
    port: u16,
) -> Result<(), ConnectError> {
    let mut request = vec![5, CONNECT, 0];
    match to {
        Destination::Address(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Destination::Address(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Destination::Name(name) => {
            let too_long = |_| ConnectError::Socks("the host is longer than 255 bytes".to_owned());
            request.push(NAME);
            request.push(u8::try_from(name.len()).map_err(too_long)?);
            request.extend(name.as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    let [_version, reply, _reserved, kind] = exchange::<4>(stream, &request).await?;
    if reply != 0 {
        return Err(ConnectError::Socks(refusal(reply).to_owned()));
    }
    // The address from which the proxy connects, and its port, are of no use here.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        _ => usize::from(read::<1>(stream).await?[0]),
    };
    let mut address = vec![0; length + 2];
    stream.read_exact(&mut address).await.map_err(lost)?;
    Ok(())
}

/// Returns what a reply of version 5 means: RFC 1928, section 6.
const fn refusal(reply: u8) -> &'static str {
    match reply {
        2 => "its rules do not allow the connection",
        3 => "it does not reach the network",
        4 => "it does not reach the host",
        5 => "the server refused its connection",
        6 => "its connection took too long",
        7 => "it makes no connections",
        8 => "it does not know this kind of address",
        _ => "it failed",
    }
}

/// Sends a message, and reads as many bytes of the answer.
async fn exchange<const N: usize>(
    stream: &mut Box<dyn Stream>,
    message: &[u8],
) -> Result<[u8; N], ConnectError> {
    stream.write_all(message).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    read(stream).await
}

async fn read<const N: usize>(stream: &mut Box<dyn Stream>) -> Result<[u8; N], ConnectError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(lost)?;
    Ok(bytes)
}

fn lost(error: std::io::Error) -> ConnectError {
    ConnectError::Network(error.into())
}
