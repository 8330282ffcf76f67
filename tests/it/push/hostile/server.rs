//! The server: a listener that answers two questions as it was told to, over HTTP or over a bare stream.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{LIMIT, RESULT, SHORT, http};

/// So long a flood lasts: longer than a push may take, so that none is ended by its end.
const FLOOD: Duration = LIMIT.saturating_mul(2);

/// How a question is answered.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// With these bytes, and the end of the connection.
    Say(Vec<u8>),
    /// With these bytes, and silence.
    Hold(Vec<u8>),
    /// With these bytes, one at a time.
    Drip(Vec<u8>),
    /// With these bytes, and then with those without end.
    Flood(Vec<u8>, Vec<u8>),
    /// It reads so many bytes of what is sent and breaks the connection. What asks for nothing gets nothing.
    BreakAfter(usize),
}

impl Act {
    /// Not at all.
    pub(crate) const SILENCE: Self = Self::Hold(Vec::new());
}

/// A server and what it noticed.
pub(crate) struct Hostile {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Arc<AtomicUsize>,
    /// What it could get rid of, in bytes.
    pub(crate) sent: Arc<AtomicUsize>,
}

impl Hostile {
    /// Returns where it is for HTTP.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/r.git", self.address)
    }
}

/// What a connection's thread needs.
#[derive(Clone)]
struct Part {
    refs: Act,
    push: Act,
    requests: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
}

/// Answers the question for refs with one act and the push with another, over HTTP.
pub(crate) fn hostile(refs: Act, push: Act) -> Hostile {
    listen(refs, push, Part::http)
}

/// The same over a stream, as ssh and git's daemon have it: the refs come unasked.
pub(crate) fn streaming(refs: Act, push: Act) -> Hostile {
    listen(refs, push, Part::stream)
}

fn listen(refs: Act, push: Act, serve: fn(&Part, TcpStream)) -> Hostile {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let part = Part {
        refs,
        push,
        requests: Arc::default(),
        sent: Arc::default(),
    };
    let hostile = Hostile {
        address: listener.local_addr().unwrap(),
        requests: Arc::clone(&part.requests),
        sent: Arc::clone(&part.sent),
    };
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let part = part.clone();
            let patience = Some(LIMIT);
            stream.set_read_timeout(patience).unwrap();
            thread::spawn(move || serve(&part, stream));
        }
    });
    hostile
}

impl Part {
    /// Answers one request.
    fn http(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1..) => head.push(byte[0]),
                _ => return,
            }
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let act = if head.starts_with("get") {
            &self.refs
        } else {
            &self.push
        };
        let is_flush = head.contains("content-length: 4\r\n");
        match act {
            Act::BreakAfter(_) if is_flush => {
                read_body(&mut stream, &head);
                self.send(&mut stream, &http(RESULT, b""));
            }
            Act::BreakAfter(bytes) => take(&mut stream, *bytes),
            _ => {
                read_body(&mut stream, &head);
                self.play(&mut stream, act);
            }
        }
    }

    /// Says the refs, and answers what comes then.
    fn stream(&self, mut stream: TcpStream) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if let Act::Say(refs) = &self.refs
            && self.send(&mut stream, refs)
            && refs.ends_with(b"0000")
        {
            match &self.push {
                Act::BreakAfter(bytes) => return take(&mut stream, *bytes),
                act if read_lines(&mut stream) => {
                    read_pack(&mut stream);
                    self.play(&mut stream, act);
                }
                _ => return,
            }
        } else if !matches!(self.refs, Act::Say(_)) {
            self.play(&mut stream, &self.refs);
        }
        // A reset would take along what was said.
        drop(stream.shutdown(Shutdown::Write));
        wait(&mut stream);
    }

    fn play(&self, stream: &mut TcpStream, act: &Act) {
        match act {
            Act::Say(bytes) => {
                self.send(stream, bytes);
            }
            Act::Hold(bytes) => {
                self.send(stream, bytes);
                wait(stream);
            }
            Act::Drip(bytes) => {
                for byte in bytes {
                    if !self.send(stream, &[*byte]) {
                        return;
                    }
                    thread::sleep(SHORT / 3);
                }
            }
            Act::Flood(first, rest) => {
                self.send(stream, first);
                let begin = Instant::now();
                while begin.elapsed() < FLOOD && self.send(stream, rest) {}
            }
            Act::BreakAfter(_) => {}
        }
    }

    fn send(&self, stream: &mut TcpStream, bytes: &[u8]) -> bool {
        let written = stream.write_all(bytes).is_ok();
        if written {
            self.sent.fetch_add(bytes.len(), Ordering::Relaxed);
        }
        written
    }
}

/// Keeps the connection until the other side gives it up.
fn wait(stream: &mut TcpStream) {
    drop(stream.set_read_timeout(Some(LIMIT * 4)));
    let mut buffer = [0; 4096];
    while matches!(stream.read(&mut buffer), Ok(1..)) {}
}

/// Reads so many bytes. What is left unread makes the end of the connection a reset.
fn take(stream: &mut TcpStream, bytes: usize) {
    let mut body = vec![0; bytes];
    drop(stream.read_exact(&mut body));
}

/// Reads packet lines up to a flush: what is asked for, and before it the line that opens `git://`.
fn read_lines(stream: &mut TcpStream) -> bool {
    let mut length = [0; 4];
    while stream.read_exact(&mut length).is_ok() {
        let text = String::from_utf8_lossy(&length);
        match usize::from_str_radix(&text, 16) {
            Ok(0) => return true,
            Ok(length @ 5..) => take(stream, length - 4),
            _ => return false,
        }
    }
    false
}

/// Reads a pack, which has no length and ends with the sum of what comes before.
fn read_pack(stream: &mut TcpStream) {
    let mut pack = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&pack) {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => pack.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
}

fn is_whole(pack: &[u8]) -> bool {
    let Some((content, sum)) = pack.split_last_chunk::<20>() else {
        return false;
    };
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(content);
    hasher.try_finalize().unwrap().as_slice() == sum
}

fn read_body(stream: &mut TcpStream, head: &str) {
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length.and_then(|text| text.trim().parse::<u64>().ok()) {
        drop(std::io::copy(
            &mut stream.take(length),
            &mut std::io::sink(),
        ));
    } else if head.contains("chunked") {
        let mut tail = Vec::new();
        let mut buffer = [0; 4096];
        while !tail.ends_with(b"0\r\n\r\n") {
            match stream.read(&mut buffer) {
                Ok(read @ 1..) => {
                    tail.extend_from_slice(&buffer[..read]);
                    tail.drain(..tail.len().saturating_sub(16));
                }
                _ => return,
            }
        }
    }
}
