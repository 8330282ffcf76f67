//! A real sshd on loopback, or where there is none, a command that runs what ssh would have run.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::{free_port, left_out, tool, wait_until};

use crate::sandbox::{Sandbox, succeed};

use super::as_git::Twin;
use super::rig::script;

/// How to reach the ssh server of a test. Stops it when dropped.
#[derive(Debug)]
pub(crate) struct Ssh {
    /// The client's command line, as in `GIT_SSH_COMMAND`.
    pub(crate) command: String,
    /// What stands before the path in a URL.
    pub(crate) place: String,
    /// The same by its IPv6 address, where a real sshd listens there.
    pub(crate) place_six: Option<String>,
    /// What stands before the colon of an scp-like URL.
    pub(crate) scp: String,
    /// The port.
    pub(crate) port: u16,
    /// Whether a real sshd answers.
    pub(crate) is_real: bool,
    daemon: Option<Child>,
}

impl Ssh {
    /// Starts an sshd with keys of its own. Where the machine has none, what ssh would have run is run.
    pub(crate) fn start(sandbox: &Sandbox) -> Self {
        let real = tool("sshd").and_then(|program| sshd(sandbox, &program));
        real.unwrap_or_else(|| {
            let fake = script(
                sandbox,
                "fake-ssh",
                "for last; do :; done; exec sh -c \"$last\"",
            );
            Self {
                command: fake.to_str().unwrap().to_owned(),
                place: "ssh://localhost".into(),
                place_six: None,
                scp: "localhost".into(),
                port: 22,
                is_real: false,
                daemon: None,
            }
        })
    }
}

/// Returns twins whose remote is behind a real sshd, or `None` where the machine has none.
pub(super) fn behind_sshd() -> Option<(Twin, Ssh)> {
    let twin = Twin::new(GitServerOptions::default());
    let sandbox = &twin.served.sandbox;
    let ssh = Ssh::start(sandbox);
    if !ssh.is_real {
        return None;
    }
    let url = format!("{}{}", ssh.place, twin.served.remote.display());
    sandbox.git(&twin.served.work, &["remote", "set-url", "origin", &url]);
    Some((twin, ssh))
}

/// Puts a program in place of ssh that writes its arguments into a file and never connects. Returns both paths. Asked for its
/// settings (`-G`) it succeeds, as OpenSSH's does.
pub(super) fn recording_ssh(sandbox: &Sandbox, name: &str) -> (PathBuf, PathBuf) {
    let arguments = sandbox.path("arguments");
    let text = format!(
        "#!/bin/sh\necho \"$@\" >> '{}'\n[ \"$1\" = -G ] && exit 0\necho 'ssh: connect to host: no' >&2; exit 255\n",
        arguments.display()
    );
    (sandbox.executable(name, text), arguments)
}

/// Returns what such a program was called with since the last call of this function, without the option that keeps ssh from
/// asking.
pub(super) fn recorded(arguments: &Path) -> String {
    let text = std::fs::read_to_string(arguments).unwrap();
    std::fs::remove_file(arguments).unwrap();
    text.replace("-o BatchMode=yes ", "")
}

fn sshd(sandbox: &Sandbox, program: &Path) -> Option<Ssh> {
    let keys = sandbox.path("ssh");
    std::fs::create_dir_all(&keys).unwrap();
    let key = |name: &str| keys.join(name).to_str().unwrap().to_owned();
    for name in ["host", "user"] {
        if !Path::new(&key(name)).exists() {
            let mut keygen = sandbox.command("ssh-keygen");
            succeed(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &key(name)]));
        }
    }
    let port = free_port();
    std::fs::copy(key("user.pub"), key("authorized")).unwrap();
    let host = std::fs::read_to_string(key("host.pub")).unwrap();
    sandbox.write(
        "ssh/known",
        format!("[127.0.0.1]:{port} {host}[::1]:{port} {host}"),
    );
    // Where there is IPv6, on the same port.
    let six = TcpListener::bind(("::1", port)).is_ok();
    let also = if six { "ListenAddress ::1\n" } else { "" };
    let path = std::env::var("PATH").unwrap();
    let config = sandbox.write(
        "ssh/sshd_config",
        format!(
            "Port {port}\nListenAddress 127.0.0.1\n{also}HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\n\
             PidFile none\nPasswordAuthentication no\nPermitRootLogin yes\nAcceptEnv GIT_PROTOCOL\n\
             SetEnv PATH={path} HOME={}\n",
            key("host"),
            key("authorized"),
            sandbox.home().display(),
        ),
    );
    let daemon = sandbox
        .command(program)
        .args(["-D", "-e", "-f"])
        .arg(config)
        .stdin(Stdio::null())
        .stderr(std::fs::File::create(keys.join("log")).unwrap())
        .spawn()
        .unwrap();
    let user = sandbox.command("id").arg("-un").output().unwrap().stdout;
    let user = String::from_utf8(user).unwrap();
    let user = user.trim();
    let mut ssh = Ssh {
        command: format!(
            "ssh -F none -i {} -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile={}",
            key("user"),
            key("known"),
        ),
        place: format!("ssh://{user}@127.0.0.1:{port}"),
        place_six: six.then(|| format!("ssh://{user}@[::1]:{port}")),
        scp: format!("{user}@127.0.0.1"),
        port,
        is_real: true,
        daemon: Some(daemon),
    };
    let is_there = wait_until("sshd", || {
        let ended = ssh.daemon.as_mut().unwrap().try_wait().unwrap();
        let connected = TcpStream::connect(("127.0.0.1", port));
        (ended.is_some() || connected.is_ok()).then_some(ended.is_none())
    });
    if !is_there {
        let said = std::fs::read_to_string(keys.join("log")).unwrap();
        left_out("sshd", &format!("it does not start: {said}"));
    }
    is_there.then_some(ssh)
}

impl Drop for Ssh {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            daemon.kill().ok();
            daemon.wait().ok();
        }
    }
}
