//! https: a server with a certificate of its own, which nobody vouches for.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use sendoff::git::push::{AuthCache, AuthNeed, PushOptions, TransportError};
use sendoff::net::FixedNetwork;

use crate::sandbox::Sandbox;
use crate::world::{World, step};

use super::certificate::{Certificate, settings_that_trust};
use super::hostile::{REFS, advertisement, http, service};
use super::rig::{ahead, helpers, options, push_head};

#[test]
fn n15_a_certificate_that_nobody_vouches_for_is_refused_until_the_user_names_its_authority() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let certificate = Certificate::new(&sandbox);
    let page = http("text/html", b"<html>");
    let server = Web::start(Some(&certificate), "/r.git", page);
    let url = format!("https://127.0.0.1:{}/r.git", server.port);
    let mut options = options(&sandbox);
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "tls", "{error:?}");
    options.network = certificate.network();
    // The handshake works; what answers is a page and no git server.
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "bad-response", "{error:?}");
}

#[test]
fn variables_of_the_environment_name_authorities_for_push_and_platform() {
    let world = World::new();
    let certificate = Certificate::new(&world.sandbox);
    let server = Web::start(Some(&certificate), "/", http("text/html", b"<html>"));
    let url = format!("https://127.0.0.1:{}", server.port);
    world.point_to(&format!("{url}/r.git"));
    let mut variables = world.variables();
    variables.retain(|(name, _)| *name != "PLATFORM_URL");
    let path = certificate.path.to_str().unwrap();
    variables.extend([
        ("PLATFORM_URL", url),
        ("SSL_CERT_FILE", path.to_owned()),
        (
            "SSL_CERT_DIR",
            world.sandbox.path("").to_str().unwrap().to_owned(),
        ),
        ("GIT_SSL_CAINFO", path.to_owned()),
    ]);
    let said = world.run_in(&world.work(), &["run", "--json"], &variables);
    for name in ["push", "heartbeat-clear"] {
        let reason = step(&said.report(), name)["reason"].clone();
        assert_ne!(reason, "tls", "{}", said.stdout);
    }
    // Both came as far as to ask for something.
    let asked = server.seen();
    assert!(asked.iter().any(|line| line != "a connection"), "{asked:?}");
}

#[test]
fn an_authority_that_cannot_be_read_is_told() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let mut options = options(&sandbox);
    options.network = Arc::new(FixedNetwork(settings_that_trust(
        &sandbox.path("absent.pem"),
    )));
    let url = "https://127.0.0.1:1/r.git";
    let error = push_head(&sandbox, &work, url, &options).unwrap_err();
    assert_eq!(error.class(), "tls");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("absent.pem"), "{cause}");
}

/// A web server, with or without TLS, that gives one answer and notes what it was asked.
struct Web {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Web {
    /// Starts it. It answers with `answer` what begins with `GET path`, and everything else with 404.
    fn start(keys: Option<&Certificate>, path: &str, answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let notes = Arc::clone(&seen);
        let config = keys.map(|keys| keys.server(&["http/1.1"]));
        let start = format!("GET {path}");
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                socket
                    .set_read_timeout(Some(Duration::from_secs(5)))
                    .unwrap();
                let note = |head: &str| notes.lock().unwrap().push(head.to_owned());
                match &config {
                    Some(config) => {
                        let tls = ServerConnection::new(Arc::clone(config)).unwrap();
                        talk(StreamOwned::new(tls, socket), &start, &answer, note);
                    }
                    None => talk(socket, &start, &answer, note),
                }
            }
        });
        Self { port, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn talk(mut stream: impl Read + Write, start: &str, answer: &[u8], note: impl Fn(&str)) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1..) => head.push(byte[0]),
            // Who connects and says nothing has been here, too.
            _ if head.is_empty() => return note("a connection"),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    note(&head);
    let missing = b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answer = if head.starts_with(start) {
        answer
    } else {
        &missing[..]
    };
    drop(stream.write_all(answer));
    drop(stream.flush());
}

fn redirect(to: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .into()
}

const QUESTION: &str = "/info/refs?service=git-receive-pack";

/// Options with the authority, and a login that a helper knows for every host that it is asked about.
fn trusting(sandbox: &Sandbox) -> PushOptions {
    let asked = sandbox.path("asked");
    let line = format!(
        "!grep ^host= >> {}; echo username=me; echo password=CANARY; true",
        asked.display()
    );
    PushOptions {
        network: Arc::new(FixedNetwork(settings_that_trust(&sandbox.path("cert.pem")))),
        helpers: helpers(sandbox, &[&line]),
        auth_cache: AuthCache::new(Some(AuthNeed::Required)),
        ..options(sandbox)
    }
}

#[test]
fn n11_a_redirect_away_from_https_or_to_another_origin_is_refused_and_no_login_follows() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let keys = Certificate::new(&sandbox);
    let old = sandbox.git(&work, &["rev-parse", "HEAD~1"]);
    let right = http(REFS, &[service(), advertisement(&old)].concat());
    let plain = Web::start(None, "/r.git", right.clone());
    let other = Web::start(Some(&keys), "/r.git", right);
    for to in [
        format!("http://127.0.0.1:{}/r.git{QUESTION}", plain.port),
        format!("https://127.0.0.1:{}/r.git{QUESTION}", other.port),
        format!("https://localhost:{}/r.git{QUESTION}", other.port),
        format!("https://me:CANARY@127.0.0.1:{}/r.git{QUESTION}", other.port),
        format!("//localhost:{}/r.git{QUESTION}", other.port),
    ] {
        let first = Web::start(Some(&keys), "/r.git", redirect(&to));
        let url = format!("https://127.0.0.1:{}/r.git", first.port);
        let error = push_head(&sandbox, &work, &url, &trusting(&sandbox)).unwrap_err();
        assert_eq!(error.class(), "redirect-refused", "{to}: {error:?}");
        assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
        // Only the origin that was named got the login, and only it was asked about.
        assert_eq!(first.seen().len(), 1);
        assert!(first.seen()[0].contains("authorization: Basic "));
        let asked = std::fs::read_to_string(sandbox.path("asked")).unwrap();
        let host = format!("host=127.0.0.1:{}", first.port);
        assert_eq!(asked.lines().last(), Some(host.as_str()), "{asked}");
        assert!(plain.seen().is_empty(), "{to}: {:?}", plain.seen());
        assert!(other.seen().is_empty(), "{to}: {:?}", other.seen());
    }
}

#[test]
fn a_redirect_within_an_https_origin_is_followed_with_the_login() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let keys = Certificate::new(&sandbox);
    let first = Web::start(
        Some(&keys),
        "/r.git",
        redirect(&format!("/moved.git{QUESTION}")),
    );
    let url = format!("https://127.0.0.1:{}/r.git", first.port);
    let error = push_head(&sandbox, &work, &url, &trusting(&sandbox)).unwrap_err();
    assert!(
        matches!(error.transport(), Some(TransportError::NotFound { .. })),
        "{error:?}"
    );
    let seen = first.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[1].starts_with("GET /moved.git/info/refs"), "{seen:?}");
    assert!(seen[1].contains("authorization: Basic "), "{seen:?}");
}
