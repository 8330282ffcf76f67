//! Gateways that people run: apache2 before a git server, an ssh server behind another; beside git.

use std::path::Path;

use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::{succeed, tool};

use super::real_proxies::{md5, place};
use super::real_servers::{Running, both, set};
use super::rig::{ahead, options, push_head};
use super::served::Served;
use super::sshd::Ssh;
use crate::sandbox::Sandbox;

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
