//! Proxies and gateways that people run: squid, dante, apache2 before a git server, an ssh server behind another; beside git.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::{succeed, tool};

use super::authority::{Authority, Clients};
use super::front::Front;
use super::real_servers::{Running, both, set};
use super::rig::{ahead, options, push_head};
use super::served::Served;
use super::sshd::Ssh;
use crate::sandbox::Sandbox;

/// Makes a directory where a server that gives up root's rights can write.
fn place(sandbox: &Sandbox, name: &str) -> PathBuf {
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let place = sandbox.path(name);
    std::fs::create_dir_all(&place).unwrap();
    open(&sandbox.path(""), 0o711);
    open(&place, 0o777);
    place
}

/// Returns the same git server without TLS and with it.
fn urls(served: &Served) -> (Front, [String; 2]) {
    let authority = Authority::new(&served.sandbox);
    let front = Front::with_tls(&served.server.url(), authority.server(Clients::Any));
    set(served, "http.sslCAInfo", authority.path.to_str().unwrap());
    let urls = [served.url(), front.url()];
    (front, urls)
}

fn more(served: &Served) {
    let commit = ["commit", "-q", "--allow-empty", "-m", "more"];
    served.sandbox.git(&served.work, &commit);
}

/// Guards squid with a login: refused without one and with a wrong one, gone through with the right one.
#[test]
fn squid_with_a_login_is_gone_through_as_by_git() {
    let Some(program) = tool("squid") else { return };
    let served = Served::start(GitServerOptions::default());
    let sandbox = &served.sandbox;
    let place = place(sandbox, "squid");
    let script = "#!/bin/sh\nwhile read -r line; do case $line in 'u p'*) echo OK;; *) echo ERR;; esac; done\n";
    let asker = sandbox.executable("squid/login", script);
    let running = Running::start(|port| {
        let dir = place.display();
        let text = format!(
            "http_port 127.0.0.1:{port}\nvisible_hostname squid.test\npid_filename none\ncoredump_dir {dir}\n\
             cache deny all\ncache_log {dir}/cache.log\naccess_log stdio:{dir}/access.log\nshutdown_lifetime 0 seconds\n\
             auth_param basic program {}\nauth_param basic children 1\nauth_param basic realm squid\n\
             acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n",
            asker.display()
        );
        let mut command = sandbox.command(&program);
        command
            .args(["-N", "-f"])
            .arg(sandbox.write("squid.conf", text));
        command
    });
    let (_front, urls) = urls(&served);
    for url in urls {
        for login in ["", "u:wrong@"] {
            set(
                &served,
                "http.proxy",
                &format!("http://{login}127.0.0.1:{}", running.port),
            );
            let said = both(&served, &url, false);
            assert!(
                said.contains("refuses the request without a valid login"),
                "{said}"
            );
        }
        set(
            &served,
            "http.proxy",
            &format!("http://u:p@127.0.0.1:{}", running.port),
        );
        both(&served, &url, true);
        more(&served);
    }
    let text = std::fs::read_to_string(place.join("access.log")).unwrap();
    assert!(
        text.contains("CONNECT") && text.contains("info/refs"),
        "{text}"
    );
}

