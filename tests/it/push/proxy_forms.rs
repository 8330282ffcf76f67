//! Proxies as people write them down, and as they answer: logins without a password, sections of helpers, sockets of this
//! machine, slow ones and silent ones; beside git.

use std::io::{Read, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use sendoff::demo::git_server::GitServerOptions;
use sendoff::environment::Environment;
use sendoff::git::push::PushOptions;

use super::as_git::Twin;
use super::gate::{Gate, OF_PROXY, Wanted};
use super::proxy::{configured, configured_in};
use super::proxy_schemes;
use super::real_proxies::{more, urls};
use super::real_servers::{both, set};
use super::rig::{push_head, rendered};
use super::served::Served;
use super::socks::{self, Wants};

/// What the proxy of SOCKS wants.
const LOGIN: Wants = Wants::Login(b"p");

/// Makes a helper that answers a password, and writes down what it is called for.
fn helper(twin: &Twin, password: &str) -> String {
    let told = twin.served.sandbox.path("told");
    format!(
        "!f() {{ echo $1 >> '{}'; [ $1 != get ] || echo password={password}; }}; f",
        told.display()
    )
}

/// Adds a helper for `section` that writes a file when it is asked. Returns the file.
fn never_asked(twin: &Twin, section: &str) -> PathBuf {
    let asked = twin.served.sandbox.path("asked");
    let line = format!("!f() {{ echo $1 >> '{}'; }}; f", asked.display());
    twin.configure(&format!("credential.{section}.helper"), &line);
    asked
}

/// Guards a token in the place of the user, with a colon and nothing after it: no helper is asked, and none told to forget its own.
#[test]
fn an_empty_password_in_the_proxys_url_is_a_whole_login() {
    let twin = Twin::new(GitServerOptions::default());
    let wanted = Wanted::basic("proxy-authorization", b"Basic VE9LOg==", OF_PROXY);
    let gate = Gate::start(&twin.served.server.url(), wanted);
    twin.configure("http.proxy", &format!("http://TOK:@{}", gate.address));
    twin.configure("credential.helper", &helper(&twin, "other"));
    twin.both_arrive();
    let told = std::fs::read_to_string(twin.served.sandbox.path("told")).unwrap_or_default();
    assert!(
        !told.contains("get") && !told.contains("erase"),
        "the helper was called: {told}"
    );
}

#[test]
fn a_section_of_helpers_can_name_the_proxys_user() {
    let twin = Twin::new(GitServerOptions::default());
    let wanted = Wanted::basic("proxy-authorization", b"Basic dTpw", OF_PROXY);
    let gate = Gate::start(&twin.served.server.url(), wanted);
    let url = format!("http://u@{}", gate.address);
    twin.configure("http.proxy", &url);
    // What is for the web server of that host, or for another one, is not the proxy's.
    for other in ["http://127.0.0.1", "http://u@127.0.0.1:80"] {
        never_asked(&twin, other);
    }
    twin.configure(&format!("credential.{url}.helper"), &helper(&twin, "p"));
    let other = url.replace("u@", "other@");
    let asked = never_asked(&twin, &other);
    twin.both_arrive();
    assert!(!asked.exists());
}

#[test]
fn a_section_of_helpers_can_name_a_proxy_of_socks() {
    for scheme in ["socks5", "socks5h"] {
        let twin = Twin::new(GitServerOptions::default());
        let place = socks::proxy(LOGIN);
        twin.configure("http.proxy", &format!("{scheme}://u@{place}"));
        for other in ["127.0.0.1", "127.0.0.1:1"] {
            never_asked(&twin, &format!("{scheme}://{other}"));
        }
        let section = format!("credential.{scheme}://{place}.helper");
        twin.configure(&section, &helper(&twin, "p"));
        twin.both_arrive();
        assert!(!twin.served.sandbox.path("asked").exists());
    }
}

/// Guards that `http.proxyAuthMethod`, which is of a header, leaves the login of SOCKS alone.
#[test]
fn the_login_of_socks_knows_no_method() {
    let twin = Twin::new(GitServerOptions::default());
    let place = socks::proxy(LOGIN);
    twin.configure("http.proxy", &format!("socks5h://u:p@{place}"));
    twin.configure("http.proxyAuthMethod", "ntlm");
    twin.both_arrive();
}

/// Listens at a socket of this machine, and hands on to a proxy.
fn socket_before(place: &str, path: &Path) {
    let listener = UnixListener::bind(path).unwrap();
    let place = place.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let proxy = TcpStream::connect(&place).unwrap();
            let (mut from, mut to) = (proxy.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || {
                drop(copy(&mut from, &mut to));
                drop(to.shutdown(Shutdown::Both));
            });
            thread::spawn(move || hand_on(client, proxy));
        }
    });
}

fn hand_on(mut client: UnixStream, mut proxy: TcpStream) {
    drop(copy(&mut client, &mut proxy));
    drop(proxy.shutdown(Shutdown::Write));
}

