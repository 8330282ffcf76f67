//! Tests of `http`: bounds, redirects, repeats, and where a token goes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Url;
use sendoff::demo::platform_server::PlatformServer;
use sendoff::demo::{Answer, Fault};
use sendoff::http::{BODY_LIMIT, Client, ClientOptions, HttpError, Request, Response, Token};
use sendoff::names::Origin;
use serde_json::json;

use crate::forge::without_port;

const SECRET: &str = "canary-1b2c3d4e5f";

/// A server that answers as it is told; what it would do by itself does not matter here.
fn server() -> PlatformServer {
    PlatformServer::start("w", None).unwrap()
}

fn client() -> Client {
    Client::new(ClientOptions::new(Duration::from_secs(5)))
}

fn ok() -> Answer {
    Answer::json(200, &json!({"ok": true}))
}

fn moved(status: u16, to: impl Into<String>) -> Answer {
    Answer::json(status, &json!({})).header("location", to)
}

fn token(url: &Url) -> Token {
    Token::bearer(Origin::of(url).unwrap(), SECRET.into())
}

fn statuses(server: &PlatformServer) -> Vec<u16> {
    let log = server.log().into_iter();
    log.filter_map(|logged| Some(logged.answer?.status))
        .collect()
}

async fn get(server: &PlatformServer) -> Result<Response, HttpError> {
    client().send(Request::get(server.url().clone())).await
}

/// Accepts one connection after the other, and hands each with its request read to `serve`.
fn raw(serve: impl Fn(TcpStream) + Send + 'static) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        // No request is sent more often.
        for stream in listener.incoming().take(3) {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _read = stream.read(&mut request);
            serve(stream);
        }
    });
    url.parse().unwrap()
}

#[tokio::test]
async fn a_token_goes_to_its_own_origin_only() {
    let (server, other) = (server(), server());
    let token = token(server.url());
    for url in [server.url(), other.url()] {
        let request = Request::get(url.clone()).token(Some(&token));
        client().send(request).await.unwrap();
    }
    assert!(server.log()[0].authorization().is_some());
    assert_eq!(other.log()[0].authorization(), None);
    assert!(!format!("{token:?}").contains(SECRET));
}

#[tokio::test]
async fn a_password_goes_with_its_user_and_is_shown_nowhere() {
    let server = server();
    let origin = Origin::of(server.url()).unwrap();
    let token = Token::basic(origin, "user".into(), "password".into());
    assert!(!format!("{token:?}").contains("password"));
    let request = Request::get(server.url().clone()).token(Some(&token));
    client().send(request).await.unwrap();
    let expected = Some("Basic dXNlcjpwYXNzd29yZA==");
    assert_eq!(server.log()[0].authorization(), expected);
}

#[tokio::test]
async fn a_secret_that_the_server_echoes_is_taken_out_of_the_answer() {
    let server = server();
    let echo = Answer::text(200, "text/plain", format!("you said {SECRET}"));
    server.inject([Fault::Instead(echo.header("x-echo", SECRET))]);
    let request = Request::get(server.url().clone()).token(Some(&token(server.url())));
    let response = client().send(request).await.unwrap();
    assert_eq!(response.excerpt(), "you said [REDACTED]");
    assert_eq!(response.header("x-echo"), Some("[REDACTED]"));
}

