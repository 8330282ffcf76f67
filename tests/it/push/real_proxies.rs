//! Proxies that people run: squid and dante; beside git.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::{succeed, tool};

use super::authority::{Authority, Clients};
use super::front::Front;
use super::real_servers::{Running, both, set};
use super::served::Served;
use crate::sandbox::Sandbox;

/// Makes a directory where a server that gives up root's rights can write.
pub(super) fn place(sandbox: &Sandbox, name: &str) -> PathBuf {
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
pub(super) fn urls(served: &Served) -> (Front, [String; 2]) {
    let authority = Authority::new(&served.sandbox);
    let front = Front::with_tls(&served.server.url(), authority.server(Clients::Any));
    set(served, "http.sslCAInfo", authority.path.to_str().unwrap());
    let urls = [served.url(), front.url()];
    (front, urls)
}

pub(super) fn more(served: &Served) {
    let commit = ["commit", "-q", "--allow-empty", "-m", "more"];
    served.sandbox.git(&served.work, &commit);
}

/// Starts squid, which wants a login as `authentication` says.
fn squid(sandbox: &Sandbox, program: &Path, authentication: &str) -> Running {
    let dir = sandbox.path("squid");
    let dir = dir.display();
    Running::start(|port| {
        let text = format!(
            "http_port 127.0.0.1:{port}\nvisible_hostname squid.test\npid_filename none\ncoredump_dir {dir}\n\
             cache deny all\ncache_log {dir}/cache.log\naccess_log stdio:{dir}/access.log\nshutdown_lifetime 0 seconds\n\
             {authentication}\
             acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n"
        );
        let mut command = sandbox.command(program);
        command
            .args(["-N", "-f"])
            .arg(sandbox.write("squid.conf", text));
        command
    })
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
    let running = squid(
        sandbox,
        &program,
        &format!(
            "auth_param basic program {}\nauth_param basic children 1\nauth_param basic realm squid\n",
            asker.display()
        ),
    );
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
    place(sandbox, "squid");
    let hash = md5(sandbox, "u:squid:p");
    let script = format!(
        "#!/bin/sh\nwhile read -r line; do case $line in '\"u\":'*) echo 'OK ha1=\"{hash}\"';; *) echo ERR;; esac; done\n"
    );
    let asker = sandbox.executable("squid/login", script);
    let running = squid(
        sandbox,
        &program,
        &format!(
            "auth_param digest program {}\nauth_param digest children 1\nauth_param digest realm squid\n\
             auth_param digest nonce_max_count 2\n",
            asker.display()
        ),
    );
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

/// Returns the MD5 of a text, as `openssl` writes it.
pub(super) fn md5(sandbox: &Sandbox, text: &str) -> String {
    let file = sandbox.write("text", text);
    let sum = succeed(sandbox.command("md5sum").arg(file));
    sum.split_whitespace().next().unwrap().to_owned()
}
