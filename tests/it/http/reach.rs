//! Who is spoken to at all: this machine, other schemes, servers without TLS or without a voucher.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sendoff::http::{Client, ClientOptions, Request, Token};
use sendoff::names::Origin;
use sendoff::net::PlainHttp;
use sendoff_testing::supervise;
use serde_json::json;
use url::Url;

use crate::forge::without_port;

use super::{SECRET, client, raw, server};

#[tokio::test]
async fn nobody_at_home_cannot_have_acted() {
    supervise!();
    let url = server().url().clone();
    let request = Request::post(url, &json!({})).unwrap();
    let error = client().send(request).await.unwrap_err();
    assert_eq!(error.class().code().as_str(), "network");
    assert!(error.is_transient() && !error.may_have_acted());
}

#[tokio::test]
async fn l11_plain_http_stays_on_this_machine_unless_the_host_is_listed() {
    supervise!();
    let url: Url = "http://sendoff.invalid/secret?token=x".parse().unwrap();
    let error = client().send(Request::get(url.clone())).await.unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"`http://sendoff.invalid` would be reached without encryption");
    let mut options = ClientOptions::new(Duration::from_secs(5));
    options.plain_http = PlainHttp::to(["Sendoff.invalid".into()]);
    let request = Request::post(url, &json!({})).unwrap();
    let error = Client::new(options).send(request).await.unwrap_err();
    assert_eq!(error.class().code().as_str(), "network");
}

#[tokio::test]
async fn other_schemes_are_refused() {
    supervise!();
    for url in ["file:///etc/passwd", "ftp://127.0.0.1/"] {
        let request = Request::get(url.parse().unwrap());
        let error = client().send(request).await.unwrap_err();
        assert_eq!(error.class().code().as_str(), "request-unusable", "{url}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_refused() {
    supervise!();
    let url = raw(|mut stream| {
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
    });
    let url: Url = url.as_str().replace("http:", "https:").parse().unwrap();
    let error = client().send(Request::get(url)).await.unwrap_err();
    insta::assert_snapshot!(without_port(&error.to_string()), @"the encrypted connection to `127.0.0.1:PORT` was refused: the server does not speak TLS at this port");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_handshake_that_stalls_is_left_in_time_and_nothing_was_sent() {
    supervise!();
    let url = raw(|mut stream| {
        let _end = stream.read(&mut [0; 1]);
    });
    let url: Url = url.as_str().replace("http:", "https:").parse().unwrap();
    let client = Client::new(ClientOptions::new(Duration::from_millis(300)));
    let start = Instant::now();
    let request = Request::post(url, &json!({})).unwrap();
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.class().code().as_str(), "timeout");
    assert!(error.is_transient() && !error.may_have_acted());
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    supervise!();
    let certificate = include_bytes!("../../wire/untrusted/certificate.der").to_vec();
    let key = include_bytes!("../../wire/untrusted/key.der").to_vec();
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
    insta::assert_snapshot!(without_port(&error.to_string()), @"the encrypted connection to `127.0.0.1:PORT` was refused: the server's certificate is self-signed, and is not trusted here");
    assert_eq!(error.class().code().as_str(), "tls");
}