/// Guards a proxy such as Tor's, which listens at a socket of this machine.
#[test]
fn a_proxy_of_socks_at_a_socket_is_gone_through_as_by_git() {
    let served = Served::start(GitServerOptions::default());
    let socket = served.sandbox.path("so cket");
    socket_before(&socks::proxy(LOGIN), &socket);
    let path = socket.to_str().unwrap().replace(' ', "%20");
    for scheme in ["socks5", "socks5h", "socks4", "socks4a"] {
        set(
            &served,
            "http.proxy",
            &format!("{scheme}://u:p@localhost{path}"),
        );
        both(&served, &served.url(), true);
        more(&served);
    }
    set(&served, "http.proxy", "socks5h://localhost/nowhere/socket");
    let said = both(&served, &served.url(), false);
    insta::assert_snapshot!(said, @r"
    network: the connection failed: the proxy localhost/nowhere/socket cannot be reached
      because: the proxy localhost/nowhere/socket cannot be reached
      because: No such file or directory (os error 2)
      advice: check that the remote can be reached, then run again: nothing is lost
    ");
    for wrong in ["http://localhost", "socks5h://127.0.0.1"] {
        set(&served, "http.proxy", &format!("{wrong}{path}"));
        let said = both(&served, &served.url(), false);
        assert!(said.contains("it holds a path"), "{said}");
    }
}

/// Guards a proxy that takes longer than TCP may: it looks the name up, and connects itself.
#[test]
fn a_slow_proxy_is_waited_for() {
    let served = Served::start(GitServerOptions::default());
    let (_front, [_, url]) = urls(&served);
    let address = proxy_schemes::slow(Duration::from_secs(4));
    set(&served, "http.proxy", &format!("http://{address}"));
    let options = PushOptions {
        connect_timeout: Duration::from_secs(2),
        ..configured(&served.sandbox, &served.work, &url)
    };
    push_head(&served.sandbox, &served.work, &url, &options).unwrap();
}

/// Starts what answers each connection with `text`, and then waits.
fn saying(text: &'static [u8]) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                drop(client.write_all(text));
                drop(client.read_to_end(&mut Vec::new()));
            });
        }
    });
    address
}

/// Guards that what is no proxy, or not of the kind that the URL says, is told by its name and not by the remote's.
#[test]
fn what_does_not_answer_as_a_proxy_does_is_named() {
    let served = Served::start(GitServerOptions::default());
    let (_front, urls) = urls(&served);
    let silent = "the proxy PROXY opened no connection";
    let cases: [(&str, &'static [u8], &str); 4] = [
        ("http", b"", silent),
        ("socks5", b"", silent),
        (
            "http",
            b"SSH-2.0-x\r\n",
            "the proxy PROXY does not speak HTTP",
        ),
        (
            "socks5",
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "the proxy opened no connection: it does not speak SOCKS 5",
        ),
    ];
    for (scheme, text, telling) in cases {
        let address = saying(text);
        set(&served, "http.proxy", &format!("{scheme}://{address}"));
        // Half of the push's time is for the connection, and the other half is patience.
        let options = PushOptions {
            connect_timeout: Duration::from_secs(2),
            push_timeout: Duration::from_secs(8),
            ..configured(&served.sandbox, &served.work, &urls[1])
        };
        let error = push_head(&served.sandbox, &served.work, &urls[1], &options).unwrap_err();
        assert_eq!(error.class(), "network");
        let said = rendered(&served.sandbox, &error).replace(&address, "PROXY");
        assert!(said.contains(telling), "{said}");
    }
}

/// Guards that only a proxy is waited for so long: what has TLS and does not speak it is given up as before.
#[test]
fn without_a_proxy_a_connection_has_the_time_of_one() {
    let served = Served::start(GitServerOptions::default());
    let (_front, _urls) = urls(&served);
    let url = format!("https://{}/r.git", saying(b""));
    let options = PushOptions {
        connect_timeout: Duration::from_secs(1),
        push_timeout: Duration::from_mins(1),
        ..configured(&served.sandbox, &served.work, &url)
    };
    let begin = Instant::now();
    push_head(&served.sandbox, &served.work, &url, &options).unwrap_err();
    let taken = begin.elapsed();
    assert!(taken < Duration::from_secs(20), "{taken:?}");
}

/// Guards that a proxy which forbids the remote is not tried again and again, and the advice.
#[test]
fn a_proxy_that_forbids_the_remote_says_so() {
    let served = Served::start(GitServerOptions::default());
    let (_front, [_, url]) = urls(&served);
    let wanted = Wanted::basic("x-never", b"", "HTTP/1.1 403 Forbidden");
    let gate = Gate::start(&served.server.url(), wanted);
    set(&served, "http.proxy", &format!("http://{}", gate.address));
    let said = both(&served, &url, false);
    insta::assert_snapshot!(said.replace(&gate.address.to_string(), "PROXY"), @r"
    proxy: the proxy PROXY opens no connection to the server: 403 Forbidden
      advice: let whoever runs the proxy allow the remote's host and port; where it is reached without the proxy, name its host in `no_proxy`
    ");
    let variables = Environment::from_pairs("/", [("no_proxy", "127.0.0.1")]);
    let options = configured_in(&served.sandbox, &served.work, &url, variables);
    push_head(&served.sandbox, &served.work, &url, &options).unwrap();
}
