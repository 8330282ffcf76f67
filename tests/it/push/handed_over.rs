//! From when on the remote works: when the last byte has left, and not when it was packed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use sendoff_push::progress::Progress;

use crate::sandbox::Sandbox;

use super::hostile::{REFS, RESULT, advertisement, http, service};
use super::rig::{About, ahead, noise, options, push_about};

/// So long the server reads nothing of the push: shorter than what is silence, and longer than packing takes.
const PAUSE: Duration = Duration::from_secs(4);

/// Notes when the pack had ended.
#[derive(Default)]
struct Ended(Mutex<Option<Instant>>);

impl Progress for Ended {
    fn counted(&self, _: u64) {}
    fn packed(&self, _: u64, _: u64) {}
    fn sent(&self, _: u64) {}
    fn pack_ended(&self) {
        self.0.lock().unwrap().replace(Instant::now());
    }
}

/// Answers the question with `refs`; the push with nothing new, when it was read at last. Tells when it begins to read.
fn serve(listener: &TcpListener, refs: &[u8], begins: &Sender<Instant>) {
    for stream in listener.incoming().map_while(Result::ok) {
        let mut reader = BufReader::with_capacity(512, stream.try_clone().unwrap());
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) < 3 {
                break;
            }
            let line = line.to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        if length == 0 {
            answer(stream, refs);
            continue;
        }
        std::thread::sleep(PAUSE);
        begins.send(Instant::now()).unwrap();
        std::io::copy(&mut reader.take(length), &mut std::io::sink()).unwrap();
        answer(stream, &http(RESULT, b"000eunpack ok\n0000"));
    }
}

fn answer(mut stream: TcpStream, answer: &[u8]) {
    // The client may have gone.
    let _gone = stream.write_all(answer);
}

#[test]
fn a_push_that_is_collected_first_has_ended_when_it_was_sent() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let old = sandbox.git(&work, &["rev-parse", "HEAD~1"]);
    // More than the system holds for a server that does not read.
    sandbox.commit(&work, "noise.txt", &noise(2_400_000), "noise");
    let refs = http(REFS, &[service(), advertisement(&old)].concat());
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/r.git", listener.local_addr().unwrap());
    let (begins, begun) = channel();
    std::thread::spawn(move || serve(&listener, &refs, &begins));
    let mut options = options(&sandbox);
    options.post_buffer = 64 << 20;
    let ended = Ended::default();
    let about = About {
        progress: &ended,
        ..About::default()
    };
    // What the server answers says nothing of our branch.
    push_about(&sandbox, &work, &url, &options, &about).unwrap_err();
    let ended = ended.0.lock().unwrap().unwrap();
    assert!(ended > begun.recv().unwrap(), "it ended before it was read");
}
