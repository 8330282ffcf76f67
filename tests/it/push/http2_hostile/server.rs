//! A server that writes its frames of HTTP/2 by hand, and what it noticed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::push::hostile::{REFS, RESULT};

use super::LIMIT;

/// How long a request is that asks for nothing.
const FLUSH: usize = 4;
/// So long it goes on at most: longer than a push may take, so that none is ended by its end.
const AT_MOST: Duration = LIMIT.saturating_mul(2);

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// One frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The head of an answer, in HPACK without compression.
pub(super) fn head(status: &str, kind: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap();
    let mut block = vec![0x08, length(status)];
    block.extend(status.as_bytes());
    block.extend([0x0f, 0x10, length(kind)]);
    block.extend(kind.as_bytes());
    block
}

/// A whole answer of status 200.
fn answer(stream: u32, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = frame(HEADERS, END_HEADERS, stream, &head("200", kind));
    for piece in body.chunks(16_384) {
        bytes.extend(frame(DATA, 0, stream, piece));
    }
    bytes.extend(frame(DATA, END_STREAM, stream, b""));
    bytes
}

/// The whole answer to a push.
pub(super) fn report(stream: u32, body: &[u8]) -> Vec<u8> {
    answer(stream, RESULT, body)
}

/// What comes after what is said.
#[derive(Clone)]
pub(super) enum Then {
    /// The end of the connection.
    Close,
    /// Nothing; the connection stays, and what the client sends is read.
    Keep,
    /// The same without end.
    Flood(Vec<u8>),
}

/// What is done about a request.
#[derive(Clone)]
pub(super) struct Act {
    /// After so many bytes of its body, at least one, or at its end.
    pub(super) after: usize,
    /// Makes the frames for a stream.
    pub(super) say: fn(u32) -> Vec<u8>,
    pub(super) then: Then,
}

impl Act {
    /// Says something when the whole request has come.
    pub(super) fn at_the_end(say: fn(u32) -> Vec<u8>, then: Then) -> Self {
        let after = usize::MAX;
        Self { after, say, then }
    }
}

/// How the server behaves.
#[derive(Clone)]
pub(super) struct Script {
    /// How much of a body may come.
    pub(super) window: u32,
    /// What it answers to the question for refs, first and from then on.
    pub(super) refs: [Vec<u8>; 2],
    /// What it does instead.
    pub(super) instead: Option<Act>,
    /// Says something after its first answer, and ends the connection.
    pub(super) farewell: Option<fn(u32) -> Vec<u8>>,
    /// So long it takes to let a window's worth of a body come again.
    pub(super) pace: Option<Duration>,
    /// What it does about the push. What asks for nothing gets nothing.
    pub(super) push: Act,
}

/// A running server.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// How many questions for refs came.
    pub(super) questions: Arc<AtomicUsize>,
    /// How many pushes came, as far as their first byte. What asks for nothing is none.
    pub(super) pushes: Arc<AtomicUsize>,
}

/// Starts it. Its threads end with their connections.
pub(super) fn serve(config: Arc<ServerConfig>, script: Script) -> Server {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let server = Server {
        address: listener.local_addr().unwrap(),
        questions: Arc::default(),
        pushes: Arc::default(),
    };
    let (questions, pushes) = (Arc::clone(&server.questions), Arc::clone(&server.pushes));
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            socket.set_read_timeout(Some(AT_MOST)).unwrap();
            socket.set_write_timeout(Some(AT_MOST)).unwrap();
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut talk = Talk {
                stream: StreamOwned::new(tls, socket),
                script: script.clone(),
                questions: Arc::clone(&questions),
                pushes: Arc::clone(&pushes),
            };
            thread::spawn(move || drop(talk.run()));
        }
    });
    server
}

struct Talk {
    stream: StreamOwned<ServerConnection, TcpStream>,
    script: Script,
    questions: Arc<AtomicUsize>,
    pushes: Arc<AtomicUsize>,
}

impl Talk {
    fn run(&mut self) -> std::io::Result<()> {
        self.stream.read_exact(&mut [0; 24])?;
        let window = [&[0, 4][..], &self.script.window.to_be_bytes()].concat();
        self.send(&frame(SETTINGS, 0, 0, &window))?;
        let room = (1_u32 << 30).to_be_bytes();
        self.send(&frame(WINDOW_UPDATE, 0, 0, &room))?;
        let mut received = 0;
        loop {
            let mut start = [0; 9];
            self.stream.read_exact(&mut start)?;
            let [a, b, c, kind, flags, stream @ ..] = start;
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            let stream = u32::from_be_bytes(stream);
            self.stream.read_exact(&mut vec![0; length])?;
            let is_over = flags & END_STREAM != 0;
            match kind {
                SETTINGS if flags == 0 => self.send(&frame(SETTINGS, 1, 0, b""))?,
                HEADERS if is_over => self.question(stream)?,
                HEADERS => received = 0,
                DATA if received == 0 && is_over && length == FLUSH => {
                    self.send(&answer(stream, RESULT, b""))?;
                }
                DATA => {
                    let before = received;
                    received += length;
                    self.open_again(stream, before, received)?;
                    if before == 0 {
                        self.pushes.fetch_add(1, Ordering::Relaxed);
                    }
                    let after = self.script.push.after;
                    if before < after && (is_over || received >= after) {
                        self.play(&self.script.push.clone(), stream)?;
                    }
                }
                _ => {}
            }
        }
    }

    /// Opens the window again when it was used up, after a while.
    fn open_again(&mut self, stream: u32, before: usize, now: usize) -> std::io::Result<()> {
        let Some(pace) = self.script.pace else {
            return Ok(());
        };
        let window = self.script.window as usize;
        if before / window == now / window {
            return Ok(());
        }
        thread::sleep(pace);
        let more = self.script.window.to_be_bytes();
        self.send(&frame(WINDOW_UPDATE, 0, stream, &more))
    }

    fn question(&mut self, stream: u32) -> std::io::Result<()> {
        let count = self.questions.fetch_add(1, Ordering::Relaxed);
        if let Some(act) = self.script.instead.clone() {
            return self.play(&act, stream);
        }
        let refs = self.script.refs[count.min(1)].clone();
        self.send(&answer(stream, REFS, &refs))?;
        match self.script.farewell {
            Some(say) if count == 0 => {
                let then = Then::Close;
                self.play(&Act::at_the_end(say, then), stream)
            }
            _ => Ok(()),
        }
    }

    fn play(&mut self, act: &Act, stream: u32) -> std::io::Result<()> {
        self.send(&(act.say)(stream))?;
        match &act.then {
            Then::Keep => Ok(()),
            Then::Close => {
                self.stream.conn.send_close_notify();
                self.stream.flush()?;
                Err(std::io::ErrorKind::ConnectionAborted.into())
            }
            Then::Flood(bytes) => {
                let begin = Instant::now();
                while begin.elapsed() < AT_MOST {
                    self.send(bytes)?;
                    // Some hundred thousand frames in a second will do; the machine is others' too.
                    thread::sleep(Duration::from_millis(1));
                }
                Ok(())
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }
}
