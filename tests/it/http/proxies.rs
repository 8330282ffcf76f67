//! The proxy of forge and platform: the login as it wants it, and what is said where it wants another one.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sendoff::http::{Client, ClientOptions, Request};
use sendoff::net::{
    ConnectorSettings, FixedNetwork, LoopbackProxy, NetError, Network, ProxyRule, ProxyUrl,
};
use sendoff_testing::supervise;
use serde_json::json;
use url::Url;

/// The size of each body, in bytes: no socket takes it at once.
const SIZE: usize = 900_000;

/// Starts a proxy that answers 407 with `challenge` to what carries no login of `scheme`, and blanks to the rest. Returns its host
/// and port, and the login of each request.
fn proxy(challenge: &'static str, scheme: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(&socket).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let login = head.iter().find_map(|line| {
                let line = line.strip_prefix("proxy-authorization: ")?;
                Some(line.to_owned())
            });
            let login = login.unwrap_or_default();
            let status = if login.starts_with(scheme) {
                "200 OK".to_owned()
            } else {
                format!("407 Login\r\nProxy-Authenticate: {challenge}")
            };
            kept.lock().unwrap().push(login);
            let text = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {SIZE}\r\nConnection: close\r\n\r\n{}",
                " ".repeat(SIZE)
            );
            drop(socket.write_all(text.as_bytes()));
        }
    });
    (place, seen)
}

fn settings(proxy: &str) -> ConnectorSettings {
    ConnectorSettings {
        proxy: ProxyRule {
            proxy: ProxyUrl::parse(&format!("http://{proxy}"), "`http.proxy`").unwrap(),
            loopback: LoopbackProxy::AsConfigured,
            ..ProxyRule::default()
        },
        ..ConnectorSettings::default()
    }
}

fn client(proxy: &str) -> Client {
    let mut options = ClientOptions::new(Duration::from_secs(20));
    options.network = Arc::new(FixedNetwork(settings(proxy)));
    Client::new(options)
}

#[tokio::test]
async fn the_login_goes_as_digest_where_the_proxy_wants_it_so() {
    supervise!();
    let (place, seen) = proxy("Digest realm=\"p\", nonce=\"n\", qop=\"auth\"", "Digest ");
    let client = client(&format!("u:p@{place}"));
    let url: Url = "http://127.0.0.1:1/memories?x=1".parse().unwrap();
    let post = Request::post(url.clone(), &json!({"a": 1})).unwrap();
    for request in [post, Request::get(url)] {
        assert!(client.send(request).await.unwrap().is_success());
    }
    let seen = seen.lock().unwrap();
    // What it wants is asked for once.
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(seen[0], "");
    for (login, count) in [(&seen[1], "nc=00000001"), (&seen[2], "nc=00000002")] {
        assert!(login.contains("uri=\"http://127.0.0.1:1/memories?x=1\""));
        assert!(login.contains(count), "{login}");
    }
}

#[tokio::test]
async fn a_scheme_that_is_not_spoken_is_named_and_nothing_can_have_been_done() {
    supervise!();
    let (place, seen) = proxy("NTLM", "NTLM ");
    let url = "http://127.0.0.1:1/memories".parse().unwrap();
    let post = Request::post(url, &json!({})).unwrap();
    let error = client(&format!("u:p@{place}"))
        .send(post)
        .await
        .unwrap_err();
    let text = format!("{error}\n{}", error.advice());
    insta::assert_snapshot!(text, @r"
    `127.0.0.1:1` cannot be reached through the proxy: it wants a login by NTLM, which sendoff does not speak
    check `http.proxy`, the `*_proxy` variables and `network.proxy`; a credential helper can keep the proxy's login
    ");
    assert!(!error.may_have_acted());
    assert_eq!(*seen.lock().unwrap(), [""]);
}

/// Another login, which takes longer than a request may.
#[derive(Debug)]
struct SlowHelper(ConnectorSettings, ConnectorSettings);

const TIMEOUT: Duration = Duration::from_secs(2);

impl Network for SlowHelper {
    fn settings(&self, _: &Url) -> Result<ConnectorSettings, NetError> {
        Ok(self.0.clone())
    }

    fn after_proxy_refusal(&self, _: &ConnectorSettings) -> Option<ConnectorSettings> {
        std::thread::sleep(TIMEOUT * 2);
        Some(self.1.clone())
    }
}

#[tokio::test]
async fn a_helper_may_take_longer_than_the_request_for_which_it_is_asked() {
    supervise!();
    let (place, seen) = proxy("Basic realm=\"p\"", "Basic ");
    let mut options = ClientOptions::new(TIMEOUT);
    let other = settings(&format!("u:p@{place}"));
    options.network = Arc::new(SlowHelper(settings(&place), other));
    let url = "http://127.0.0.1:1/memories".parse().unwrap();
    let post = Request::post(url, &json!({})).unwrap();
    let answer = Client::new(options).send(post).await.unwrap();
    assert_eq!(answer.body().len(), SIZE);
    assert_eq!(seen.lock().unwrap().len(), 3);
}

/// Guards that a proxy which is busy is asked again, and one that forbids the connection is not.
#[tokio::test]
async fn what_a_proxy_answers_to_connect_passes_or_does_not() {
    supervise!();
    for (status, passes, text) in [
        (
            "503 Service Unavailable",
            true,
            "`git.test` cannot be reached: the proxy answered 503 Service Unavailable and opened no connection",
        ),
        (
            "429 Too Many Requests",
            true,
            "`git.test` cannot be reached: the proxy answered 429 Too Many Requests and opened no connection",
        ),
        (
            "403 Forbidden",
            false,
            "`git.test` cannot be reached through the proxy: it answered 403 Forbidden and opened no connection",
        ),
    ] {
        let url = super::raw(move |mut stream| {
            let text = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(text.as_bytes()).unwrap();
        });
        let place = url.as_str().replace("http://", "");
        let post = Request::post("https://git.test/x".parse().unwrap(), &json!({})).unwrap();
        let error = client(place.trim_end_matches('/'))
            .send(post)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), text);
        assert_eq!(error.is_transient(), passes);
        assert!(!error.may_have_acted());
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_reached_is_named() {
    supervise!();
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let place = free.local_addr().unwrap().to_string();
    drop(free);
    for url in ["https://git.test/x", "http://127.0.0.1:1/x"] {
        let post = Request::post(url.parse().unwrap(), &json!({})).unwrap();
        let error = client(&place).send(post).await.unwrap_err();
        let text = format!("the proxy {place} is not reached: Connection refused (os error 111)");
        assert!(error.to_string().ends_with(&text), "{error}");
        assert!(error.is_transient() && !error.may_have_acted());
    }
}
