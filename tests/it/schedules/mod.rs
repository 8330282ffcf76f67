//! Schedules: when they run, what they do, and what becomes of it.

mod cli;
mod croniter;
mod import;
mod platform_table;
mod platform_tls;
mod policy;
pub(crate) mod postgres;
mod prompt;
mod retry;
mod servers;
mod ticker;

use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt;
use jiff::Timestamp;
use sendoff::clock::Clock;
use sendoff::demo::platform_server::PlatformServer;
use sendoff::schedules::Ticker;
use sendoff::secrets::KnownSecrets;
use sendoff::session::Service;
use sendoff::store::{ScheduleRow, ScheduleStore, Store};

use crate::sandbox::{Sandbox, environment};

/// How long a test waits for something that takes a moment.
const PATIENCE: Duration = Duration::from_mins(1);

/// A machine with a platform, a store and a policy.
struct Machine {
    sandbox: Sandbox,
    platform: PlatformServer,
}

impl Machine {
    /// Makes one whose user policy names the platform, and says this besides.
    fn new(policy: &str) -> Self {
        let machine = Self {
            sandbox: Sandbox::new(),
            platform: PlatformServer::start("ws-own", None).unwrap(),
        };
        machine.set_policy(policy);
        machine
    }

    fn set_policy(&self, policy: &str) {
        let url = self.platform.url();
        let policy = format!("[platform]\nurl = \"{url}\"\nworkspace-id = \"ws-own\"\n{policy}");
        self.sandbox
            .write("home/.config/sendoff/policy.toml", policy);
    }

    /// Runs `sendoff schedule` with arguments.
    fn schedule(&self, arguments: &[&str]) -> Output {
        let mut command = std::process::Command::cargo_bin("sendoff").unwrap();
        command
            .env_clear()
            .envs(self.sandbox.variables())
            .current_dir(self.sandbox.path("."))
            .arg("schedule")
            .args(arguments);
        command.output().unwrap()
    }

    /// Runs it, and returns what it prints and its exit code.
    fn said(&self, arguments: &[&str]) -> String {
        let output = self.schedule(arguments);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let home = self.sandbox.path("").to_str().unwrap().to_owned();
        let code = output.status.code().unwrap();
        let said = format!(
            "{}{}exit {code}",
            text(&output.stdout),
            text(&output.stderr)
        );
        said.replace(&home, "[SANDBOX]/")
    }

    /// Adds a prompt to the workspace `ws-1` with more arguments, which has to succeed.
    fn add_prompt(&self, name: &str, prompt: &str, more: &[&str]) {
        let mut arguments = vec!["add", name, "--workspace", "ws-1", "--prompt", prompt];
        if !more.contains(&"--cron") {
            arguments.extend(["--cron", "@yearly"]);
        }
        arguments.extend(more);
        let output = self.schedule(&arguments);
        assert!(output.status.success(), "{}", self.said(&["list"]));
    }

    fn service(&self) -> Arc<Service> {
        let environment = environment(&self.sandbox, Path::new("/"));
        Arc::new(Service::open(&environment, &KnownSecrets::default()).unwrap())
    }

    fn store(&self) -> Store {
        let directory = self.sandbox.path("home/.local/state/sendoff");
        Store::open(&directory, &Clock::System, Duration::from_secs(5)).unwrap()
    }

    fn row(&self, name: &str) -> ScheduleRow {
        self.store().find(name).unwrap().unwrap()
    }

    /// Changes a column of a schedule, as no command can.
    fn set(&self, name: &str, column: &str, value: impl rusqlite::ToSql) {
        let path = self.sandbox.path("home/.local/state/sendoff/store.db");
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        let sql = format!("UPDATE schedules SET {column} = ?2 WHERE name = ?1");
        assert_eq!(connection.execute(&sql, (name, value)).unwrap(), 1);
    }

    /// Sets a schedule due at a time.
    fn set_due_at(&self, name: &str, at: Timestamp) {
        self.set(name, "next_run_at", at.as_millisecond());
    }

    /// Lets a ticker run until `is_done`, and then until what it began has ended.
    fn tick_until(&self, is_done: impl Fn() -> bool) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let ticker = Ticker::new(self.service());
        let began = Instant::now();
        runtime.block_on(async {
            let done = async {
                while !is_done() {
                    assert!(began.elapsed() < PATIENCE, "it takes too long");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            // The condition looks at files and servers of its own; it needs not be `Send`.
            let (cancel, cancelled) = tokio::sync::oneshot::channel::<()>();
            let run = ticker.run(
                async {
                    let _ = cancelled.await;
                },
                |_| (),
            );
            let watch = async {
                done.await;
                let _ = cancel.send(());
            };
            tokio::join!(run, watch);
        });
    }

    /// Lets a ticker run until a schedule has fired so often, however that went.
    fn tick_until_fired(&self, name: &str, times: usize) {
        let store = self.store();
        let id = self.row(name).id;
        self.tick_until(|| {
            let firings = store.firings(id, 100).unwrap();
            firings
                .iter()
                .filter(|firing| firing.ended_at.is_some())
                .count()
                >= times
        });
    }
}
