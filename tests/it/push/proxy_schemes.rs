//! How a proxy of HTTP wants the login, what it answers to `CONNECT`, and what it does not do; beside git.

use std::io::{BufRead, BufReader, Read, Write, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::free_port;

use super::gate::{Gate, OF_PROXY, Wanted};
use super::proxy::configured;
use super::real_proxies::{more, urls};
use super::real_servers::{both, set};
use super::rig::{push_head, rendered};
use super::served::Served;

/// What a proxy says that knows users of a domain only.
const OF_DOMAIN: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM";

/// Starts a proxy that adds `line` to the head of each request, and hands it on to the proxy at `next`; or, where there is none,
/// answers `line` to `CONNECT` and makes the connection.
fn proxy(next: Option<SocketAddr>, line: String) -> SocketAddr {
    refusing(next, line, "", Then::Closes)
}

/// Starts a proxy that takes its time to make a connection.
pub(super) fn slow(delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                thread::sleep(delay);
                serve(client, None, "HTTP/1.1 200 OK", ("", Then::Closes))
            });
        }
    });
    address
}

/// What a proxy does after a refusal.
#[derive(Clone, Copy)]
enum Then {
    Closes,
    /// It keeps the connection, and hears nothing more.
    Waits,
}

/// The same; `CONNECT` without a login gets `refusal`.
fn refusing(
    next: Option<SocketAddr>,
    line: String,
    refusal: &'static str,
    then: Then,
) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let line = line.clone();
            thread::spawn(move || serve(client, next, &line, (refusal, then)));
        }
    });
    address
}

fn serve(
    mut client: TcpStream,
    next: Option<SocketAddr>,
    line: &str,
    (refusal, then): (&str, Then),
) -> Option<()> {
    let mut input = BufReader::new(client.try_clone().ok()?);
    let mut first = String::new();
    input.read_line(&mut first).ok()?;
    let mut server = if let Some(next) = next {
        let mut server = TcpStream::connect(next).ok()?;
        server
            .write_all(format!("{first}{line}\r\n").as_bytes())
            .ok()?;
        server
    } else {
        let (mut header, mut has_login) = (String::new(), false);
        while header != "\r\n" {
            header.clear();
            input.read_line(&mut header).ok()?;
            has_login |= header
                .to_ascii_lowercase()
                .starts_with("proxy-authorization:");
        }
        if !refusal.is_empty() && !has_login {
            client.write_all(refusal.as_bytes()).ok()?;
            return match then {
                Then::Closes => client.shutdown(Shutdown::Both).ok(),
                Then::Waits => input.read_to_end(&mut Vec::new()).ok().map(drop),
            };
        }
        let target = first.split(' ').nth(1)?;
        let server = TcpStream::connect(target).ok()?;
        client
            .write_all(format!("{line}\r\n\r\n").as_bytes())
            .ok()?;
        server
    };
    let mut to = server.try_clone().ok()?;
    thread::spawn(move || {
        drop(copy(&mut input, &mut to));
        drop(to.shutdown(Shutdown::Write));
    });
    drop(copy(&mut server, &mut client));
    client.shutdown(Shutdown::Both).ok()
}