/// Guards squid that wants Digest, with nonces that are good for two requests; with a wrong login nothing is sent twice for ever.
#[test]
fn squid_with_digest_is_gone_through_as_by_git() {
    let Some(program) = tool("squid") else { return };
    let served = Served::start(GitServerOptions::default());
    let sandbox = &served.sandbox;
    let place = place(sandbox, "squid");
    let hash = md5(sandbox, "u:squid:p");
    let script = format!(
        "#!/bin/sh\nwhile read -r line; do case $line in '\"u\":'*) echo 'OK ha1=\"{hash}\"';; *) echo ERR;; esac; done\n"
    );
    let asker = sandbox.executable("squid/login", script);
    let running = Running::start(|port| {
        let dir = place.display();
        let text = format!(
            "http_port 127.0.0.1:{port}\nvisible_hostname squid.test\npid_filename none\ncoredump_dir {dir}\n\
             cache deny all\ncache_log {dir}/cache.log\naccess_log stdio:{dir}/access.log\nshutdown_lifetime 0 seconds\n\
             auth_param digest program {}\nauth_param digest children 1\nauth_param digest realm squid\n\
             auth_param digest nonce_max_count 2\n\
             acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n",
            asker.display()
        );
        let mut command = sandbox.command(&program);
        command
            .args(["-N", "-f"])
            .arg(sandbox.write("squid.conf", text));
        command
    });
    let (_front, urls) = urls(&served);
    for url in urls {
        set(
            &served,
            "http.proxy",
            &format!("http://u:wrong@127.0.0.1:{}", running.port),
        );
        let said = both(&served, &url, false);
        let expected = "refuses the request without a valid login";
        assert!(said.contains(expected), "{said}");
        set(
            &served,
            "http.proxy",
            &format!("http://u:p@127.0.0.1:{}", running.port),
        );
        for method in ["anyauth", "digest"] {
            set(&served, "http.proxyAuthMethod", method);
            both(&served, &url, true);
            more(&served);
        }
    }
}

/// Guards dante by SOCKS 4 and 5 (it refuses git's names of this machine by 4a), and a destination that it forbids.
#[test]
fn dante_is_gone_through_as_by_git() {
    let Some(program) = tool("danted") else {
        return;
    };
    let served = Served::start(GitServerOptions::default());
    let sandbox = &served.sandbox;
    let place = place(sandbox, "dante");
    let (_front, urls) = urls(&served);
    let forbidden = Served::start(GitServerOptions::default());
    let closed = forbidden.server.url();
    let closed = closed
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    let running = Running::start(|port| {
        let dir = place.display();
        let text = format!(
            "logoutput: {dir}/log\ninternal: 127.0.0.1 port = {port}\nexternal: lo\nexternal.rotation: none\n\
             clientmethod: none\nsocksmethod: none\n\
             client pass {{ from: 127.0.0.0/8 to: 0.0.0.0/0 }}\n\
             socks block {{ from: 0.0.0.0/0 to: 127.0.0.1/32 port = {closed} }}\n\
             socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 log: connect }}\n"
        );
        let mut command = sandbox.command(&program);
        command.args(["-N", "1", "-p"]).arg(place.join("pid"));
        command.arg("-f").arg(sandbox.write("danted.conf", text));
        command
    });
    for url in urls {
        // It asks for no login, and lets those be.
        for scheme in ["socks4://", "socks4://u:p@", "socks5://", "socks5h://u:p@"] {
            set(
                &served,
                "http.proxy",
                &format!("{scheme}127.0.0.1:{}", running.port),
            );
            both(&served, &url, true);
            more(&served);
        }
    }
    set(
        &forbidden,
        "http.proxy",
        &format!("socks5h://127.0.0.1:{}", running.port),
    );
    let said = both(&forbidden, &forbidden.url(), false);
    assert!(said.contains("proxy"), "{said}");
    let text = std::fs::read_to_string(place.join("log")).unwrap();
    assert!(text.contains("pass(2)"), "{text}");
}

