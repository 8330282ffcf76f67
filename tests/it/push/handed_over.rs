//! From when on the remote works: when the last byte has left, and not when it was packed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use sendoff_push::progress::Progress;

use crate::sandbox::Sandbox;

use super::hostile::{REFS, RESULT, advertisement, http, service};
use super::rig::{About, ahead, noise, options, push_about};

/// So long an end that comes too early may take to be told, once everything is packed.
const TOO_EARLY: Duration = Duration::from_millis(500);

/// What the server waits for: that everything is packed, and that the pack ended.
#[derive(Clone)]
struct Notes {
    packed: Sender<()>,
    ended: Sender<()>,
}

impl Progress for Notes {
    fn counted(&self, _: u64) {}
    fn packed(&self, done: u64, all: u64) {
        if done == all {
            // Nobody may listen any more.
            let _told = self.packed.send(());
        }
    }
    fn sent(&self, _: u64) {}
    fn pack_ended(&self) {
        let _told = self.ended.send(());
    }
}

/// What the server hears of the client.
struct Hears {
    packed: Receiver<()>,
    ended: Receiver<()>,
}

/// Answers the question with `refs`; the push with nothing new, when it was read at last. It reads nothing before everything
/// is packed; whether the pack had ended by then, or never did, is told to `early`.
fn serve(listener: &TcpListener, refs: &[u8], client: &Hears, early: &Sender<bool>) {
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
        client.packed.recv().unwrap();
        early
            .send(client.ended.recv_timeout(TOO_EARLY).is_ok())
            .unwrap();
        std::io::copy(&mut reader.take(length), &mut std::io::sink()).unwrap();
        early.send(client.ended.recv().is_err()).unwrap();
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
    let ((packed, hears_packed), (ended, hears_ended)) = (channel(), channel());
    let client = Hears {
        packed: hears_packed,
        ended: hears_ended,
    };
    let (early, was_early) = channel();
    std::thread::spawn(move || serve(&listener, &refs, &client, &early));
    let mut options = options(&sandbox);
    options.post_buffer = 64 << 20;
    let notes = Notes { packed, ended };
    let about = About {
        progress: &notes,
        ..About::default()
    };
    // What the server answers says nothing of our branch.
    push_about(&sandbox, &work, &url, &options, &about).unwrap_err();
    assert!(!was_early.recv().unwrap(), "it ended before it was read");
    assert!(!was_early.recv().unwrap(), "it never ended");
}
