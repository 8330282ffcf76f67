//! A head start that turns out to be useless: a refusal does not wait for it to end.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use sendoff::git::push::{BranchPushError, PushOptions};
use sendoff_push::Pushed;
use sendoff_push::progress::Progress;
use sendoff_testing::{Gate, TwinFixture, supervise};

use super::rig::{About, options, push_until, script, seen_of};

/// So many files are new, each in a directory of its own.
const FILES: u64 = 4_000;

/// Lets the remote answer when the head start has begun, and takes its time with all that it hears.
struct Slow<'a> {
    begun: &'a (dyn Fn() + Sync),
    /// Raised when it has heard so often.
    stop: AtomicBool,
    patience: AtomicU64,
    counted: AtomicU64,
    packed: AtomicU64,
}

impl Progress for Slow<'_> {
    fn counted(&self, n: u64) {
        if self.counted.fetch_max(n, Ordering::Relaxed) > 0 {
            (self.begun)();
        }
        if self.patience.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.stop.store(true, Ordering::Relaxed);
        }
        // All of it would take many times as long as the answer of a remote.
        std::thread::sleep(Duration::from_millis(200));
    }
    fn packed(&self, done: u64, _: u64) {
        self.packed.fetch_max(done, Ordering::Relaxed);
    }
    fn sent(&self, _: u64) {}
}

/// A repository with a commit of many files that the remote has not.
fn many() -> TwinFixture {
    let fixture = TwinFixture::new("sha1");
    let from = fixture.git(&["rev-parse", "HEAD"]);
    let mut stream = format!(
        "commit refs/heads/feature\ncommitter A <a@example.invalid> 1770000000 +0000\ndata 4\nmany\nfrom {from}\n"
    );
    for n in 0..FILES {
        write!(
            stream,
            "M 100644 inline {}/{n}/f\ndata 5\n{n:05}\n",
            n / 100
        )
        .unwrap();
    }
    fixture.feed(&["fast-import", "--quiet"], stream.as_bytes());
    fixture
}

/// Pushes to an ssh that says this when something was begun; returns how many objects were counted.
fn push(fixture: &TwinFixture, says: &str) -> (Result<Pushed, BranchPushError>, u64) {
    let sandbox = &fixture.sandbox;
    let gate = Gate::new(sandbox);
    let root = sandbox.path("");
    let text = format!("cd {}; {}; {says}", root.display(), gate.wait_line());
    let mut options = options(sandbox);
    options.ssh_command = Some(script(sandbox, "remote", &text).display().to_string());
    let url = "ssh://host.test/r.git";
    push_while(fixture, url, &options, u64::MAX, &|| gate.open())
}

/// Pushes, and returns how many objects were counted before the push ended.
fn push_to(
    fixture: &TwinFixture,
    url: &str,
    options: &PushOptions,
) -> (Result<Pushed, BranchPushError>, u64) {
    push_while(fixture, url, options, u64::MAX, &|| ())
}

/// The same; the caller wants to end when so much was counted, and is told when something was.
fn push_while(
    fixture: &TwinFixture,
    url: &str,
    options: &PushOptions,
    patience: u64,
    begun: &(dyn Fn() + Sync),
) -> (Result<Pushed, BranchPushError>, u64) {
    let sandbox = &fixture.sandbox;
    let slow = Slow {
        begun,
        stop: AtomicBool::new(false),
        patience: AtomicU64::new(patience),
        counted: AtomicU64::new(0),
        packed: AtomicU64::new(0),
    };
    let about = About {
        seen: seen_of(sandbox, &fixture.seed(), "feature"),
        progress: &slow,
        ..About::default()
    };
    let pushed = push_until(sandbox, &fixture.work(), url, options, &about, &slow.stop);
    assert_eq!(slow.packed.load(Ordering::Relaxed), 0);
    (pushed, slow.counted.load(Ordering::Relaxed))
}

