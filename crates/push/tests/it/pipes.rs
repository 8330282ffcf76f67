//! A transport of another program: pipes to git, a lease, and what a hook says.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::refs::FullName;
use sendoff_push::sideband::Answer;
use sendoff_push::{
    Action, ClassifiedError, Connection, LastSeen, NoLocalChecks, NoProgress, PushError,
    PushOutcome, PushRequest, Redact, RequestBody, SendError, Transport, push, push_with_lease,
};
use sendoff_testing::Sandbox;

/// Pipes to git's own program, and nothing more: no deadline, no login.
struct Pipes<'a> {
    sandbox: &'a Sandbox,
    remote: PathBuf,
}

impl Transport for Pipes<'_> {
    fn remote(&self) -> &'static str {
        "elsewhere"
    }

    fn open(&self) -> Result<Box<dyn Connection + '_>, Box<dyn ClassifiedError>> {
        let mut command = self.sandbox.command("git");
        command.arg("receive-pack").arg(&self.remote);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let started = command.stderr(Stdio::null()).spawn();
        started
            .map(|child| Box::new(Pipe(child)) as Box<dyn Connection>)
            .map_err(|error| Broken(error).into())
    }

    fn redact(&self) -> &dyn Redact {
        &Hunter
    }
}

/// The pipes' own error.
#[derive(Debug, thiserror::Error)]
#[error("the pipe broke")]
struct Broken(#[source] std::io::Error);

impl ClassifiedError for Broken {
    fn class(&self) -> &'static str {
        "network"
    }
}

/// Hides one password.
struct Hunter;

impl Redact for Hunter {
    fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        text.replace("hunter2", "*").into()
    }
}

struct Pipe(Child);

impl Connection for Pipe {
    fn advertise(&mut self) -> Result<Vec<u8>, Box<dyn ClassifiedError>> {
        let stdout = self.0.stdout.as_mut().unwrap();
        let mut lines = Vec::new();
        while !lines.ends_with(b"0000") {
            let mut length = [0; 4];
            stdout.read_exact(&mut length).map_err(Broken)?;
            lines.extend(length);
            let length = usize::from_str_radix(std::str::from_utf8(&length).unwrap(), 16).unwrap();
            let mut line = vec![0; length.saturating_sub(4)];
            stdout.read_exact(&mut line).map_err(Broken)?;
            lines.extend(line);
        }
        Ok(lines)
    }

    fn send_pack(&mut self, request: RequestBody<'_>) -> Result<Answer, SendError> {
        let mut stdin = self.0.stdin.take().unwrap();
        stdin.write_all(request.head).unwrap();
        (request.pack)(&mut stdin).map_err(|error| SendError::without_effect(Broken(error)))?;
        drop(stdin);
        (request.handed_over)();
        let mut demux = request.form.demux();
        let mut answer = Vec::new();
        let stdout = self.0.stdout.as_mut().unwrap();
        stdout.read_to_end(&mut answer).unwrap();
        let fed = demux.feed(&answer);
        fed.unwrap();
        Ok(demux.finish())
    }

    fn close(self: Box<Self>) {}
}

impl Drop for Pipe {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

/// A work tree on `feature` with one commit more than the bare repository, which has `main` and `feature`.
fn ahead(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    sandbox.add(
        "git init -q -b main work
        git init -q --bare -b main remote.git
        cd work
        echo hello > README && git add --all && git commit -q -m start
        git switch -q -c feature
        echo one > a.txt && git add --all && git commit -q -m one
        git push -q ../remote.git main feature
        echo two >> a.txt && git add --all && git commit -q -m two",
    );
    (sandbox.path("work"), sandbox.path("remote.git"))
}

/// Which of the two pushes is called.
type How<'a> = &'a dyn Fn(&gix::Repository, &PushRequest<'_>) -> Result<PushOutcome, PushError>;

fn pushed(
    sandbox: &Sandbox,
    work: &Path,
    remote: &Path,
    how: How<'_>,
) -> Result<PushOutcome, PushError> {
    let repo = gix::open_opts(work, gix::open::Options::isolated()).unwrap();
    let new = ObjectId::from_hex(sandbox.git(work, &["rev-parse", "HEAD"]).as_bytes()).unwrap();
    let branch = FullName::try_from("refs/heads/feature").unwrap();
    let pipes = Pipes {
        sandbox,
        remote: remote.to_owned(),
    };
    let order = PushRequest {
        branch: branch.as_ref(),
        transport: &pipes,
        local: &NoLocalChecks,
        new,
        push_options: &[],
        push_size: u64::MAX,
        last_seen: &LastSeen::default,
        confirm: &|_, _| Ok(()),
        agent: "lifted/1",
        progress: &NoProgress,
        stop: &AtomicBool::new(false),
    };
    how(&repo, &order)
}

/// Returns what was done, where the remote took the push.
fn action(outcome: PushOutcome) -> Action {
    match outcome {
        PushOutcome::Pushed(pushed) => pushed.action,
        PushOutcome::Rejected(rejected) => panic!("{rejected}"),
    }
}

#[test]
fn a_transport_of_somebody_else_is_enough() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox);
    let first = pushed(&sandbox, &work, &remote, &push).unwrap();
    assert_eq!(action(first), Action::Updated);
    let again = pushed(&sandbox, &work, &remote, &push).unwrap();
    assert_eq!(action(again), Action::UpToDate);
    let tip = sandbox.git(&remote, &["rev-parse", "feature"]);
    assert_eq!(tip, sandbox.git(&work, &["rev-parse", "HEAD"]));
    sandbox.git(&remote, &["fsck", "--full", "--strict"]);
}

#[test]
fn a_lease_and_the_words_of_a_hook_go_over_it_too() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox);
    let wrong: How<'_> = &|repo, order| push_with_lease(repo, order, None);
    let error = pushed(&sandbox, &work, &remote, wrong).unwrap_err();
    assert_eq!(error.class(), "lease-broken");
    assert!(error.advice().unwrap().contains("git fetch elsewhere"));
    assert_eq!(error.summary(&Hunter), error.to_string());
    let text = "#!/bin/sh\necho the password is hunter2 >&2; exit 1\n";
    sandbox.executable("remote.git/hooks/update", text);
    let outcome = pushed(&sandbox, &work, &remote, &push).unwrap();
    let PushOutcome::Rejected(rejected) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(rejected.kind.class(), "hook-declined");
    assert_eq!(rejected.messages[0], "the password is *");
}