#[tokio::test]
async fn a_token_that_no_header_may_hold_is_refused_before_anything_is_sent() {
    let server = server();
    let origin = Origin::of(server.url()).unwrap();
    for secret in ["", "two\nlines", "sp ace", "né"] {
        let token = Token::bearer(origin.clone(), secret.into());
        let request = Request::get(server.url().clone()).token(Some(&token));
        let error = client().send(request).await.unwrap_err();
        assert_eq!(error.class().code(), "request-unusable");
    }
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn a_get_follows_one_hop_within_its_origin() {
    let server = server();
    server.inject([
        Fault::Instead(moved(301, "/elsewhere?a=b")),
        Fault::Instead(ok()),
    ]);
    let token = token(server.url());
    let request = Request::get(server.url().clone()).token(Some(&token));
    let response = client().send(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.url().path(), "/elsewhere");
    let log = server.log();
    assert_eq!(
        (log[1].path.as_str(), log[1].query.as_str()),
        ("/elsewhere", "a=b")
    );
    assert!(log[1].authorization().is_some());
}

#[tokio::test]
async fn a_loop_of_hops_ends_after_the_first() {
    let server = server();
    server.inject(std::iter::repeat_n(
        Fault::Instead(moved(302, "/again")),
        20,
    ));
    let error = get(&server).await.unwrap_err();
    assert_eq!(error.class().code(), "redirect-refused");
    assert_eq!(server.log().len(), 2);
}

#[tokio::test]
async fn a_post_is_sent_again_only_where_method_and_body_are_kept() {
    let server = server();
    for (status, followed) in [
        (307, true),
        (308, true),
        (301, false),
        (302, false),
        (303, false),
    ] {
        server.inject([Fault::Instead(moved(status, "/new")), Fault::Instead(ok())]);
        let before = server.log().len();
        let request = Request::post(server.url().clone(), &json!({"a": 1})).unwrap();
        let outcome = client().send(request).await;
        assert_eq!(outcome.is_ok(), followed, "{status}");
        if followed {
            let again = &server.log()[before + 1];
            assert_eq!(
                (again.method.as_str(), again.body.as_slice()),
                ("POST", &br#"{"a":1}"#[..])
            );
        } else {
            get(&server).await.unwrap();
        }
    }
}

#[tokio::test]
async fn no_hop_leaves_the_origin() {
    let (server, other) = (server(), server());
    let port = other.url().port().unwrap();
    for to in [
        other.url().to_string(),
        format!("//127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{}/", server.url().port().unwrap()),
        format!("http://localhost:{}/", server.url().port().unwrap()),
        "javascript:alert(1)".to_owned(),
    ] {
        server.inject([Fault::Instead(moved(302, to.clone()))]);
        let error = get(&server).await.unwrap_err();
        assert_eq!(error.class().code(), "redirect-refused", "{to}");
    }
    assert!(other.log().is_empty());
}

#[tokio::test]
async fn a_safe_request_is_repeated_until_the_server_is_back() {
    let server = server();
    server.fail_with(&[503, 502]);
    server.inject([Fault::Instead(ok())]);
    assert_eq!(get(&server).await.unwrap().status(), 200);
    assert_eq!(statuses(&server), [503, 502, 200]);
}

#[tokio::test]
async fn a_safe_request_is_sent_three_times_at_most() {
    let server = server();
    server.fail_with(&[504; 9]);
    assert_eq!(get(&server).await.unwrap().status(), 504);
    assert_eq!(server.log().len(), 3);
}

#[tokio::test]
async fn a_post_and_a_refusal_are_never_repeated() {
    let server = server();
    server.fail_with(&[503, 500, 404]);
    let request = Request::post(server.url().clone(), &json!({})).unwrap();
    assert_eq!(client().send(request).await.unwrap().status(), 503);
    assert_eq!(get(&server).await.unwrap().status(), 500);
    assert_eq!(get(&server).await.unwrap().status(), 404);
    assert_eq!(server.log().len(), 3);
}

#[tokio::test]
async fn retry_after_is_honoured_when_it_fits_and_reported_when_it_does_not() {
    let server = server();
    let limited = |after: &str| Answer::json(429, &json!({})).header("retry-after", after);
    server.inject([Fault::Instead(limited("1")), Fault::Instead(ok())]);
    let start = Instant::now();
    assert_eq!(get(&server).await.unwrap().status(), 200);
    assert!(start.elapsed() >= Duration::from_secs(1));
    server.inject([Fault::Instead(limited("3600"))]);
    let response = get(&server).await.unwrap();
    assert_eq!(response.status(), 429);
    let wait = response
        .retry_after()
        .unwrap()
        .duration_since(response.received_at());
    assert_eq!(wait.as_secs(), 3600);
    server.inject([Fault::Instead(limited("-1"))]);
    assert_eq!(get(&server).await.unwrap().retry_after(), None);
}

#[tokio::test]
async fn a_silent_server_is_left_within_the_budget() {
    let server = server();
    server.inject(std::iter::repeat_n(Fault::Silence, 9));
    let client = Client::new(ClientOptions::new(Duration::from_millis(200)));
    let start = Instant::now();
    let request = Request::get(server.url().clone());
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.class().code(), "timeout");
    assert!(error.is_transient() && error.may_have_acted());
    assert!(
        start.elapsed() < Duration::from_millis(1500),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_body_that_stalls_is_left_in_time() {
    let url = raw(|mut stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{";
        stream.write_all(head.as_bytes()).unwrap();
        let _end = stream.read(&mut [0; 1]);
    });
    let client = Client::new(ClientOptions::new(Duration::from_millis(200)));
    let request = Request::post(url, &json!({})).unwrap();
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.class().code(), "timeout");
}

#[tokio::test]
async fn an_endless_body_is_cut() {
    let url = raw(|mut stream| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        while stream.write_all(chunk.as_bytes()).is_ok() {}
    });
    let error = client().send(Request::get(url)).await.unwrap_err();
    insta::assert_snapshot!(without_port(&error.to_string()), @"the answer of `127.0.0.1:PORT` is larger than 4194304 bytes");
}

#[tokio::test]
async fn an_endless_refusal_is_understood_by_its_beginning() {
    let server = server();
    let long = Answer::text(403, "text/plain", "x".repeat(BODY_LIMIT + 1));
    server.inject([Fault::Instead(long)]);
    let response = get(&server).await.unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(response.body().len(), BODY_LIMIT);
    assert_eq!(response.excerpt().chars().count(), 200);
}

#[tokio::test]
async fn answers_that_break_the_protocol_are_refused() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{}",
        "",
    ] {
        let url = raw(move |mut stream| stream.write_all(answer.as_bytes()).unwrap());
        let request = Request::post(url, &json!({})).unwrap();
        let error = client().send(request).await.unwrap_err();
        assert_eq!(error.class().code(), "network", "{answer:?}: {error}");
        assert!(error.may_have_acted());
    }
}