#[test]
fn a_refusal_does_not_wait_until_all_is_counted() {
    supervise!();
    let fixture = many();
    let says = "echo 'ERROR: Permission to o/r.git denied to me.' >&2; exit 128";
    let (pushed, counted) = push(&fixture, says);
    let error = pushed.unwrap_err();
    assert_eq!(error.class(), "denied", "{error:?}");
    assert!(counted > 0 && counted < FILES, "{counted} were counted");
}

/// A web server that answers the first request when something was begun.
fn web(begun: Receiver<()>, says: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/r.git", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _read = stream.read(&mut request);
        // Its other end lives until the push has ended.
        begun.recv().unwrap();
        stream.write_all(says.as_bytes())
    });
    url
}

#[test]
fn a_refusal_over_http_does_not_wait_until_all_is_counted() {
    supervise!();
    let fixture = many();
    let says = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let (begins, begun) = channel();
    let url = web(begun, says);
    let tell = || {
        let _gone = begins.send(());
    };
    let options = options(&fixture.sandbox);
    let (pushed, counted) = push_while(&fixture, &url, &options, u64::MAX, &tell);
    let error = pushed.unwrap_err();
    assert_eq!(error.class(), "auth", "{error:?}");
    assert!(counted > 0 && counted < FILES, "{counted} were counted");
}

#[test]
fn a_branch_that_somebody_moved_is_told_before_all_is_counted() {
    supervise!();
    let fixture = many();
    let elsewhere = "7".repeat(40);
    let line = format!("{elsewhere} refs/heads/feature\0report-status\n");
    let hello = format!("{:04x}{line}0000", line.len() + 4);
    fixture.sandbox.write("hello", hello);
    let (pushed, counted) = push(&fixture, "cat hello; cat > rest");
    let error = pushed.unwrap_err();
    assert_eq!(error.class(), "diverged", "{error:?}");
    assert!(counted > 0 && counted < FILES, "{counted} were counted");
}

/// Options with an ssh that says at once that the branch is where it was seen, and reads what it gets.
fn answering(fixture: &TwinFixture) -> PushOptions {
    let sandbox = &fixture.sandbox;
    let tip = sandbox.git(fixture.seed(), &["rev-parse", "feature"]);
    let line = format!("{tip} refs/heads/feature\0report-status\n");
    sandbox.write("hello", format!("{:04x}{line}0000", line.len() + 4));
    let text = format!("cat {}/hello; cat > /dev/null", sandbox.path("").display());
    let mut options = options(sandbox);
    options.ssh_command = Some(script(sandbox, "remote", &text).display().to_string());
    options
}

#[test]
fn the_wish_to_end_is_heard_when_the_remote_has_answered() {
    supervise!();
    let fixture = many();
    let options = answering(&fixture);
    let (pushed, counted) = push_while(&fixture, "ssh://host.test/r.git", &options, 8, &|| ());
    let error = pushed.unwrap_err();
    assert_eq!(error.class(), "stopped", "{error:?}");
    assert!(counted > 0 && counted < FILES, "{counted} were counted");
}

#[test]
fn a_remote_that_takes_no_push_options_is_told_before_all_is_counted() {
    supervise!();
    let fixture = many();
    let mut options = answering(&fixture);
    options.local.push_options = vec!["ci.skip".into()];
    let (pushed, counted) = push_to(&fixture, "ssh://host.test/r.git", &options);
    let error = pushed.unwrap_err();
    assert_eq!(error.class(), "unsupported", "{error:?}");
    assert!(counted < FILES, "{counted} were counted");
}

#[test]
fn nothing_is_begun_for_a_branch_that_was_rewritten_here() {
    supervise!();
    let fixture = many();
    fixture.git(&["reset", "-q", "--soft", "HEAD~1"]);
    fixture.git(&["commit", "-q", "--amend", "-m", "rewritten"]);
    let seed = fixture.seed();
    let options = options(&fixture.sandbox);
    let (pushed, counted) = push_to(&fixture, seed.to_str().unwrap(), &options);
    let error = pushed.unwrap_err();
    assert_eq!(error.class(), "diverged", "{error:?}");
    assert_eq!(counted, 0);
}
