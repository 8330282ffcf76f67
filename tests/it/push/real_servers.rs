//! Servers and proxies that people run: nginx before a git server, tinyproxy on the way; beside git.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::{free_port, tool, wait_until};

use super::authority::Authority;
use super::proxy::configured;
use super::rig::{push_head, rendered};
use super::served::Served;

/// A server that runs until it is dropped.
pub(super) struct Running {
    child: Child,
    pub(super) port: u16,
}

impl Running {
    /// Starts what `command` makes of a free port, and waits until it listens.
    pub(super) fn start(command: impl FnOnce(u16) -> Command) -> Self {
        let port = free_port();
        let mut command = command(port);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(Stdio::null()).spawn().unwrap();
        wait_until("the server", || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        Self { child, port }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(super) fn set(served: &Served, key: &str, value: &str) {
    let arguments = ["config", "--global", key, value];
    served.sandbox.git(&served.work, &arguments);
}

fn git_pushes(served: &Served, url: &str) -> Result<(), String> {
    let mut push = served.sandbox.command("git");
    push.current_dir(&served.work)
        .args(["push", "-q", "--dry-run", url, "feature"]);
    let pushed = push.output().unwrap();
    let said = String::from_utf8_lossy(&pushed.stderr).into_owned();
    pushed.status.success().then_some(()).ok_or(said)
}

/// Pushes with us and asks git; both arrive or neither does. Returns what is said of a failure.
pub(super) fn both(served: &Served, url: &str, arrives: bool) -> String {
    let by_git = git_pushes(served, url);
    assert_eq!(by_git.is_ok(), arrives, "git: {by_git:?}");
    let options = configured(&served.sandbox, &served.work, url);
    let pushed = push_head(&served.sandbox, &served.work, url, &options);
    assert_eq!(pushed.is_ok(), arrives, "{pushed:?}");
    let error = pushed.err();
    error.map_or_else(String::new, |error| rendered(&served.sandbox, &error))
}

pub(super) fn nginx(served: &Served, program: &Path, server: &str) -> Running {
    let place = served.sandbox.path("nginx");
    std::fs::create_dir_all(&place).unwrap();
    let place = place.display().to_string();
    let upstream = served.server.url();
    let sandbox = &served.sandbox;
    Running::start(|port| {
        let listen = format!("listen 127.0.0.1:{port}");
        let server = server.replace("LISTEN", &listen);
        let text = format!(
            "daemon off; master_process off; pid {place}/pid; error_log {place}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;\n\
             fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;\n\
             server {{ {server} location / {{ proxy_pass {upstream}; }} }} }}\n"
        );
        let file = sandbox.write("nginx/nginx.conf", text);
        let mut command = sandbox.command(program);
        command.arg("-e").arg(format!("{place}/first.log"));
        command.arg("-c").arg(file);
        command
    })
}

/// Starts nginx over TLS for clients with a certificate of the authority, which the user trusts. Returns the remote's URL.
pub(super) fn nginx_with_clients(
    served: &Served,
    program: &Path,
    authority: &Authority,
) -> (Running, String) {
    let issued = authority.issue(&["127.0.0.1"], |_| {});
    let certificate = served.sandbox.write("server.pem", &issued.pem);
    let key = served.sandbox.write("server.key", &issued.key_pem);
    let server = format!(
        "LISTEN ssl http2; ssl_certificate {}; ssl_certificate_key {}; ssl_client_certificate {}; ssl_verify_client on; client_max_body_size 1m;",
        certificate.display(),
        key.display(),
        authority.path.display()
    );
    let running = nginx(served, program, &server);
    let url = format!("https://127.0.0.1:{}/r.git", running.port);
    set(served, "http.sslCAInfo", authority.path.to_str().unwrap());
    (running, url)
}

/// Guards nginx with TLS, HTTP/2 and a client's certificate: wanted, shown; and its limit of a body.
#[test]
fn nginx_with_client_certificates_is_pushed_to_as_by_git() {
    let Some(program) = tool("nginx") else { return };
    let served = Served::start(GitServerOptions::default());
    let authority = Authority::new(&served.sandbox);
    let sandbox = &served.sandbox;
    let (_nginx, url) = nginx_with_clients(&served, &program, &authority);
    let said = both(&served, &url.replace("https:", "http:"), false);
    assert!(
        said.contains("speaks TLS, and the URL says `http`"),
        "{said}"
    );
    let said = both(&served, &url, false);
    assert!(
        said.contains("the server wants a client certificate"),
        "{said}"
    );
    let client = authority.issue(&["client.test"], |_| {});
    let certificate = sandbox.write("client.pem", &client.pem);
    let key = sandbox.write("client.key", &client.key_pem);
    set(&served, "http.sslCert", certificate.to_str().unwrap());
    set(&served, "http.sslKey", key.to_str().unwrap());
    both(&served, &url, true);
    sandbox.write("work-r/noise.bin", sendoff_testing::noise(3, 3 << 20));
    sandbox.git(&served.work, &["add", "noise.bin"]);
    sandbox.git(&served.work, &["commit", "-q", "-m", "noise"]);
    let options = configured(sandbox, &served.work, &url);
    let error = push_head(sandbox, &served.work, &url, &options).unwrap_err();
    assert_eq!(error.class(), "too-large", "{error:?}");
}

/// Guards tinyproxy, which wants a login: refused without, from the URL, from a helper after its 407; for http and for https.
#[test]
fn tinyproxy_with_a_login_is_gone_through_as_by_git() {
    let Some(program) = tool("tinyproxy") else {
        return;
    };
    let served = Served::start(GitServerOptions::default());
    let authority = Authority::new(&served.sandbox);
    let front = super::front::Front::start(
        &served.server.url(),
        super::front::Manner {
            tls: Some(authority.server(super::authority::Clients::Any)),
            ..super::front::Manner::default()
        },
    );
    set(&served, "http.sslCAInfo", authority.path.to_str().unwrap());
    let sandbox = &served.sandbox;
    let log = sandbox.path("tinyproxy.log");
    let running = Running::start(|port| {
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogFile \"{}\"\nLogLevel Connect\nAllow 127.0.0.1\nBasicAuth u p\n",
            log.display()
        );
        let mut command = sandbox.command(&program);
        command
            .arg("-d")
            .arg("-c")
            .arg(sandbox.write("tinyproxy.conf", text));
        command
    });
    let place = format!("127.0.0.1:{}", running.port);
    for url in [served.url(), front.url()] {
        set(&served, "credential.helper", "");
        set(&served, "http.proxy", &format!("http://{place}"));
        let said = both(&served, &url, false);
        assert!(
            said.contains("refuses the request without a valid login"),
            "{said}"
        );
        set(&served, "http.proxy", &format!("http://u:p@{place}"));
        both(&served, &url, true);
        sandbox.git(
            &served.work,
            &["commit", "-q", "--allow-empty", "-m", "more"],
        );
        // Git asks helpers where the URL names the user; we do after a 407, too.
        set(&served, "http.proxy", &format!("http://u@{place}"));
        set(
            &served,
            "credential.helper",
            "!f(){ echo username=u; echo password=p; }; f",
        );
        both(&served, &url, true);
        sandbox.git(
            &served.work,
            &["commit", "-q", "--allow-empty", "-m", "more"],
        );
    }
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(
        text.contains("CONNECT") && text.contains("info/refs"),
        "{text}"
    );
}
