//! Proxies that are reached over TLS, beside git: who vouches for them, and their login.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use sendoff::demo::git_server::GitServerOptions;
use sendoff::environment::Environment;
use sendoff_testing::succeed;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, Clients};
use super::front::Front;
use super::proxy::{configured, configured_in};
use super::rig::push_head;
use super::served::Served;

/// `u:p`, as Basic has it.
const LOGIN: &str = "basic dtpw";

/// Starts a proxy with TLS that wants a login. Returns its port, and the connections that it made.
fn proxy(tls: Arc<ServerConfig>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let made = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&made);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(tunnel(
                    TlsAcceptor::from(Arc::clone(&tls)),
                    socket,
                    Arc::clone(&kept),
                ));
            }
        });
    });
    (port, made)
}

async fn tunnel(tls: TlsAcceptor, socket: TcpStream, made: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut client = tls.accept(socket).await.ok()?;
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).ok()?;
        let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
        if !head.to_ascii_lowercase().contains(&format!(
            "proxy-authorization: {}",
            LOGIN.to_ascii_lowercase()
        )) {
            let refusal = "HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n";
            client.write_all(refusal.as_bytes()).await.ok()?;
            continue;
        }
        let mut server = TcpStream::connect(&target).await.ok()?;
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
        made.lock().unwrap().push(target);
        copy_bidirectional(&mut client, &mut server).await.ok()?;
        return Some(());
    }
}

/// Guards that a proxy is vouched for by `http.proxySSLCAInfo` and not by the server's authority, and that its login comes from
/// a helper.
#[test]
fn a_proxy_with_tls_is_vouched_for_by_its_own_authority_as_for_git() {
    let served = Served::start(GitServerOptions::default());
    let authority = Authority::new(&served.sandbox);
    let other = Authority::at(&served.sandbox, "proxy-ca.pem");
    let front = Front::with_tls(&served.server.url(), authority.server(Clients::Any));
    // Named, so that it is told from the server.
    let url = front.url().replace("127.0.0.1", "localhost");
    let (port, made) = proxy(other.server(Clients::Any));
    let set = |key: &str, value: &str| {
        served
            .sandbox
            .git(&served.work, &["config", "--global", key, value]);
    };
    let git_pushes = || {
        let mut push = served.sandbox.command("git");
        push.current_dir(&served.work)
            .args(["push", "-q", "--dry-run", &url, "feature"]);
        push.output().unwrap().status.success()
    };
    let push = || {
        let options = configured(&served.sandbox, &served.work, &url);
        push_head(&served.sandbox, &served.work, &url, &options)
    };
    set("http.sslCAInfo", authority.path.to_str().unwrap());
    set("http.proxy", &format!("https://u@127.0.0.1:{port}"));
    set(
        "credential.helper",
        "!f(){ echo username=u; echo password=p; }; f",
    );
    assert!(!git_pushes());
    assert_eq!(push().unwrap_err().class(), "tls");
    assert!(made.lock().unwrap().is_empty());
    set("http.proxySSLCAInfo", other.path.to_str().unwrap());
    assert!(git_pushes());
    let gits = made.lock().unwrap().len();
    push().unwrap();
    assert!(made.lock().unwrap().len() > gits);

    // The same by the variable, which counts more than the key.
    set("http.proxySSLCAInfo", "/nonexistent/ca.pem");
    let variable = ("GIT_PROXY_SSL_CAINFO", other.path.to_str().unwrap());
    let commit = ["commit", "-q", "--allow-empty", "-m", "more"];
    served.sandbox.git(&served.work, &commit);
    let mut by_git = served.sandbox.command("git");
    by_git.args(["push", "-q", "--dry-run", &url, "feature"]);
    by_git.current_dir(&served.work).env(variable.0, variable.1);
    succeed(&mut by_git);
    let environment = Environment::from_pairs("/", [variable]);
    let options = configured_in(&served.sandbox, &served.work, &url, environment);
    push_head(&served.sandbox, &served.work, &url, &options).unwrap();
}
