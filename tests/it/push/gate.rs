//! `Gate`: a proxy, or a front of a git server, that wants one login byte by byte, and closes each connection that it refuses.

use std::io::{BufRead, BufReader, Write, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a gate wants.
pub(super) struct Wanted {
    /// The header that carries the login, in lower case.
    pub(super) header: &'static str,
    /// Its value.
    pub(super) value: Vec<u8>,
    /// The refusal of a request without it, but for the end of its head.
    pub(super) refusal: &'static str,
    /// Whether requests that read need none.
    pub(super) lets_read: bool,
    /// Whether a refusal promises a page, and keeps it back.
    pub(super) holds_page: bool,
}

/// What a proxy says that wants a login.
pub(super) const OF_PROXY: &str =
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"gate\"";
/// What a server says that wants one.
pub(super) const OF_SERVER: &str =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"gate\"";

impl Wanted {
    /// A login in the header `name`.
    pub(super) fn basic(header: &'static str, value: &[u8], refusal: &'static str) -> Self {
        Self {
            header,
            value: value.to_owned(),
            refusal,
            lets_read: false,
            holds_page: false,
        }
    }
}

/// A running gate. What it was asked for stays readable.
pub(super) struct Gate {
    pub(super) address: SocketAddr,
    refused: Arc<Mutex<usize>>,
}

impl Gate {
    /// Stands before the git server at `upstream`, `http://ADDRESS`.
    pub(super) fn start(upstream: &str, wanted: Wanted) -> Self {
        let upstream: SocketAddr = upstream.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let refused = Arc::<Mutex<usize>>::default();
        let (kept, wanted) = (Arc::clone(&refused), Arc::new(wanted));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (wanted, kept) = (Arc::clone(&wanted), Arc::clone(&kept));
                thread::spawn(move || serve(&client, upstream, &wanted, &kept));
            }
        });
        Self { address, refused }
    }

    /// Returns how many requests it refused so far.
    pub(super) fn refused(&self) -> usize {
        *self.refused.lock().unwrap()
    }
}

/// Handles one connection: one request, whose answer ends it.
fn serve(
    mut client: &TcpStream,
    upstream: SocketAddr,
    wanted: &Wanted,
    refused: &Mutex<usize>,
) -> Option<()> {
    let mut input = BufReader::new(client.try_clone().ok()?);
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line).ok()?;
        if line.is_empty() || line == b"\r\n" {
            break;
        }
        lines.push(line);
    }
    let (first, headers) = lines.split_first()?;
    let is_open = wanted.lets_read && first.starts_with(b"GET ");
    let has_login = headers.iter().any(|line| {
        let end = wanted.header.len();
        line.get(..end)
            .is_some_and(|name| name.eq_ignore_ascii_case(wanted.header.as_bytes()))
            && line
                .get(end + 1..)
                .is_some_and(|value| value.trim_ascii() == wanted.value)
    });
    if !is_open && !has_login {
        *refused.lock().unwrap() += 1;
        read_body(&mut input, headers)?;
        let length = if wanted.holds_page { 9 } else { 0 };
        let end = format!("\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        client
            .write_all(format!("{}{end}", wanted.refusal).as_bytes())
            .ok()?;
        if wanted.holds_page {
            // Until the other side has enough of it.
            drop(copy(&mut input, &mut std::io::sink()));
        }
        return client.shutdown(Shutdown::Both).ok();
    }
    let mut server = TcpStream::connect(upstream).ok()?;
    if first.starts_with(b"CONNECT ") {
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    } else {
        server.write_all(first).ok()?;
        for line in headers {
            let is_own = line.to_ascii_lowercase().starts_with(b"connection:");
            server.write_all(if is_own { b"" } else { line }).ok()?;
        }
        server.write_all(b"Connection: close\r\n\r\n").ok()?;
    }
    let mut to = server.try_clone().ok()?;
    thread::spawn(move || copy(&mut input, &mut to));
    drop(copy(&mut server, &mut client));
    client.shutdown(Shutdown::Both).ok()
}

/// Reads what follows the head, so that the refusal arrives.
fn read_body(input: &mut impl BufRead, headers: &[Vec<u8>]) -> Option<()> {
    let header = |name: &[u8]| {
        let line = headers
            .iter()
            .find(|line| line.to_ascii_lowercase().starts_with(name))?;
        Some(
            String::from_utf8_lossy(line.get(name.len()..)?)
                .trim()
                .to_owned(),
        )
    };
    if let Some(length) = header(b"content-length:") {
        let mut body = vec![0; length.parse().ok()?];
        return input.read_exact(&mut body).ok();
    }
    if header(b"transfer-encoding:").is_none() {
        return Some(());
    }
    loop {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; length + 2];
        input.read_exact(&mut chunk).ok()?;
        if length == 0 {
            return Some(());
        }
    }
}