/// Guards apache2 that wants a login before a git server: Basic and Digest, right and wrong.
#[test]
fn apache_with_a_login_is_pushed_to_as_by_git() {
    let Some(program) = tool("apache2") else {
        return;
    };
    let modules = Path::new("/usr/lib/apache2/modules");
    for kind in ["Basic", "Digest"] {
        let served = Served::start(GitServerOptions::default());
        let sandbox = &served.sandbox;
        let place = place(sandbox, "apache");
        let logins = match kind {
            // The passwords are both `p`; these are their hashes.
            "Basic" => "u:{SHA}UWuXg/ylF+7L0dBk2i0WUxCxl1k=\n".to_owned(),
            _ => format!("u:git:{}\n", md5(sandbox, "u:git:p")),
        };
        let logins = sandbox.write("apache/logins", logins);
        let running = Running::start(|port| {
            let loads = [
                "mpm_event",
                "authn_core",
                "authn_file",
                "authz_core",
                "authz_user",
                "auth_basic",
                "auth_digest",
                "proxy",
                "proxy_http",
            ]
            .map(|name| {
                format!(
                    "LoadModule {name}_module {}/mod_{name}.so",
                    modules.display()
                )
            })
            .join(
                "
",
            );
            let (dir, upstream) = (place.display(), served.server.url());
            let user = if sandbox.command("id").arg("-u").output().unwrap().stdout == b"0\n" {
                "User nobody\nGroup nogroup\n"
            } else {
                ""
            };
            let text = format!(
                "{loads}\nServerRoot {dir}\nServerName apache.test\nPidFile {dir}/pid\nErrorLog {dir}/log\n{user}\
                 DefaultRuntimeDir {dir}\nMutex fcntl:{dir}\nListen 127.0.0.1:{port}\nProxyPass / {upstream}/\n\
                 <Location />\nAuthType {kind}\nAuthName git\nAuth{kind}Provider file\nAuthUserFile {}\n\
                 Require valid-user\n</Location>\n",
                logins.display()
            );
            let mut command = sandbox.command(&program);
            command
                .args(["-X", "-f"])
                .arg(sandbox.write("apache.conf", text));
            command
        });
        let url = format!("http://127.0.0.1:{}/r.git", running.port);
        let helper = |password: &str| {
            let helper = format!("!f(){{ echo username=u; echo password={password}; }}; f");
            set(&served, "credential.helper", &helper);
        };
        helper("wrong");
        let said = both(&served, &url, false);
        assert!(said.contains("login"), "{kind}: {said}");
        helper("p");
        both(&served, &url, true);
    }
}

/// Returns the MD5 of a text, as `openssl` writes it.
fn md5(sandbox: &Sandbox, text: &str) -> String {
    let file = sandbox.write("text", text);
    let sum = succeed(sandbox.command("md5sum").arg(file));
    sum.split_whitespace().next().unwrap().to_owned()
}

/// Guards a server that only another one reaches, as the user's ssh configuration says.
#[test]
fn a_server_behind_another_is_reached_as_by_git() {
    let sandbox = Sandbox::new();
    let ssh = Ssh::start(&sandbox);
    if !ssh.is_real {
        return;
    }
    let (work, remote) = ahead(&sandbox, "r");
    let user = ssh.scp.split('@').next().unwrap();
    let key = |name: &str| sandbox.path(&format!("ssh/{name}")).display().to_string();
    // The second hop is found under a name that only the first one resolves.
    let log = sandbox.path("hops").display().to_string();
    let config = format!(
        "Host inner\n  HostName 127.0.0.1\n  HostKeyAlias [127.0.0.1]:{port}\n  ProxyJump outer\n\
         Host outer\n  HostName 127.0.0.1\n\
         Host *\n  Port {port}\n  User {user}\n  IdentityFile {}\n  IdentitiesOnly yes\n  StrictHostKeyChecking yes\n  \
         UserKnownHostsFile {}\n",
        key("user"),
        key("known"),
        port = ssh.port,
    );
    let config = sandbox.write("ssh/config", config);
    let command = format!("ssh -E {log} -v -F {}", config.display());
    let url = format!("inner:{}", remote.display());
    let mut git = sandbox.command("git");
    git.current_dir(&work).env("GIT_SSH_COMMAND", &command);
    succeed(git.args(["push", "-q", "--dry-run", &url, "HEAD:by-git"]));
    let mut options = options(&sandbox);
    options.ssh_command = Some(command);
    push_head(&sandbox, &work, &url, &options).unwrap();
    let hops = std::fs::read_to_string(&log).unwrap();
    assert!(
        hops.contains("ProxyCommand") || hops.contains("ProxyJump"),
        "{hops}"
    );
}
