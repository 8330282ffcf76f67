//! Connections that break in the middle of a pack.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sendoff::demo::git_server::GitServerOptions;
use sendoff::git::push::TransportError;
use sendoff_push::Action;
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

use super::hostile::{REFS, advertisement, http, service};
use super::rig::{ahead, login, noise, options, push_head, server};

/// A proxy that lets `limit` bytes through to the server, over all connections, and then breaks them.
fn cutting(upstream: SocketAddr, limit: usize) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let left = Arc::new(AtomicUsize::new(limit));
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(upstream) else {
                return;
            };
            let (back_from, back_to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || pass(back_from, back_to, &AtomicUsize::new(usize::MAX)));
            let left = Arc::clone(&left);
            thread::spawn(move || pass(client, server, &left));
        }
    });
    address
}

/// Passes bytes on until one side ends or nothing is left; then breaks both.
fn pass(mut from: TcpStream, mut to: TcpStream, left: &AtomicUsize) {
    let mut buffer = vec![0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let now = left.load(Ordering::Relaxed);
        let some = read.min(now);
        left.store(now - some, Ordering::Relaxed);
        if to.write_all(&buffer[..some]).is_err() || some < read {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}

#[test]
fn n06_a_connection_that_breaks_within_the_pack_moves_no_ref_and_the_next_push_succeeds() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    sandbox.commit(&work, "noise.txt", &noise(400_000), "noise");
    let server = server(&sandbox, GitServerOptions::default());
    let upstream = server.url().replace("http://", "").parse().unwrap();
    let before = sandbox.git(&remote, &["for-each-ref"]);
    // The advertisement takes some hundred bytes, the pack more than a million.
    for limit in [1_000, 700_000, 1_300_000] {
        let url = format!("http://{}/r.git", cutting(upstream, limit));
        let error = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap_err();
        // What was on its way when the connection broke may have been everything; only then is the
        // remote asked again, and this proxy lets nothing more through.
        let class = error.class();
        assert!(
            ["network", "unknown-outcome"].contains(&class),
            "{limit}: {error:?}"
        );
        assert!(error.is_transient());
        assert_eq!(sandbox.git(&remote, &["for-each-ref"]), before, "{limit}");
    }
    let url = format!("{}/r.git", server.url());
    let pushed = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap();
    assert_eq!(pushed.action, Action::Updated);
    assert!(pushed.bytes > 1_300_000, "{}", pushed.bytes);
    assert_eq!(sandbox.git(&remote, &["fsck", "--full", "--strict"]), "");
}

/// A server that answers a push at once and reads nothing of it, while the connection stays.
fn hasty(refs: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap() == 1 {
                head.push(byte[0]);
            }
            let refused = &b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"[..];
            let is_question = head.starts_with(b"GET");
            client
                .write_all(if is_question { &refs } else { refused })
                .unwrap();
            kept.extend((!is_question).then_some(client));
        }
    });
    address
}

#[test]
fn an_answer_to_a_push_of_which_nothing_is_read_ends_it() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let old = sandbox.git(&work, &["rev-parse", "HEAD~1"]);
    sandbox.commit(&work, "noise.txt", &noise(4_000_000), "noise");
    let refs = http(REFS, &[service(), advertisement(&old)].concat());
    let url = format!("http://{}/r.git", hasty(refs));
    let mut options = options(&sandbox);
    // No empty request goes before it.
    options.login = Some(login("me", "pw"));
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert!(
        matches!(error.transport(), Some(TransportError::Forbidden { .. })),
        "{error:?}"
    );
}
