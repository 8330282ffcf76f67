//! What a failed TLS handshake is called, and that its advice helps.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use rcgen::date_time_ymd;
use sendoff::demo::git_server::GitServerOptions;
use sendoff_push::ClassifiedError as _;
use sendoff_testing::{succeed, supervise, tool, wait_until};

use super::authority::{Authority, Clients};
use super::certificate::Certificate;
use super::front::{Front, Manner};
use super::proxy::configured;
use super::rig::{push_head, rendered};
use super::served::Served;

/// Pushes to a URL and returns what is said, without the port.
fn said(served: &Served, url: &str) -> String {
    let options = configured(&served.sandbox, &served.work, url);
    let error = push_head(&served.sandbox, &served.work, url, &options).unwrap_err();
    assert_eq!(error.class(), "tls", "{error:?}");
    let port = url.split(':').nth(2).unwrap().split('/').next().unwrap();
    rendered(&served.sandbox, &error).replace(port, "PORT")
}

fn trust(served: &Served, file: &std::path::Path) {
    let file = file.to_str().unwrap();
    let arguments = ["config", "--global", "http.sslCAInfo", file];
    served.sandbox.git(&served.work, &arguments);
}

/// Guards the sentences about certificates.
#[test]
fn what_is_wrong_with_a_certificate_is_said_in_a_sentence() {
    supervise!();
    let served = Served::start(GitServerOptions::default());
    let authority = Authority::new(&served.sandbox);
    let of = |issued: super::authority::Issued| {
        let manner = Manner {
            tls: Some(issued.server(None)),
            ..Manner::default()
        };
        Front::start(&served.server.url(), manner)
    };
    let front = of(authority.issue(&["127.0.0.1"], |_| {}));
    insta::assert_snapshot!("unknown_issuer", said(&served, &front.url()));
    trust(&served, &authority.path);
    let front = of(authority.issue(&["127.0.0.1"], |params| {
        params.not_after = date_time_ymd(2020, 1, 1);
    }));
    insta::assert_snapshot!("expired", said(&served, &front.url()));
    let front = of(authority.issue(&["127.0.0.1"], |params| {
        params.not_before = date_time_ymd(2090, 1, 1);
    }));
    insta::assert_snapshot!("not_valid_yet", said(&served, &front.url()));
    let front = of(authority.issue(&["git.test", "127.0.0.2"], |_| {}));
    insta::assert_snapshot!("wrong_name", said(&served, &front.url()));
}

