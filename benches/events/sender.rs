//! Senders of deliveries: each has a connection of its own, and all keep one pace.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How fast deliveries are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// So many a minute, whether or not the former are answered.
    AMinute(u32),
    /// One after another on each connection.
    AsFastAsItGoes,
}

/// How long each answer took, the shortest first.
pub(crate) struct Measured {
    times: Vec<Duration>,
    took: Duration,
}

impl Measured {
    /// Returns the time in which a part of the answers came.
    pub(crate) fn at(&self, part: f64) -> Duration {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a part of a count"
        )]
        let at = (self.times.len() as f64 * part) as usize;
        self.times[at.min(self.times.len() - 1)]
    }

    /// Returns how many were answered in a minute.
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    pub(crate) fn a_minute(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64() * 60.0
    }
}

/// The number of the next delivery: each has a body of its own.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Sends deliveries on some connections for some time.
pub(crate) fn send(
    to: SocketAddr,
    secret: &str,
    pace: Pace,
    connections: u32,
    time: Duration,
) -> Measured {
    let begin = Instant::now();
    let work = |first: u32| {
        let mut stream = BufReader::new(TcpStream::connect(to).unwrap());
        stream.get_ref().set_nodelay(true).unwrap();
        let mut times = Vec::new();
        for turn in 0.. {
            let due = match pace {
                Pace::AsFastAsItGoes => Instant::now(),
                Pace::AMinute(count) => {
                    let number = first + turn * connections;
                    begin + Duration::from_mins(1) / count * number
                }
            };
            if due > begin + time {
                break;
            }
            let request = request(secret);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            stream.get_mut().write_all(&request).unwrap();
            read(&mut stream);
            times.push(due.elapsed());
        }
        times
    };
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|first| scope.spawn(move || work(first)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    times.sort_unstable();
    Measured {
        times,
        took: begin.elapsed(),
    }
}

/// Makes a delivery of an ordinary size, about 8 KB.
fn request(secret: &str) -> Vec<u8> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let body = serde_json::json!({
        "action": "opened",
        "issue": {
            "number": number,
            "title": "The rocket leaks",
            "body": "What happened, and what was expected. ".repeat(180),
            "labels": [{ "name": "bug" }, { "name": "area/fuel" }],
            "html_url": format!("https://github.com/acme/rocket/issues/{number}"),
        },
        "repository": { "full_name": "acme/rocket", "private": true, "default_branch": "main" },
        "sender": { "login": "octocat", "type": "User" },
    });
    let body = body.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let mut code = String::new();
    for byte in mac.finalize().into_bytes() {
        write!(code, "{byte:02x}").unwrap();
    }
    format!(
        "POST /hooks/github HTTP/1.1\r\nhost: bench\r\ncontent-length: {}\r\n\
         content-type: application/json\r\nx-github-event: issues\r\n\
         x-github-delivery: {number}\r\nx-hub-signature-256: sha256={code}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Reads one answer, which has to be 202.
fn read(stream: &mut BufReader<TcpStream>) {
    let mut length = 0;
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 202"), "{line}");
    loop {
        line.clear();
        stream.read_line(&mut line).unwrap();
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
}
