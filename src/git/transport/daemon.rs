//! `git://`: a socket to git's daemon, or a program of the user's that connects to it. It has no encryption and no login, so
//! it is used only where it is listed.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use sendoff_push::pkt_line;

use crate::git::transport::service::Service;
use crate::git::transport::{AllowGit, TransportError};
use crate::process::Program;

use super::Target;
use super::child::StreamConnection;
use super::idle_timeout::POLL_INTERVAL;

/// The port of git's daemon.
const PORT: u16 = 9418;

/// Connects, and sends the request that opens the connection.
pub(super) fn connect(
    target: Target<'_>,
    service: Service,
) -> Result<StreamConnection<'_>, TransportError> {
    let url = target.url;
    if target.options.allow_git == AllowGit::No {
        return Err(TransportError::Scheme("git"));
    }
    let host = url.host().ok_or(TransportError::Scheme("git"))?;
    let command = target.options.services.command(service);
    let request = request(host, url.port(), url.path(), command, service)?;
    let place = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port().unwrap_or(PORT);
    let proxy = target.options.git_proxy.as_deref();
    if let Some(command) = proxy.filter(|command| !command.is_empty()) {
        let program = proxy_program(target, command)?.args([place, &port.to_string()]);
        return StreamConnection::through(&program, &request, target);
    }
    let limit = target.options.connect_timeout;
    let socket = reach(place.to_owned(), port, limit, target.stop)?;
    // Small requests are sent at once.
    drop(socket.set_nodelay(true));
    StreamConnection::over_socket(socket, &request, target)
}

/// Returns the program of `core.gitProxy`, which git starts without a shell at the top of the work tree.
fn proxy_program(target: Target<'_>, command: &str) -> Result<Program, TransportError> {
    let inheritance = &target.options.inheritance;
    let path = if command.contains('/') {
        target.directory.join(command)
    } else {
        let found = inheritance.find(command);
        found.map_err(|error| TransportError::Start(error.into()))?
    };
    Ok(Program::new(path)
        .inherit(inheritance)
        .directory(target.directory))
}

/// Returns the line that names service, path and host.
fn request(
    host: &str,
    port: Option<u16>,
    path: &str,
    command: &str,
    service: Service,
) -> Result<Vec<u8>, TransportError> {
    // The slash before `~user` is part of the URL's syntax, not of the path on the server.
    let path = match path.strip_prefix('/') {
        Some(home) if home.starts_with('~') => home,
        _ => path,
    };
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let mut line = format!("{command} {path}\0host={host}{port}\0");
    if let Some(version) = service.protocol() {
        line.push('\0');
        line.push_str(version);
        line.push('\0');
    }
    let mut out = Vec::new();
    pkt_line::encode(line.as_bytes(), &mut out)
        .map_err(|error| TransportError::Request(error.into()))?;
    Ok(out)
}

/// Resolves and connects within `limit`. The system's resolver has no deadline, so it gets a thread.
fn reach(
    host: String,
    port: u16,
    limit: Duration,
    stop: &AtomicBool,
) -> Result<TcpStream, TransportError> {
    let begin = Instant::now();
    let (found, socket) = sync_channel(1);
    let resolver = thread::Builder::new().spawn(move || {
        // The receiver may be gone.
        let _given_up = found.send(dial(&host, port, limit));
    });
    resolver.map_err(|error| TransportError::Runtime(error.into()))?;
    while begin.elapsed() < limit {
        if stop.load(Ordering::Relaxed) {
            return Err(TransportError::Stopped);
        }
        match socket.recv_timeout(POLL_INTERVAL) {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => return Err(lost(error.to_string())),
            Err(RecvTimeoutError::Disconnected) => return Err(lost(String::new())),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    Err(TransportError::Timeout(limit))
}

fn lost(said: String) -> TransportError {
    TransportError::Network { said, source: None }
}

fn dial(host: &str, port: u16, limit: Duration) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_that_of_git() {
        let line = |host, port, path, service: Service| {
            String::from_utf8(request(host, port, path, service.name(), service).unwrap()).unwrap()
        };
        assert_eq!(
            line("h.test", Some(9419), "/o/r.git", Service::ReceivePack),
            "002fgit-receive-pack /o/r.git\0host=h.test:9419\0"
        );
        assert_eq!(
            line("[::1]", None, "/~u/r", Service::UploadPack),
            "002fgit-upload-pack ~u/r\0host=[::1]\0\0version=2\0"
        );
    }
}