/// Guards a server without TLS at the port.
#[test]
fn a_port_without_tls_is_called_so() {
    supervise!();
    let served = Served::start(GitServerOptions::default());
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("https://{}/r.git", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            drop(socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    insta::assert_snapshot!("not_tls", said(&served, &url));
}

/// Guards a URL of http that leads to a port with TLS, and its advice, obeyed.
#[test]
fn a_port_with_tls_that_is_asked_in_http_is_called_so() {
    supervise!();
    let served = Served::start(GitServerOptions::default());
    let authority = Authority::new(&served.sandbox);
    let front = Front::with_tls(&served.server.url(), authority.server(Clients::Any));
    trust(&served, &authority.path);
    let url = front.url().replace("https:", "http:");
    let options = configured(&served.sandbox, &served.work, &url);
    let error = push_head(&served.sandbox, &served.work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "network", "{error:?}");
    let text = rendered(&served.sandbox, &error);
    assert!(
        text.contains("where it speaks TLS, the URL has to say `https`"),
        "{text}"
    );
    let options = configured(&served.sandbox, &served.work, &front.url());
    push_head(&served.sandbox, &served.work, &front.url(), &options).unwrap();
}

/// A server of OpenSSL's, for what rustls does not do. Dropping it ends it.
struct OpenSsl {
    child: Child,
    port: u16,
}

impl OpenSsl {
    fn start(served: &Served, openssl: &std::path::Path, more: &[&str]) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut command = served.sandbox.command(openssl);
        command
            .args([
                "s_server",
                "-quiet",
                "-accept",
                &format!("127.0.0.1:{port}"),
            ])
            .args(more)
            .current_dir(served.sandbox.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().unwrap();
        wait_until("the server", || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        Self { child, port }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}/r.git", self.port)
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Guards what is not supported: certificates of version 1, servers with CBC ciphers only; and a server that wants a
/// certificate of the client in TLS 1.2.
#[test]
fn what_is_not_supported_is_said_in_a_sentence() {
    supervise!();
    let Some(openssl) = tool("openssl") else {
        return;
    };
    let served = Served::start(GitServerOptions::default());
    let sandbox = &served.sandbox;
    let name = openssl.to_str().unwrap();
    let script = format!(
        "set -e
        '{name}' req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out own.pem -days 30 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1
        '{name}' req -new -key key.pem -subj /CN=127.0.0.1 -out request.pem
        '{name}' x509 -req -in request.pem -signkey key.pem -days 30 -out v1.pem"
    );
    succeed(
        sandbox
            .command("sh")
            .arg("-c")
            .arg(script)
            .current_dir(sandbox.path("")),
    );
    let shown = sandbox
        .command(&openssl)
        .args(["x509", "-noout", "-text", "-in", "v1.pem"])
        .current_dir(sandbox.path(""))
        .output();
    // Later ones make no such certificate any more unless told to.
    if String::from_utf8_lossy(&shown.unwrap().stdout).contains("Version: 1 ") {
        let server = OpenSsl::start(&served, &openssl, &["-cert", "v1.pem", "-key", "key.pem"]);
        insta::assert_snapshot!("version_1", said(&served, &server.url()));
        trust(&served, &sandbox.path("v1.pem"));
        assert!(said(&served, &server.url()).contains("version 1"));
    }
    trust(&served, &sandbox.path("own.pem"));
    let own = ["-cert", "own.pem", "-key", "key.pem"];
    let cbc = ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"];
    let server = OpenSsl::start(&served, &openssl, &[&own[..], &cbc[..]].concat());
    insta::assert_snapshot!("cbc_only", said(&served, &server.url()));
    let wants = ["-tls1_2", "-Verify", "1", "-CAfile", "own.pem"];
    let server = OpenSsl::start(&served, &openssl, &[&own[..], &wants[..]].concat());
    insta::assert_snapshot!("client_certificate_wanted", said(&served, &server.url()));
}

/// Guards the way out of `http.sslVerify = false`: the advice's command is run as it stands, and the push arrives.
#[test]
fn the_advice_for_an_unknown_certificate_is_a_command_that_helps() {
    supervise!();
    if tool("openssl").is_none() {
        return;
    }
    let served = Served::start(GitServerOptions::default());
    let sandbox = &served.sandbox;
    let certificate = Certificate::new(sandbox);
    let front = Front::with_tls(&served.server.url(), certificate.server(&["http/1.1"]));
    sandbox.git(
        &served.work,
        &["config", "--global", "http.sslVerify", "false"],
    );
    insta::assert_snapshot!("self_signed", said(&served, &front.url()));
    let options = configured(sandbox, &served.work, &front.url());
    let error = push_head(sandbox, &served.work, &front.url(), &options).unwrap_err();
    let advice = error.transport().unwrap().advice().unwrap();
    let (_, command) = advice.split_once(": ").unwrap();
    succeed(sandbox.command("sh").arg("-c").arg(command));
    let options = configured(sandbox, &served.work, &front.url());
    push_head(sandbox, &served.work, &front.url(), &options).unwrap();
    sandbox.git(
        &served.work,
        &["config", "--global", "--unset", "http.sslVerify"],
    );
    sandbox.git(
        &served.work,
        &["push", "-q", "--dry-run", &front.url(), "feature"],
    );
}
