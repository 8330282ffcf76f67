//! Peers that never answer.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// A peer that takes connections, says something, and then nothing.
pub(super) fn silent(says: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        // It ends with the test.
        while let Ok((mut connection, _)) = listener.accept() {
            if !says.is_empty() {
                let mut request = [0; 4096];
                let _some = connection.read(&mut request);
                let _sent = connection.write_all(says.as_bytes());
            }
            held.push(connection);
        }
    });
    port
}

pub(super) const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/x-git-receive-pack-advertisement\r\n\
                    content-length: 4000\r\n\r\n001f# service=git-receive-pack\n0000";

/// A peer whose machine takes no connection: nobody accepts those that wait, and there is no room for more.
pub(super) struct Full {
    pub(super) listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Full {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let enough = Duration::from_millis(200);
        let connections = std::iter::from_fn(|| TcpStream::connect_timeout(&address, enough).ok());
        Self {
            _waiting: connections.collect(),
            listener,
        }
    }
}
