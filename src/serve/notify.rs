//! `Notify`: reports the state of the server to systemd, by the protocol of `sd_notify`: a datagram with lines.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

use crate::environment::Environment;

/// The variable that names the socket.
const SOCKET: &str = "NOTIFY_SOCKET";

/// The socket of systemd; `None` where systemd did not start the server.
#[derive(Debug)]
pub(super) struct Notify(Option<SocketAddr>);

impl Notify {
    /// Finds the socket that the environment names.
    pub(super) fn of(environment: &Environment) -> Self {
        Self(
            environment
                .path_as_written(SOCKET)
                .and_then(|path| address(&path)),
        )
    }

    /// Reports that the server accepts deliveries.
    pub(super) fn ready(&self) {
        self.send("READY=1");
    }

    /// Reports that the policy is reloaded. systemd requires the time at which that began.
    pub(super) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec.saturating_mul(1_000_000) + now.tv_nsec / 1000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// Reports that the server ends.
    pub(super) fn stopping(&self) {
        self.send("STOPPING=1");
    }

    fn send(&self, text: &str) {
        let Some(address) = &self.0 else { return };
        let sent = UnixDatagram::unbound()
            .and_then(|socket| socket.send_to_addr(text.as_bytes(), address));
        if let Err(error) = sent {
            tracing::warn!(%error, "systemd cannot be notified");
        }
    }
}

/// Returns the address of a socket: a path, or after `@` an abstract name.
fn address(path: &Path) -> Option<SocketAddr> {
    match path.as_os_str().as_bytes().strip_prefix(b"@") {
        None => SocketAddr::from_pathname(path).ok(),
        Some(name) => of_name(name),
    }
}

#[cfg(target_os = "linux")]
fn of_name(name: &[u8]) -> Option<SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    SocketAddr::from_abstract_name(name).ok()
}

#[cfg(not(target_os = "linux"))]
fn of_name(_: &[u8]) -> Option<SocketAddr> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_does_is_sent_as_lines() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let environment = Environment::from_pairs("/", [(SOCKET, path.to_str().unwrap())]);
        let notify = Notify::of(&environment);
        let mut bytes = [0; 100];
        let mut next = || {
            let length = socket.recv(&mut bytes).unwrap();
            String::from_utf8(bytes[..length].to_vec()).unwrap()
        };
        notify.ready();
        assert_eq!(next(), "READY=1");
        notify.reloading();
        let text = next();
        let micros = text.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(micros.parse::<u64>().unwrap() > 0, "{text}");
        notify.stopping();
        assert_eq!(next(), "STOPPING=1");
    }

    #[test]
    fn without_a_socket_nobody_is_told() {
        Notify::of(&Environment::from_pairs("/", [])).ready();
        let nowhere = Environment::from_pairs("/", [(SOCKET, "/nonexistent/socket")]);
        Notify::of(&nowhere).ready();
    }
}
