//! Proxies that are reached over TLS, beside git: who vouches for them, and their login.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use sendoff::demo::git_server::GitServerOptions;
use sendoff::environment::Environment;
use sendoff_testing::{succeed, tool};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, Clients};
use super::front::Front;
use super::proxy::{configured, configured_in};
use super::real_servers::{both, set};
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

/// Guards that what fails with the proxy is told as the proxy's, and each advice.
#[test]
fn a_proxy_that_cannot_prove_who_it_is_is_not_taken_for_the_server() {
    let served = Served::start(GitServerOptions::default());
    let authority = Authority::new(&served.sandbox);
    let other = Authority::at(&served.sandbox, "proxy-ca.pem");
    let front = Front::with_tls(&served.server.url(), authority.server(Clients::Any));
    set(&served, "http.sslCAInfo", authority.path.to_str().unwrap());
    let (port, made) = proxy(other.server(Clients::Any));
    set(
        &served,
        "http.proxy",
        &format!("https://u:p@127.0.0.1:{port}"),
    );
    let advice = both(&served, &front.url(), false);
    let said = advice.replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(said, @r"
    tls: no encrypted connection to 127.0.0.1:PORT could be made
      because: the proxy's certificate was issued by an authority that is not trusted here
      advice: if the proxy is yours, or its certificate is what its administrator says, trust it: openssl s_client -connect 127.0.0.1:PORT -servername 127.0.0.1 </dev/null 2>/dev/null | openssl x509 > ~/127.0.0.1.pem && git config --global http.proxySSLCAInfo ~/127.0.0.1.pem
    ");
    assert!(made.lock().unwrap().is_empty());
    // The advice, as it is written.
    let command = advice.split_once("trust it: ").unwrap().1;
    let mut shell = served.sandbox.command("sh");
    succeed(shell.current_dir(&served.work).args(["-c", command]));
    both(&served, &front.url(), true);
    set(&served, "http.proxySSLCAInfo", other.path.to_str().unwrap());
    let commit = ["commit", "-q", "--allow-empty", "-m", "more"];
    served.sandbox.git(&served.work, &commit);
    both(&served, &front.url(), true);

    let elsewhere = other.issue(&["proxy.test"], |_| {}).server(None);
    let (port, _) = proxy(elsewhere);
    let proxy_at = |host: &str| format!("https://u:p@{host}:{port}");
    set(&served, "http.proxy", &proxy_at("127.0.0.1"));
    let said = both(&served, &front.url(), false).replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(said, @r"
    tls: no encrypted connection to 127.0.0.1:PORT could be made
      because: the proxy's certificate is not for the host in the URL, but for proxy.test
      advice: use a name in the proxy's URL that the certificate is for
    ");

    // A port without TLS.
    let plain = served.server.url().replace("http://", "https://");
    set(&served, "http.proxy", &plain);
    let said = both(&served, &front.url(), false);
    let said = said.replace(plain.rsplit(':').next().unwrap(), "PORT");
    insta::assert_snapshot!(said, @r"
    tls: no encrypted connection to 127.0.0.1:PORT could be made
      because: the proxy does not speak TLS at this port
      advice: use `http` in the proxy's URL
    ");
}

/// Guards `http.proxySSLCert` and its variables, a key with a password, and the advice where there is none.
#[test]
fn a_client_certificate_is_shown_to_the_proxy_as_by_git() {
    let Some(openssl) = tool("openssl") else {
        return;
    };
    let served = Served::start(GitServerOptions::default());
    let sandbox = &served.sandbox;
    let authority = Authority::new(sandbox);
    let other = Authority::at(sandbox, "proxy-ca.pem");
    let front = Front::with_tls(&served.server.url(), authority.server(Clients::Any));
    set(&served, "http.sslCAInfo", authority.path.to_str().unwrap());
    set(&served, "http.proxySSLCAInfo", other.path.to_str().unwrap());
    let (port, made) = proxy(other.server(Clients::Known));
    set(
        &served,
        "http.proxy",
        &format!("https://u:p@127.0.0.1:{port}"),
    );
    let url = front.url();
    let said = both(&served, &url, false).replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(said, @r"
    tls: no encrypted connection to 127.0.0.1:PORT could be made
      because: the proxy wants a client certificate, and none is configured
      advice: name it in the global git configuration: git config --global http.proxySSLCert FILE, and its key in http.proxySSLKey
    ");
    assert!(made.lock().unwrap().is_empty());
    let issued = other.issue(&["client.test"], |_| {});
    let certificate = sandbox.write("client.pem", &issued.pem);
    let key = sandbox.write("client.key", &issued.key_pem);
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    set(&served, "http.proxySSLCert", certificate);
    set(&served, "http.proxySSLKey", key);
    both(&served, &url, true);

    // A stranger's.
    let stranger = authority.issue(&["client.test"], |_| {});
    let strangers = sandbox.write("stranger.pem", stranger.pem + &stranger.key_pem);
    set(&served, "http.proxySSLCert", strangers.to_str().unwrap());
    set(&served, "http.proxySSLKey", strangers.to_str().unwrap());
    let said = both(&served, &url, false).replace(&port.to_string(), "PORT");
    insta::assert_snapshot!(said, @r"
    tls: no encrypted connection to 127.0.0.1:PORT could be made
      because: the proxy refused the client certificate
      advice: check that the certificate in `http.proxySSLCert` is the one for this proxy, and has not expired
    ");

    // A key that is not there.
    set(&served, "http.proxySSLKey", "/nonexistent.key");
    let said = both(&served, &url, false);
    insta::assert_snapshot!(said, @r"
    tls: the connection cannot be set up
      because: cannot read the private key in `/nonexistent.key`: there is no such file
      advice: check that `/nonexistent.key` exists and can be read
    ");
    // The stranger's certificate with another key, and the advice.
    set(&served, "http.proxySSLKey", key);
    let said = both(&served, &url, false);
    assert!(
        said.contains(
            "advice: check that `http.proxySSLCert` and `http.proxySSLKey` belong together"
        ),
        "{said}"
    );

    // A key with a password, which a helper keeps; a wrong one is forgotten, that of no other key.
    let encrypted = sandbox.path("client.enc");
    let mut encrypt = sandbox.command(openssl);
    encrypt.args(["pkcs8", "-topk8", "-in", key, "-passout", "pass:pw", "-out"]);
    succeed(encrypt.arg(&encrypted));
    set(&served, "http.proxySSLCert", certificate);
    set(&served, "http.proxySSLKey", encrypted.to_str().unwrap());
    set(&served, "http.proxySSLCertPasswordProtected", "true");
    let told = sandbox.path("told");
    let helper = |password: &str| {
        let told = told.display();
        let line = format!(
            "!f() {{ echo $1 >> '{told}'; [ $1 != get ] || echo password={password}; }}; f"
        );
        set(&served, "credential.helper", &line);
    };
    helper("wrong");
    both(&served, &url, false);
    let said = std::fs::read_to_string(&told).unwrap();
    assert_eq!(said.matches("erase").count(), 1, "{said}");
    helper("pw");
    let commit = ["commit", "-q", "--allow-empty", "-m", "more"];
    sandbox.git(&served.work, &commit);
    both(&served, &url, true);

    // All by variables, which count more than the keys.
    for key in ["http.proxySSLCert", "http.proxySSLKey"] {
        set(&served, key, "/nonexistent.pem");
    }
    set(&served, "http.proxySSLCertPasswordProtected", "false");
    let variables = [
        ("GIT_PROXY_SSL_CERT", certificate),
        ("GIT_PROXY_SSL_KEY", encrypted.to_str().unwrap()),
        ("GIT_PROXY_SSL_CERT_PASSWORD_PROTECTED", "1"),
    ];
    sandbox.git(&served.work, &commit);
    let mut by_git = sandbox.command("git");
    by_git.args(["push", "-q", "--dry-run", &url, "feature"]);
    succeed(by_git.current_dir(&served.work).envs(variables));
    let environment = Environment::from_pairs("/", variables);
    let options = configured_in(&served.sandbox, &served.work, &url, environment);
    push_head(&served.sandbox, &served.work, &url, &options).unwrap();
}
