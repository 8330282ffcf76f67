//! https: a server with a certificate of its own, by openssl where there is one.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::Sandbox;

use super::rig::{ahead, options, push_head};

/// A TLS server that answers every request with a page. Stops when dropped.
struct TlsServer {
    port: u16,
    child: Child,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Starts the server; nothing where openssl is missing.
fn serve(sandbox: &Sandbox) -> Option<TlsServer> {
    let (key, certificate) = (sandbox.path("key.pem"), sandbox.path("cert.pem"));
    let made = sandbox
        .command("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "30", "-subj", "/CN=localhost"])
        .args([
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    if !made.ok()?.success() {
        return None;
    }
    let port = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let child = sandbox
        .command("openssl")
        .args([
            "s_server",
            "-quiet",
            "-www",
            "-accept",
            &format!("127.0.0.1:{port}"),
        ])
        .arg("-key")
        .arg(&key)
        .arg("-cert")
        .arg(&certificate)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let server = TlsServer { port, child };
    let begin = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "openssl does not listen"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    Some(server)
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_until_the_user_names_its_authority() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let Some(server) = serve(&sandbox) else {
        return;
    };
    let url = format!("https://127.0.0.1:{}/r.git", server.port);
    let mut options = options(&sandbox);
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "tls", "{error:?}");
    options.extra_roots = Some(sandbox.path("cert.pem"));
    // The handshake works; what answers is a page and no git server.
    let error = push_head(&sandbox, &work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "bad-response", "{error:?}");
}

#[test]
fn an_authority_that_cannot_be_read_is_told() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let mut options = options(&sandbox);
    options.extra_roots = Some(sandbox.path("absent.pem"));
    let url = "https://127.0.0.1:1/r.git";
    let error = push_head(&sandbox, &work, url, &options).unwrap_err();
    assert_eq!(error.class(), "tls");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("absent.pem"), "{cause}");
}
