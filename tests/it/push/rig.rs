//! What the tests of the push share: repositories, options, and one call that pushes.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use gix::ObjectId;
use secrecy::SecretString;
use sendoff::demo::git_server::{GitServer, GitServerOptions};
use sendoff::git::Remote;
use sendoff::git::credentials::{Helpers, Login};
use sendoff::git::push::{AllowFile, BranchPush, BranchPushError, Promised, PushOptions};
use sendoff::names::{BranchName, RemoteName, RemoteUrl};
use sendoff::policy::{Policy, RemoteFacts};
use sendoff::process::Inheritance;
use sendoff::steps::push_advice;
use sendoff_push::progress::{NoProgress, Progress};
use sendoff_push::{LastSeen, Pushed};

use crate::sandbox::{Sandbox, environment};

/// So long one push of a test may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// What children get in the sandbox.
pub(crate) fn inheritance(sandbox: &Sandbox) -> Inheritance {
    let environment = environment(sandbox, &sandbox.home());
    Inheritance::new(environment.search_path(), environment.for_children())
}

/// Options that allow what the tests need, with short times.
pub(crate) fn options(sandbox: &Sandbox) -> PushOptions {
    PushOptions {
        connect_timeout: Duration::from_secs(5),
        push_timeout: Duration::from_secs(20),
        allow_file: AllowFile::Yes,
        inheritance: inheritance(sandbox),
        ..PushOptions::default()
    }
}

/// A login.
pub(crate) fn login(user: &str, password: &str) -> Login {
    Login {
        user: user.into(),
        password: SecretString::from(password),
    }
}

/// Helpers as the configuration would name them.
pub(crate) fn helpers(sandbox: &Sandbox, lines: &[&str]) -> Helpers {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    Helpers::new(lines, inheritance(sandbox))
}

/// A server over the sandbox's `remotes` directory.
pub(crate) fn server(sandbox: &Sandbox, options: GitServerOptions) -> GitServer {
    std::fs::create_dir_all(sandbox.path("remotes")).unwrap();
    GitServer::start(&sandbox.path("remotes"), &inheritance(sandbox), options).unwrap()
}

/// Returns the branch that HEAD names.
pub(crate) fn branch_of(sandbox: &Sandbox, work: &Path) -> String {
    sandbox.git(work, &["symbolic-ref", "--short", "HEAD"])
}

/// Pushes HEAD of `work` to the branch of the same name at `url`.
pub(crate) fn push_head(
    sandbox: &Sandbox,
    work: &Path,
    url: &str,
    options: &PushOptions,
) -> Result<Pushed, BranchPushError> {
    push_with(sandbox, work, url, options, &RemoteFacts::without_head)
}

/// What a push is told of its remote, and whom it tells how far it has come.
pub(crate) struct About<'a> {
    pub(crate) seen: LastSeen,
    pub(crate) facts: &'a (dyn Fn() -> RemoteFacts + Sync),
    pub(crate) progress: &'a dyn Progress,
}

impl Default for About<'_> {
    fn default() -> Self {
        Self {
            seen: LastSeen::default(),
            facts: &RemoteFacts::without_head,
            progress: &NoProgress,
        }
    }
}

/// The same, with all that can be said.
pub(crate) fn push_about(
    sandbox: &Sandbox,
    work: &Path,
    url: &str,
    options: &PushOptions,
    about: &About<'_>,
) -> Result<Pushed, BranchPushError> {
    with_patience(|stop| push_all(sandbox, work, url, options, about, stop, &plainly))
}

/// The same, with something to say about the remote.
pub(crate) fn push_with(
    sandbox: &Sandbox,
    work: &Path,
    url: &str,
    options: &PushOptions,
    facts: &(dyn Fn() -> RemoteFacts + Sync),
) -> Result<Pushed, BranchPushError> {
    let about = About {
        facts,
        ..About::default()
    };
    push_about(sandbox, work, url, options, &about)
}

/// Pushes HEAD of `work` to a branch that is expected to be at `expected`.
pub(crate) fn push_leased(
    sandbox: &Sandbox,
    work: &Path,
    url: &str,
    options: &PushOptions,
    facts: &(dyn Fn() -> RemoteFacts + Sync),
    expected: Option<ObjectId>,
) -> Result<Pushed, BranchPushError> {
    let how: How<'_> = &|repo, delivery| delivery.push_with_lease(repo, expected);
    let about = About {
        facts,
        ..About::default()
    };
    with_patience(|stop| push_all(sandbox, work, url, options, &about, stop, how))
}

