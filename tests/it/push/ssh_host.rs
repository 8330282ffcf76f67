//! A real sshd and a user's configuration of ssh, which a test spoils and then mends as the advice says.

use std::path::PathBuf;
use std::process::Stdio;

use crate::sandbox::succeed;

use super::as_git::Twin;
use super::prompted::Terminal;
use super::sshd::{Ssh, behind_sshd};

/// A remote behind a real sshd, and the user's configuration of ssh.
pub(super) struct Host {
    pub(super) twin: Twin,
    pub(super) ssh: Ssh,
    /// The variables of an agent, where one is started, and its process.
    agent: Option<String>,
}

impl Host {
    /// Starts an sshd, which lets the user in; nothing where the machine has none.
    pub(super) fn start() -> Option<Self> {
        let (twin, ssh) = behind_sshd()?;
        let config = twin.served.sandbox.path("ssh/config");
        let command = format!("ssh -F {}", config.display());
        let mut host = Self {
            twin,
            ssh,
            agent: None,
        };
        host.set("GIT_SSH_COMMAND", command);
        host.config_by("user", "");
        Some(host)
    }

    pub(super) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.twin.variables.push((name, value.into()));
    }

    /// Writes the user's configuration of ssh.
    pub(super) fn config(&self, lines: &str) {
        let known = self.file("known").display().to_string();
        let text = format!("{lines}UserKnownHostsFile {known}\n");
        self.twin.served.sandbox.write("ssh/config", text);
    }

    /// Writes one that names the one key.
    pub(super) fn config_by(&self, key: &str, more: &str) {
        let key = self.file(key).display().to_string();
        self.config(&format!("{more}IdentityFile {key}\nIdentitiesOnly yes\n"));
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.twin.served.sandbox.path("ssh").join(name)
    }

    /// Has ssh started by a script, which runs `command` with the arguments of ssh.
    pub(super) fn wrap(&mut self, command: &str) {
        let sandbox = &self.twin.served.sandbox;
        let config = sandbox.path("ssh/config");
        let text = format!("#!/bin/sh\n{command} -F {} \"$@\"\n", config.display());
        let wrapper = sandbox.executable("ssh/wrapper", text);
        self.set("GIT_SSH_VARIANT", "ssh");
        self.set("GIT_SSH_COMMAND", wrapper.display().to_string());
    }

    pub(super) fn shell(&self, command: &str) -> String {
        let mut shell = self.twin.served.sandbox.command("sh");
        let output = shell
            .args(["-c", command])
            .envs(
                self.twin
                    .variables
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .current_dir(self.file(""))
            .stderr(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts an agent that asks, for each use of a key, whether the file `touched` is there.
    pub(super) fn agent(&mut self) {
        let text = format!("#!/bin/sh\ntest -e {}\n", self.file("touched").display());
        let ask = self.twin.served.sandbox.executable("ask-use", text);
        let socket = self.file("agent").display().to_string();
        let started = self.shell(&format!(
            "SSH_ASKPASS={} SSH_ASKPASS_REQUIRE=force DISPLAY=: ssh-agent -a {socket}",
            ask.display()
        ));
        let pid = started.split("SSH_AGENT_PID=").nth(1).unwrap();
        self.agent = Some(pid.split(';').next().unwrap().to_owned());
        self.set("SSH_AUTH_SOCK", socket);
    }

    /// Makes a key that the server knows no more of than its name.
    pub(super) fn key(&self, name: &str) -> PathBuf {
        let mut keygen = self.twin.served.sandbox.command("ssh-keygen");
        succeed(
            keygen
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(self.file(name)),
        );
        self.file(name)
    }

    /// Connects by hand and answers that the key is the host's, as the advice says.
    pub(super) fn compares_the_key(&self) {
        let git = std::process::Command::new("git");
        let mut command = Terminal::session(&git, &["push", "--dry-run", "origin", "HEAD"]);
        command
            .envs(self.twin.served.sandbox.variables())
            .envs(
                self.twin
                    .variables
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .current_dir(&self.twin.served.work);
        let question = "(yes/no/[fingerprint])? ";
        let (shown, _) = Terminal::new().talk_to_end(command, &[(question, "yes\n")]);
        assert!(shown.contains(question), "{shown}");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(pid) = &self.agent {
            self.shell(&format!("kill {pid}"));
        }
    }
}

/// Spoils something, expects the advice, and obeys it.
pub(super) fn obeyed(spoil: impl Fn(&mut Host), advice: &str, obey: impl Fn(&mut Host)) {
    let Some(mut host) = Host::start() else {
        return;
    };
    spoil(&mut host);
    host.twin.neither_arrives(advice);
    obey(&mut host);
    host.twin.both_arrive();
}