/// Guards that a login that no offered scheme carries is neither sent nor called refused, and the advice.
#[test]
fn schemes_that_are_not_spoken_are_named_and_the_login_is_kept() {
    let served = Served::start(GitServerOptions::default());
    let (_front, urls) = urls(&served);
    let wanted = Wanted::basic("proxy-authorization", b"NTLM of-the-domain", OF_DOMAIN);
    let gate = Gate::start(&served.server.url(), wanted);
    let told = served.sandbox.path("told");
    let helper = format!(
        "!f() {{ echo $1 >> '{}'; [ $1 != get ] || echo password=p; }}; f",
        told.display()
    );
    set(&served, "credential.helper", &helper);
    set(&served, "http.proxy", &format!("http://u@{}", gate.address));
    for url in &urls {
        let said = both(&served, url, false);
        let said = said.replace(&gate.address.to_string(), "PROXY");
        insta::allow_duplicates! {
            insta::assert_snapshot!(said, @r"
            proxy: the proxy PROXY wants a login by Negotiate, NTLM, which sendoff does not speak
              advice: name a proxy in `http.proxy` that logs in to this one for you, such as px or cntlm
            ");
        }
    }
    // Git lets the login be forgotten.
    std::fs::remove_file(&told).unwrap();
    let options = configured(&served.sandbox, &served.work, &urls[0]);
    push_head(&served.sandbox, &served.work, &urls[0], &options).unwrap_err();
    assert_eq!(std::fs::read_to_string(told).unwrap(), "get\n");
    // The advice.
    let login = "Proxy-Authorization: NTLM of-the-domain";
    let helpful = proxy(Some(gate.address), login.to_owned());
    set(&served, "http.proxy", &format!("http://{helpful}"));
    both(&served, &urls[0], true);
}

/// Guards `http.proxyAuthMethod`: only the scheme that it names is used, and the advice where the proxy offers another.
#[test]
fn a_scheme_that_the_user_rules_out_is_not_used() {
    let served = Served::start(GitServerOptions::default());
    let (_front, urls) = urls(&served);
    let wanted = || Wanted::basic("proxy-authorization", b"Basic dTpw", OF_PROXY);
    let gate = Gate::start(&served.server.url(), wanted());
    set(
        &served,
        "http.proxy",
        &format!("http://u:p@{}", gate.address),
    );
    set(&served, "http.proxyAuthMethod", "digest");
    for url in &urls {
        let said = both(&served, url, false);
        let said = said.replace(&gate.address.to_string(), "PROXY");
        insta::allow_duplicates! {
            insta::assert_snapshot!(said, @r"
            proxy: the proxy PROXY wants a login by Basic, which `http.proxyAuthMethod` does not allow
              advice: remove `http.proxyAuthMethod` and GIT_HTTP_PROXY_AUTHMETHOD, or name one that the proxy offers
            ");
        }
    }
    // The advice, both halves of it.
    for method in ["anyauth", "basic"] {
        set(&served, "http.proxyAuthMethod", method);
        let before = gate.refused();
        both(&served, &served.url(), true);
        assert_eq!(gate.refused() > before, method == "anyauth", "{method}");
        more(&served);
    }
}

/// Guards that each status of the 200s opens the tunnel, from servers of HTTP/1.0, and whatever its headers are.
#[test]
fn each_good_answer_to_connect_opens_the_tunnel() {
    let served = Served::start(GitServerOptions::default());
    let (_front, [_, url]) = urls(&served);
    let long = format!("HTTP/1.1 200 OK\r\nX-Long: {}", "x".repeat(10_000));
    let many = format!("HTTP/1.1 200 OK{}", "\r\nX-Many: x".repeat(300));
    for answer in [
        "HTTP/1.0 200 Connection established",
        "HTTP/1.1 201 Created",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 204 No Content\r\nConnection: close",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
        "HTTP/1.1 200 OK\r\nContent-Length: 0",
        "HTTP/1.1 200 OK\r\nProxy-Agent: of two\r\n lines",
        "HTTP/1.1 200 OK\r\nProxy Agent: of two words",
        &long,
        &many,
    ] {
        let address = proxy(None, answer.to_owned());
        set(&served, "http.proxy", &format!("http://{address}"));
        both(&served, &url, true);
        more(&served);
    }
}

/// Guards refusals after which the connection is of no use: by the old header, and with a page whose end is that of the
/// connection. Neither is waited for. Some versions of git give up, others wait for minutes.
#[test]
fn a_refusal_that_ends_the_connection_is_followed_by_another_one() {
    const ASKS: &str = "HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=\"p\"\r\n";
    let served = Served::start(GitServerOptions::default());
    let (_front, [_, url]) = urls(&served);
    for refusal in [
        "Proxy-Connection: close\r\nContent-Length: 0\r\n\r\n",
        "\r\nLog in, please.",
    ] {
        let refusal = format!("{ASKS}{refusal}").leak();
        for then in [Then::Closes, Then::Waits] {
            let address = refusing(None, "HTTP/1.1 200 OK".to_owned(), refusal, then);
            set(&served, "http.proxy", &format!("http://u:p@{address}"));
            let options = configured(&served.sandbox, &served.work, &url);
            push_head(&served.sandbox, &served.work, &url, &options).unwrap();
            more(&served);
        }
    }
}

/// Guards a proxy that closes the connection which its refusal seems to keep.
#[test]
fn a_kept_connection_that_the_proxy_closes_is_followed_by_another_one() {
    const ASKS: &str =
        "HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n";
    let served = Served::start(GitServerOptions::default());
    let (_front, [_, url]) = urls(&served);
    let address = refusing(None, "HTTP/1.1 200 OK".to_owned(), ASKS, Then::Closes);
    set(&served, "http.proxy", &format!("http://u:p@{address}"));
    let options = configured(&served.sandbox, &served.work, &url);
    push_head(&served.sandbox, &served.work, &url, &options).unwrap();
}

/// Guards that a proxy which lets read, and calls each nonce of a pack stale, gets the pack a few times only.
#[test]
fn a_proxy_for_which_each_nonce_is_stale_refuses_in_the_end() {
    const STALE: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Digest realm=\"p\", nonce=\"n\", stale=true";
    let served = Served::start(GitServerOptions::default());
    let wanted = Wanted {
        lets_read: true,
        ..Wanted::basic("proxy-authorization", b"never", STALE)
    };
    let gate = Gate::start(&served.server.url(), wanted);
    set(
        &served,
        "http.proxy",
        &format!("http://u:p@{}", gate.address),
    );
    let options = configured(&served.sandbox, &served.work, &served.url());
    let error = served.push(&options).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("refuses the request without a valid login"),
        "{said}"
    );
    assert!((2..10).contains(&gate.refused()), "{}", gate.refused());
}

/// Guards that what a server says, and not the proxy, leaves the proxy's login alone.
#[test]
fn a_407_of_the_server_is_not_the_proxys() {
    let served = Served::start(GitServerOptions::default());
    let gate = Gate::start(
        &served.server.url(),
        Wanted::basic("x-never", b"", OF_PROXY),
    );
    let url = format!("http://{}/r.git", gate.address);
    let told = served.sandbox.path("told");
    let helper = format!(
        "!f() {{ echo $1 >> '{}'; [ $1 != get ] || echo password=p; }}; f",
        told.display()
    );
    set(&served, "credential.helper", &helper);
    for is_past in [true, false] {
        if is_past {
            set(&served, "http.proxy", "http://u@proxy.test:1");
            set(&served, "http.noProxy", "127.0.0.1");
        } else {
            set(&served, "http.proxy", "");
        }
        let options = configured(&served.sandbox, &served.work, &url);
        let error = push_head(&served.sandbox, &served.work, &url, &options).unwrap_err();
        insta::allow_duplicates! {
            let said = rendered(&served.sandbox, &error);
            insta::assert_snapshot!(said, @r"
            bad-response: 127.0.0.1 answered with status 407
              advice: check the remote's URL; a proxy or a login page may be in the way
            ");
        }
    }
    let told = std::fs::read_to_string(told).unwrap_or_default();
    assert!(!told.contains("erase"), "{told}");
}

/// Guards that a proxy which is not there, or speaks no HTTP, is not taken for the server.
#[test]
fn a_proxy_that_is_not_reached_is_named() {
    let served = Served::start(GitServerOptions::default());
    let (_front, urls) = urls(&served);
    let address = format!("127.0.0.1:{}", free_port());
    set(&served, "http.proxy", &format!("http://{address}"));
    for url in &urls {
        let said = both(&served, url, false).replace(&address, "PROXY");
        insta::allow_duplicates! {
            insta::assert_snapshot!(said, @r"
            network: the connection failed: the proxy PROXY cannot be reached
              because: the proxy PROXY cannot be reached
              because: tcp connect error
              because: Connection refused (os error 111)
              advice: check that the remote can be reached, then run again: nothing is lost
            ");
        }
    }
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = other.local_addr().unwrap();
    thread::spawn(move || {
        for mut client in other.incoming().map_while(Result::ok) {
            drop(client.write_all(b"SSH-2.0-x\r\n"));
        }
    });
    set(&served, "http.proxy", &format!("http://{address}"));
    let said = both(&served, &urls[0], false).replace(&address.to_string(), "PROXY");
    assert!(
        said.contains("the proxy PROXY does not speak HTTP"),
        "{said}"
    );
}
