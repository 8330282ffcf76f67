//! A server in a sandbox.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt as _;
use jiff::Timestamp;
use sendoff::clock::Clock;
use sendoff::store::{Claim, NewSchedule, ScheduleRow, ScheduleSource, ScheduleStore as _, Store};
use sendoff_testing::wait_until;
use serde_json::json;

use crate::sandbox::Sandbox;

use super::client::{connect, send, sign_and_send};
use super::github;

pub(super) use super::client::{Got, code, head, read_answer};

/// The secret of GitHub's webhooks in these tests.
pub(super) const SECRET: &str = "a secret of these tests";

/// A sandbox with a policy and secrets, in which servers run.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) sandbox: Sandbox,
}

/// A server that runs. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// Three forges' secrets, any free port, and one rule.
pub(super) const RULE: &str = "
[[events.rule]]
on = \"issues.opened\"
repositories = [\"acme/*\"]
fire = [\"*pick-up-work*\"]
";

impl Home {
    pub(super) fn new(rules: &str) -> Self {
        let home = Self {
            sandbox: Sandbox::new(),
        };
        home.sandbox.write("secret", format!("{SECRET}\n"));
        home.policy(rules);
        home
    }

    /// Writes the user's policy.
    pub(super) fn policy(&self, rules: &str) {
        let secret = self.sandbox.path("secret");
        let secret = secret.display();
        self.write_policy(&format!(
            "[serve]\nlisten = \"127.0.0.1:0\"\n[events]\ngithub-secret-file = \"{secret}\"\n\
             gitlab-secret-file = \"{secret}\"\ngitea-secret-file = \"{secret}\"\n{rules}"
        ));
    }

    pub(super) fn write_policy(&self, text: &str) {
        self.sandbox.write("home/.config/sendoff/policy.toml", text);
    }

    pub(super) fn state(&self) -> PathBuf {
        self.sandbox.path("home/.local/state/sendoff")
    }

    pub(super) fn store(&self) -> Store {
        Store::open(&self.state(), &Clock::System, Duration::from_secs(5)).unwrap()
    }

    /// Keeps a schedule whose own time never comes in these tests, and that stays as an event leaves it: another process is
    /// busy with it, and it waits for that.
    pub(super) fn schedule(&self, name: &str, tags: &[&str]) {
        let never: Timestamp = "2999-01-01T00:00:00Z".parse().unwrap();
        let definition =
            json!({"name": name, "cron": "@yearly", "step": "none", "on-busy": "queue"});
        let store = self.store();
        let is_new = store.add(&NewSchedule {
            name: name.into(),
            source: ScheduleSource::Command,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            definition: definition.to_string(),
            next_run_at: Some(never),
            enabled: true,
        });
        assert!(is_new.unwrap());
        let claim = Claim {
            holder: "another process",
            now: Clock::System.now(),
            held_until: never,
            next_run_at: None,
        };
        assert!(store.begin(&self.found(name), &claim).unwrap().is_some());
    }

    /// Returns all that the store's files contain.
    pub(super) fn store_text(&self) -> String {
        let files = std::fs::read_dir(self.state()).unwrap();
        let texts = files.map(|file| std::fs::read(file.unwrap().path()).unwrap_or_default());
        texts
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect()
    }

    pub(super) fn found(&self, name: &str) -> ScheduleRow {
        self.store().find(name).unwrap().unwrap()
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let program = Command::cargo_bin("sendoff").unwrap();
        let mut command = self.sandbox.command(program.get_program());
        command.args(arguments);
        command
    }

    /// Runs a command to its end; returns its code and what it printed.
    pub(super) fn run(&self, arguments: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that does not read it may be gone.
        let _closed = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    /// Starts a server, and waits until it listens.
    pub(super) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    pub(super) fn serve_with(&self, variables: &[(&str, &str)]) -> Server {
        let mut command = self.command(&["serve"]);
        command.envs(variables.iter().copied());
        Server::start(command)
    }
}

impl Server {
    /// Starts a server by a command, and waits until it listens.
    pub(super) fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = child.stderr.take().unwrap();
        let lines = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = lines.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| {
            panic!("{line:?}: {}", log.lock().unwrap());
        });
        Self {
            address: address.parse().unwrap(),
            child,
            log,
            reader: Some(reader),
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the log so far.
    pub(super) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for a text in the log.
    pub(super) fn logs(&self, text: &str) {
        wait_until(text, || self.log().contains(text).then_some(()));
    }

    pub(super) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end, and returns its log.
    pub(super) fn ended(mut self) -> (ExitStatus, String) {
        let status = wait_until("the end of the server", || self.child.try_wait().unwrap());
        self.reader.take().unwrap().join().unwrap();
        (status, self.log())
    }

    pub(super) fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    /// Sends a request, and returns the answer.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Got {
        send(self.address, method, path, headers, body)
    }

    pub(super) fn get(&self, path: &str) -> Got {
        self.send("GET", path, &[], b"")
    }

    /// Sends a delivery of GitHub with a good signature.
    pub(super) fn deliver(&self, event: &str, id: &str, body: &[u8]) -> Got {
        sign_and_send(self.address, SECRET, event, id, body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_before = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Returns the payload of an issue that was opened.
pub(super) fn issue(number: u64) -> Vec<u8> {
    let payload = github::issues_opened(number, "The rocket leaks", &["bug"], "acme/rocket");
    payload.to_string().into_bytes()
}