/// Raises the flag of a push that never ends, so that it fails its test instead of holding it.
fn with_patience<T>(work: impl FnOnce(&AtomicBool) -> T) -> T {
    let stop = Arc::new(AtomicBool::new(false));
    let raise = Arc::clone(&stop);
    let (ended, end) = channel::<()>();
    std::thread::spawn(move || {
        if end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            raise.store(true, Ordering::Relaxed);
        }
    });
    let done = work(&stop);
    drop(ended);
    done
}

/// The same, until a flag is raised.
pub(crate) fn push_until(
    sandbox: &Sandbox,
    work: &Path,
    url: &str,
    options: &PushOptions,
    about: &About<'_>,
    stop: &AtomicBool,
) -> Result<Pushed, BranchPushError> {
    push_all(sandbox, work, url, options, about, stop, &plainly)
}

/// Which of the pushes of the library is called.
type How<'a> = &'a dyn Fn(&gix::Repository, &BranchPush<'_>) -> Result<Pushed, BranchPushError>;

fn plainly(repo: &gix::Repository, delivery: &BranchPush<'_>) -> Result<Pushed, BranchPushError> {
    delivery.push(repo)
}

fn push_all(
    sandbox: &Sandbox,
    work: &Path,
    url: &str,
    options: &PushOptions,
    about: &About<'_>,
    stop: &AtomicBool,
    how: How<'_>,
) -> Result<Pushed, BranchPushError> {
    let repo = gix::open_opts(work, gix::open::Options::isolated()).unwrap();
    let new = ObjectId::from_hex(sandbox.git(work, &["rev-parse", "HEAD"]).as_bytes()).unwrap();
    let branch = BranchName::new(branch_of(sandbox, work)).unwrap();
    let permit = Policy::default().permit_push(&branch).unwrap();
    let name = RemoteName::new("origin").unwrap();
    let remote = Remote::new(name, RemoteUrl::parse(url).unwrap());
    let delivery = BranchPush {
        permit: &permit,
        remote: &remote,
        new,
        options,
        promised: &Promised::default(),
        last_seen: &|| about.seen.clone(),
        advertised: &|_| (),
        remote_facts: about.facts,
        links: &|| Ok(()),
        still_valid: &|_| Ok(()),
        progress: about.progress,
        stop,
    };
    how(&repo, &delivery)
}

/// Returns what the repository at `remote` has, as somebody would remember it who pushes to `branch`.
pub(crate) fn seen_of(sandbox: &Sandbox, remote: &Path, branch: &str) -> LastSeen {
    let (of_branch, tips) = sandbox.tips(remote, branch);
    let id = |hex: &String| ObjectId::from_hex(hex.as_bytes()).unwrap();
    LastSeen {
        branch: of_branch.as_ref().map(id),
        tips: tips.iter().map(id).collect(),
    }
}

/// A work tree on the branch `feature` with one commit more than the bare `remotes/NAME.git`, which has
/// `main` and `feature`.
pub(crate) fn ahead(sandbox: &Sandbox, name: &str) -> (PathBuf, PathBuf) {
    let (work, remote) = (format!("work-{name}"), format!("remotes/{name}.git"));
    sandbox.add(&format!(
        "git init -q -b main \"{work}\"
        git init -q --bare -b main \"{remote}\"
        cd \"{work}\"
        echo hello > README && git add --all && git commit -q -m start
        git switch -q -c feature
        echo one > a.txt && git add --all && git commit -q -m one
        git push -q \"../{remote}\" main feature
        echo two >> a.txt && git add --all && git commit -q -m two"
    ));
    (sandbox.path(&work), sandbox.path(&remote))
}

/// An empty bare repository at `remotes/NAME.git`.
pub(crate) fn bare(sandbox: &Sandbox, name: &str) -> PathBuf {
    let path = sandbox.path(&format!("remotes/{name}.git"));
    std::fs::create_dir_all(&path).unwrap();
    sandbox.git(&path, &["init", "-q", "--bare", "-b", "main"]);
    path
}

pub(crate) use sendoff_testing::noise_text as noise;

/// Writes an executable file.
pub(crate) fn script(sandbox: &Sandbox, path: &str, text: &str) -> PathBuf {
    sandbox.executable(path, format!("#!/bin/sh\n{text}\n"))
}

/// Renders an error as people see it: class, chain, advice, with the sandbox's path taken out.
pub(crate) fn rendered(sandbox: &Sandbox, error: &BranchPushError) -> String {
    let mut text = format!("{}: {error}", error.class());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        write!(text, "\n  because: {cause}").unwrap();
        source = cause.source();
    }
    for message in error.messages() {
        write!(text, "\n  remote: {message}").unwrap();
    }
    if let Some(advice) = push_advice(error) {
        write!(text, "\n  advice: {advice}").unwrap();
    }
    let root = sandbox.path("");
    text.replace(root.to_str().unwrap(), "[SANDBOX]/")
}
