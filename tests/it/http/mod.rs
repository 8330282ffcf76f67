//! Tests of `http`: bounds, repeats, and where a token goes.

mod hops;
mod proxies;
mod reach;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use sendoff::demo::platform_server::PlatformServer;
use sendoff::demo::{Answer, Fault};
use sendoff::http::{BODY_LIMIT, Client, ClientOptions, HttpError, Request, Response, Token};
use sendoff::names::Origin;
use sendoff_testing::supervise;
use serde_json::json;
use url::Url;

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
    supervise!();
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
async fn a_secret_that_the_server_echoes_is_taken_out_of_the_answer() {
    supervise!();
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
    supervise!();
    let server = server();
    let origin = Origin::of(server.url()).unwrap();
    for secret in ["", "two\nlines", "sp ace", "né"] {
        let token = Token::bearer(origin.clone(), secret.into());
        let request = Request::get(server.url().clone()).token(Some(&token));
        let error = client().send(request).await.unwrap_err();
        assert_eq!(error.class().code().as_str(), "request-unusable");
    }
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn n07_a_safe_request_is_repeated_until_the_server_is_back() {
    supervise!();
    let server = server();
    server.fail_with(&[503, 502]);
    server.inject([Fault::Instead(ok())]);
    assert_eq!(get(&server).await.unwrap().status(), 200);
    assert_eq!(statuses(&server), [503, 502, 200]);
}

#[tokio::test]
async fn n07_a_safe_request_is_sent_three_times_at_most() {
    supervise!();
    let server = server();
    server.fail_with(&[504; 9]);
    assert_eq!(get(&server).await.unwrap().status(), 504);
    assert_eq!(server.log().len(), 3);
}

#[tokio::test]
async fn a_post_and_a_refusal_are_never_repeated() {
    supervise!();
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
    supervise!();
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
    supervise!();
    let server = server();
    server.inject(std::iter::repeat_n(Fault::Silence, 9));
    let client = Client::new(ClientOptions::new(Duration::from_secs(2)));
    let start = Instant::now();
    let request = Request::get(server.url().clone());
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.class().code().as_str(), "timeout");
    assert!(error.is_transient() && error.may_have_acted());
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_body_that_stalls_is_left_in_time() {
    supervise!();
    let url = raw(|mut stream| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{";
        stream.write_all(head.as_bytes()).unwrap();
        let _end = stream.read(&mut [0; 1]);
    });
    let client = Client::new(ClientOptions::new(Duration::from_millis(200)));
    let request = Request::post(url, &json!({})).unwrap();
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.class().code().as_str(), "timeout");
}

#[tokio::test]
async fn n13_an_endless_body_is_cut() {
    supervise!();
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
    supervise!();
    let server = server();
    let long = Answer::text(403, "text/plain", "x".repeat(BODY_LIMIT + 1));
    server.inject([Fault::Instead(long)]);
    let response = get(&server).await.unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(response.body().len(), BODY_LIMIT);
    assert_eq!(response.excerpt().chars().count(), 200);
}

#[tokio::test]
async fn n19_answers_that_break_the_protocol_are_refused() {
    supervise!();
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{}",
        "",
    ] {
        let url = raw(move |mut stream| stream.write_all(answer.as_bytes()).unwrap());
        let request = Request::post(url, &json!({})).unwrap();
        let error = client().send(request).await.unwrap_err();
        assert_eq!(
            error.class().code().as_str(),
            "network",
            "{answer:?}: {error}"
        );
        assert!(error.may_have_acted());
    }
}

#[tokio::test]
async fn n18_more_headers_than_anyone_needs_are_refused() {
    supervise!();
    let url = raw(|mut stream| {
        let mut answer = "HTTP/1.1 200 OK\r\n".to_owned();
        answer += &"x-y: z\r\n".repeat(10_000);
        let _sent = stream.write_all((answer + "content-length: 0\r\n\r\n").as_bytes());
    });
    let request = Request::post(url, &json!({})).unwrap();
    let error = client().send(request).await.unwrap_err();
    assert_eq!(error.class().code().as_str(), "network");
}
