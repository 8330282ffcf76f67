//! The server: a listener that answers two questions as it was told to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{LIMIT, SHORT};

/// How a request is answered.
#[derive(Clone)]
pub(super) enum Act {
    /// With these bytes, and the end of the connection.
    Say(Vec<u8>),
    /// Not at all.
    Nothing,
    /// With these bytes, one at a time.
    Drip(Vec<u8>),
    /// With these bytes, and then with those without end.
    Flood(Vec<u8>, Vec<u8>),
    /// It reads so many bytes of the body and breaks the connection.
    BreakAfter(usize),
}

/// A server and what it noticed.
pub(super) struct Hostile {
    pub(super) url: String,
    pub(super) requests: Arc<AtomicUsize>,
    /// What it could get rid of, in bytes.
    pub(super) sent: Arc<AtomicUsize>,
}

/// Answers the question for refs with one act and the push with another.
pub(super) fn hostile(refs: Act, push: Act) -> Hostile {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/r.git", listener.local_addr().unwrap());
    let (requests, sent) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let seen = (Arc::clone(&requests), Arc::clone(&sent));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (refs, push, seen) = (
                refs.clone(),
                push.clone(),
                (Arc::clone(&seen.0), Arc::clone(&seen.1)),
            );
            thread::spawn(move || serve(stream, &refs, &push, &seen.0, &seen.1));
        }
    });
    Hostile {
        url,
        requests,
        sent,
    }
}

/// Answers one request.
fn serve(
    mut stream: TcpStream,
    refs: &Act,
    push: &Act,
    requests: &AtomicUsize,
    sent: &AtomicUsize,
) {
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1..) => head.push(byte[0]),
            _ => return,
        }
    }
    requests.fetch_add(1, Ordering::Relaxed);
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let act = if head.starts_with("get") { refs } else { push };
    match act {
        Act::BreakAfter(bytes) => {
            let mut body = vec![0; *bytes];
            drop(stream.read_exact(&mut body));
            return;
        }
        _ => read_body(&mut stream, &head),
    }
    let mut send = |bytes: &[u8]| {
        let written = stream.write_all(bytes);
        sent.fetch_add(
            if written.is_ok() { bytes.len() } else { 0 },
            Ordering::Relaxed,
        );
        written
    };
    match act {
        Act::Say(bytes) => drop(send(bytes)),
        Act::Nothing => thread::sleep(LIMIT),
        Act::Drip(bytes) => {
            for byte in bytes {
                if send(&[*byte]).is_err() {
                    return;
                }
                thread::sleep(SHORT / 3);
            }
        }
        Act::Flood(first, rest) => {
            drop(send(first));
            let begin = Instant::now();
            while begin.elapsed() < LIMIT && send(rest).is_ok() {}
        }
        Act::BreakAfter(_) => {}
    }
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
