//! Deliveries a minute and the time of answers: `sendoff serve` beside a bare handler that verifies and answers.
//!
//! `cargo bench --bench events` sends 10,000 deliveries a minute for some seconds to both, then as many as they take. It does
//! not use criterion, because what counts is the slowest hundredth at a given pace.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench starts a server, prints its table, and may panic"
)]

mod bare;
mod sender;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sender::{Measured, Pace, send};

/// The secret of both servers.
const SECRET: &str = "the secret of this bench";
/// The pace that is promised.
const A_MINUTE: u32 = 10_000;
/// How long each measurement takes.
const TIME: Duration = Duration::from_secs(10);

/// The policy of the server: one rule that matches, one with a condition, one for another event.
const POLICY: &str = r#"
[serve]
listen = "127.0.0.1:0"
[[events.rule]]
on = "issues.opened"
repositories = ["acme/*"]
fire = ["*pick-up-work*"]
debounce = "1s"
[[events.rule]]
on = "issues"
repositories = ["*"]
when = "payload.issue.number < 0"
fire = ["*"]
[[events.rule]]
on = "push"
repositories = ["*"]
fire = ["*"]
"#;

/// `sendoff serve`, killed when it is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
    _home: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("sendoff");
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("policy.toml"), POLICY).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sendoff"))
            .arg("serve")
            .env_clear()
            .env("XDG_CONFIG_HOME", home.path())
            .env("XDG_STATE_HOME", home.path().join("state"))
            .env("GITHUB_WEBHOOK_SECRET", SECRET)
            .env("SENDOFF_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Self {
            address: address.parse().unwrap(),
            child,
            _home: home,
        }
    }

    /// Returns the most memory that it took, in KiB.
    fn memory(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.unwrap_or("unknown").trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_before = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn main() {
    let bare = bare::start(SECRET);
    let server = Server::start();
    println!(
        "{:34} {:>10} {:>8} {:>8} {:>8} {:>8}",
        "", "a minute", "p50", "p90", "p99", "max"
    );
    let paced = |name: &str, address| {
        let measured = send(address, SECRET, Pace::AMinute(A_MINUTE), 8, TIME);
        row(&format!("{name}, paced"), &measured);
        measured
    };
    let ratio = |ours: &Measured, theirs: &Measured| {
        ours.at(0.99).as_secs_f64() / theirs.at(0.99).as_secs_f64()
    };
    let (theirs, ours) = (
        paced("bare handler", bare),
        paced("sendoff serve", server.address),
    );
    println!("{:34} {:.1} x at p99", "", ratio(&ours, &theirs));
    let most = |name: &str, address| {
        let measured = send(address, SECRET, Pace::AsFastAsItGoes, 32, TIME);
        row(&format!("{name}, as fast as it goes"), &measured);
        measured
    };
    let (theirs, ours) = (
        most("bare handler", bare),
        most("sendoff serve", server.address),
    );
    println!(
        "{:34} {:.2} x deliveries",
        "",
        ours.a_minute() / theirs.a_minute()
    );
    println!("sendoff serve took at most {}", server.memory());
}

fn row(name: &str, measured: &Measured) {
    let millis = |part: f64| format!("{:.1} ms", measured.at(part).as_secs_f64() * 1000.0);
    println!(
        "{name:34} {:>10.0} {:>8} {:>8} {:>8} {:>8}",
        measured.a_minute(),
        millis(0.5),
        millis(0.9),
        millis(0.99),
        millis(1.0)
    );
}
