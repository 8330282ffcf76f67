//! The push as another program would lift it: over a transport of its own, with nothing else of sendoff.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::refs::FullName;
use sendoff_push::answer::Answer;
use sendoff_push::{
    Action, Failed, Hide, LastSeen, Link, NoProgress, NothingLocal, PushError, PushOrder,
    PushRequest, Pushed, Service, Transport, push, push_with_lease,
};

use crate::sandbox::Sandbox;

use super::rig::{ahead, script};

/// Pipes to git's own program, and nothing more: no deadline, no login.
struct Pipes<'a> {
    sandbox: &'a Sandbox,
    remote: PathBuf,
}

impl Transport for Pipes<'_> {
    fn remote(&self) -> &'static str {
        "elsewhere"
    }

    fn open(&self, service: Service) -> Result<Box<dyn Link + '_>, PushError> {
        let mut command = self.sandbox.command("git");
        let verb = service.name().trim_start_matches("git-");
        command.arg(verb).arg(&self.remote);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let started = command.stderr(Stdio::null()).spawn();
        started
            .map(|child| Box::new(Pipe(child)) as Box<dyn Link>)
            .map_err(|error| PushError::Start(error.into()))
    }

    fn hide(&self) -> &dyn Hide {
        &Hunter
    }
}

/// Hides one password.
struct Hunter;

impl Hide for Hunter {
    fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        text.replace("hunter2", "*").into()
    }
}

struct Pipe(Child);

impl Link for Pipe {
    fn advertise(&mut self) -> Result<Vec<u8>, PushError> {
        let stdout = self.0.stdout.as_mut().unwrap();
        let mut lines = Vec::new();
        while !lines.ends_with(b"0000") {
            let mut length = [0; 4];
            stdout
                .read_exact(&mut length)
                .map_err(|_| PushError::Lost)?;
            lines.extend(length);
            let length = usize::from_str_radix(std::str::from_utf8(&length).unwrap(), 16).unwrap();
            let mut line = vec![0; length.saturating_sub(4)];
            stdout.read_exact(&mut line).map_err(|_| PushError::Lost)?;
            lines.extend(line);
        }
        Ok(lines)
    }

    fn request(&mut self, _: &[u8]) -> Result<Vec<u8>, PushError> {
        unreachable!("a push asks for nothing else")
    }

    fn exchange(&mut self, request: PushRequest<'_>) -> Result<Answer, Failed> {
        let mut stdin = self.0.stdin.take().unwrap();
        stdin.write_all(request.head).unwrap();
        (request.pack)(&mut stdin).map_err(Failed::without_effect)?;
        drop(stdin);
        (request.handed_over)();
        let mut demux = request.form.demux();
        let mut answer = Vec::new();
        let stdout = self.0.stdout.as_mut().unwrap();
        stdout.read_to_end(&mut answer).unwrap();
        let fed = demux.feed(&answer);
        fed.map_err(|_| Failed::unknown(PushError::Garbled))?;
        Ok(demux.finish())
    }

    fn leave(self: Box<Self>) {}
}

impl Drop for Pipe {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

/// Which of the two pushes is called.
type How<'a> = &'a dyn Fn(&gix::Repository, &PushOrder<'_>) -> Result<Pushed, PushError>;

fn pushed(
    sandbox: &Sandbox,
    work: &Path,
    remote: &Path,
    how: How<'_>,
) -> Result<Pushed, PushError> {
    let repo = gix::open_opts(work, gix::open::Options::isolated()).unwrap();
    let new = ObjectId::from_hex(sandbox.git(work, &["rev-parse", "HEAD"]).as_bytes()).unwrap();
    let branch = FullName::try_from("refs/heads/feature").unwrap();
    let pipes = Pipes {
        sandbox,
        remote: remote.to_owned(),
    };
    let order = PushOrder {
        branch: branch.as_ref(),
        transport: &pipes,
        local: &NothingLocal,
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

#[test]
fn a_transport_of_somebody_else_is_enough() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let first = pushed(&sandbox, &work, &remote, &push).unwrap();
    assert_eq!(first.action, Action::Updated);
    let again = pushed(&sandbox, &work, &remote, &push).unwrap();
    assert_eq!(again.action, Action::UpToDate);
    let tip = sandbox.git(&remote, &["rev-parse", "feature"]);
    assert_eq!(tip, sandbox.git(&work, &["rev-parse", "HEAD"]));
    sandbox.git(&remote, &["fsck", "--full", "--strict"]);
}

#[test]
fn a_lease_and_the_words_of_a_hook_go_over_it_too() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let wrong: How<'_> = &|repo, order| push_with_lease(repo, order, None);
    let error = pushed(&sandbox, &work, &remote, wrong).unwrap_err();
    assert_eq!(error.class(), "lease-broken");
    assert!(error.advice().unwrap().contains("git fetch elsewhere"));
    assert_eq!(error.summary(&Hunter), error.to_string());
    let text = "echo the password is hunter2 >&2; exit 1";
    script(&sandbox, "remotes/r.git/hooks/update", text);
    let error = pushed(&sandbox, &work, &remote, &push).unwrap_err();
    assert_eq!(error.class(), "hook-declined");
    assert_eq!(error.messages()[0], "the password is *");
}
