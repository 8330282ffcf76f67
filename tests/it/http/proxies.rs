//! The proxy of forge and platform: the login as it wants it, and what is said where it wants another one.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sendoff::http::{Client, ClientOptions, Request};
use sendoff::net::{ConnectorSettings, FixedNetwork, LoopbackProxy, ProxyRule, ProxyUrl};
use sendoff_testing::supervise;
use serde_json::json;
use url::Url;

/// Starts a proxy that answers 407 with `challenge` to what carries no login of `scheme`, and `{}` to the rest. Returns its host
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
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
            );
            drop(socket.write_all(text.as_bytes()));
        }
    });
    (place, seen)
}

fn client(proxy: &str) -> Client {
    let settings = ConnectorSettings {
        proxy: ProxyRule {
            proxy: ProxyUrl::parse(&format!("http://u:p@{proxy}"), "`http.proxy`").unwrap(),
            loopback: LoopbackProxy::AsConfigured,
            ..ProxyRule::default()
        },
        ..ConnectorSettings::default()
    };
    let mut options = ClientOptions::new(Duration::from_secs(20));
    options.network = Arc::new(FixedNetwork(settings));
    Client::new(options)
}

#[tokio::test]
async fn the_login_goes_as_digest_where_the_proxy_wants_it_so() {
    supervise!();
    let (place, seen) = proxy("Digest realm=\"p\", nonce=\"n\", qop=\"auth\"", "Digest ");
    let client = client(&place);
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
    let error = client(&place).send(post).await.unwrap_err();
    let text = format!("{error}\n{}", error.advice());
    insta::assert_snapshot!(text, @r"
    `127.0.0.1:1` cannot be reached through the proxy: it wants a login by NTLM, which sendoff does not speak
    check `http.proxy`, the `*_proxy` variables and `network.proxy`; a credential helper can keep the proxy's login
    ");
    assert!(!error.may_have_acted());
    assert_eq!(*seen.lock().unwrap(), [""]);
}