#[tokio::test]
async fn more_headers_than_anyone_needs_are_refused() {
    let url = raw(|mut stream| {
        let mut answer = "HTTP/1.1 200 OK\r\n".to_owned();
        answer += &"x-y: z\r\n".repeat(10_000);
        let _sent = stream.write_all((answer + "content-length: 0\r\n\r\n").as_bytes());
    });
    let request = Request::post(url, &json!({})).unwrap();
    let error = client().send(request).await.unwrap_err();
    assert_eq!(error.class().code(), "network");
}

#[tokio::test]
async fn nobody_at_home_cannot_have_acted() {
    let url = server().url().clone();
    let request = Request::post(url, &json!({})).unwrap();
    let error = client().send(request).await.unwrap_err();
    assert_eq!(error.class().code(), "network");
    assert!(error.is_transient() && !error.may_have_acted());
}

#[tokio::test]
async fn plain_http_stays_on_this_machine_unless_the_host_is_listed() {
    let url: Url = "http://sendoff.invalid/secret?token=x".parse().unwrap();
    let error = client().send(Request::get(url.clone())).await.unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"`http://sendoff.invalid` would be reached without encryption");
    let mut options = ClientOptions::new(Duration::from_secs(5));
    options.plain_http_hosts = vec!["Sendoff.invalid".into()];
    let request = Request::post(url, &json!({})).unwrap();
    let error = Client::new(options).send(request).await.unwrap_err();
    assert_eq!(error.class().code(), "network");
}

#[tokio::test]
async fn other_schemes_are_refused() {
    for url in ["file:///etc/passwd", "ftp://127.0.0.1/"] {
        let request = Request::get(url.parse().unwrap());
        let error = client().send(request).await.unwrap_err();
        assert_eq!(error.class().code(), "request-unusable", "{url}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_refused() {
    let url = raw(|mut stream| {
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
    });
    let url: Url = url.as_str().replace("http:", "https:").parse().unwrap();
    let error = client().send(Request::get(url)).await.unwrap_err();
    insta::assert_snapshot!(without_port(&error.to_string()), @"the encrypted connection to `127.0.0.1:PORT` was refused: received corrupt message of type InvalidContentType");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_handshake_that_stalls_is_left_in_time_and_nothing_was_sent() {
    let url = raw(|mut stream| {
        let _end = stream.read(&mut [0; 1]);
    });
    let url: Url = url.as_str().replace("http:", "https:").parse().unwrap();
    let client = Client::new(ClientOptions::new(Duration::from_millis(300)));
    let start = Instant::now();
    let request = Request::post(url, &json!({})).unwrap();
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.class().code(), "timeout");
    assert!(error.is_transient() && !error.may_have_acted());
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let certificate = include_bytes!("../wire/untrusted/certificate.der").to_vec();
    let key = include_bytes!("../wire/untrusted/key.der").to_vec();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.into()],
            rustls::pki_types::PrivatePkcs8KeyDer::from(key).into(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let config = Arc::new(config);
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let _end = stream.read(&mut [0; 1024]);
        }
    });
    let token = Token::bearer(Origin::of(&url.parse().unwrap()).unwrap(), SECRET.into());
    let request = Request::get(url.parse().unwrap()).token(Some(&token));
    let error = client().send(request).await.unwrap_err();
    insta::assert_snapshot!(without_port(&error.to_string()), @"the encrypted connection to `127.0.0.1:PORT` was refused: invalid peer certificate: UnknownIssuer");
    assert_eq!(error.class().code(), "tls");
}
