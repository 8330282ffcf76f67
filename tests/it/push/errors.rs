//! What people read when a push fails: provoked by real servers.

use std::net::TcpListener;

use insta::assert_snapshot;
use secrecy::SecretString;
use sendoff::demo::git_server::{Fault, FaultKind, GitServerOptions};
use sendoff::git::delivery::PushOptions;

use crate::sandbox::Sandbox;

use super::rig::{ahead, bare, helpers, options, push_head, rendered, script};
use super::served::Served;

/// Pushes the `feature` of [`ahead`] to a directory that `prepare` spoiled, and renders the error.
fn refused(prepare: impl Fn(&Sandbox, &std::path::Path, &std::path::Path)) -> String {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    prepare(&sandbox, &work, &remote);
    let before = sandbox.git(&remote, &["for-each-ref"]);
    let url = remote.to_str().unwrap();
    let error = push_head(&sandbox, &work, url, &options(&sandbox)).unwrap_err();
    assert_eq!(
        sandbox.git(&remote, &["for-each-ref"]),
        before,
        "a ref moved"
    );
    rendered(&sandbox, &error)
}

/// Pushes over HTTP to a server that goes wrong.
fn over_http(fault: Option<Fault>, change: impl Fn(&Sandbox, &mut PushOptions)) -> String {
    let guarded = fault.is_none();
    let served = Served::start(GitServerOptions {
        login: guarded.then(|| ("me".into(), SecretString::from("pw"))),
        faults: fault.into_iter().collect(),
    });
    let mut options = served.options();
    change(&served.sandbox, &mut options);
    let error = served.push(&options).unwrap_err();
    rendered(&served.sandbox, &error)
}

fn always(path_end: &'static str, kind: FaultKind) -> Fault {
    Fault {
        path_end,
        after: 0,
        times: usize::MAX,
        kind,
    }
}

#[test]
fn a_pre_receive_hook_that_declines() {
    let text = refused(|sandbox, _, _| {
        let hook = "printf 'policy: \\033[31mno\\033[0m\\nask the admins\\n' >&2; exit 1";
        script(sandbox, "remotes/r.git/hooks/pre-receive", hook);
    });
    assert_snapshot!(text, @"
    hook-declined: the remote rejected `feature`: pre-receive hook declined
      remote: policy: no
      remote: ask the admins
      advice: a hook of the remote declined; its messages say why
    ");
}

#[test]
fn an_update_hook_that_declines_as_a_forge_would() {
    let text = refused(|sandbox, _, _| {
        let hook = "echo 'error: GH013: Repository rule violations found for refs/heads/feature.' >&2; \
                    echo 'Push cannot contain secrets (push protection)' >&2; exit 1";
        script(sandbox, "remotes/r.git/hooks/update", hook);
    });
    assert_snapshot!(text, @"
    secret-protection: the remote rejected `feature`: hook declined
      remote: error: GH013: Repository rule violations found for refs/heads/feature.
      remote: Push cannot contain secrets (push protection)
      remote: error: hook declined to update refs/heads/feature
      advice: take the secret out of the commits, and renew it: it may be known already
    ");
}

#[test]
fn a_branch_that_is_checked_out() {
    let sandbox = Sandbox::new();
    let work = sandbox.repository("clone");
    sandbox.git(&work, &["checkout", "-q", "-b", "feature"]);
    let path = work.to_str().unwrap();
    sandbox.git(sandbox.path(""), &["clone", "-q", path, "other"]);
    let other = sandbox.path("other");
    sandbox.commit(&work, "a.txt", "a\n", "a");
    let url = other.to_str().unwrap();
    let error = push_head(&sandbox, &work, url, &options(&sandbox)).unwrap_err();
    assert_snapshot!(rendered(&sandbox, &error).lines().next().unwrap(), @"checked-out: the remote rejected `feature`: branch is currently checked out");
}

#[test]
fn a_ref_that_is_locked() {
    let text = refused(|sandbox, _, _| {
        sandbox.write("remotes/r.git/refs/heads/feature.lock", "");
    });
    assert_snapshot!(text.lines().next().unwrap(), @"lock: the remote rejected `feature`: failed to update ref");
}

#[test]
fn a_branch_that_was_rewritten_here() {
    let text = refused(|sandbox, work, _| {
        sandbox.git(work, &["reset", "-q", "--hard", "HEAD~1"]);
        sandbox.git(work, &["commit", "-q", "--amend", "-m", "rewritten"]);
    });
    assert_snapshot!(text, @"
    diverged: `feature` on the remote is at 964067247430, which is no ancestor of 9462f7172f54
      advice: if the rewrite is meant: git push --force-with-lease=feature:964067247430db1e9aaf6ffa2dd37adc08f516df origin feature
    ");
}

#[test]
fn a_branch_that_somebody_else_pushed_to() {
    let text = refused(|sandbox, _, remote| {
        let path = remote.to_str().unwrap();
        sandbox.git(
            sandbox.path(""),
            &["clone", "-q", "-b", "feature", path, "other"],
        );
        let other = sandbox.path("other");
        sandbox.commit(&other, "b.txt", "b\n", "theirs");
        sandbox.git(&other, &["push", "-q", "origin", "feature"]);
    });
    assert_snapshot!(text, @"
    diverged: `feature` on the remote is at 9a15f61c0567, which is no ancestor of f0bf44ec8269
      advice: somebody else pushed: git pull --rebase origin feature, then push again
    ");
}

#[test]
fn a_directory_that_is_no_repository() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let url = sandbox.path("remotes/absent.git");
    let error = push_head(&sandbox, &work, url.to_str().unwrap(), &options(&sandbox));
    assert_snapshot!(rendered(&sandbox, &error.unwrap_err()), @"
    not-found: there is no such repository: '[SANDBOX]/remotes/absent.git' does not appear to be a git repository
      advice: check the remote's URL, and that your login may see the repository
    ");
}

#[test]
fn a_repository_of_another_hash() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let path = sandbox.path("remotes/long.git");
    std::fs::create_dir_all(&path).unwrap();
    sandbox.git(&path, &["init", "-q", "--bare", "--object-format=sha256"]);
    let error = push_head(&sandbox, &work, path.to_str().unwrap(), &options(&sandbox));
    assert_snapshot!(rendered(&sandbox, &error.unwrap_err()), @"
    unsupported: the remote cannot be pushed to
      because: the server's objects are sha256, the repository's are sha1
    ");
}

#[test]
fn objects_that_the_repository_lost() {
    let text = refused(|sandbox, work, _| {
        let tree = sandbox.git(work, &["rev-parse", "HEAD^{tree}"]);
        let (folder, file) = tree.split_at(2);
        std::fs::remove_file(work.join(".git/objects").join(folder).join(file)).unwrap();
    });
    assert!(text.starts_with("missing-objects: "), "{text}");
}

#[test]
fn a_repository_that_the_http_server_does_not_know() {
    let served = Served::start(GitServerOptions::default());
    let url = format!("{}/absent.git", served.server.url());
    let error = push_head(&served.sandbox, &served.work, &url, &served.options()).unwrap_err();
    assert_snapshot!(rendered(&served.sandbox, &error), @"
    not-found: there is no such repository at 127.0.0.1
      advice: check the remote's URL, and that your login may see the repository
    ");
}

#[test]
fn a_login_that_nobody_knows() {
    assert_snapshot!(over_http(None, |_, _| {}), @"
    auth: 127.0.0.1 wants a login, and no credential helper knows one
      advice: set up a credential helper in your global git configuration, or pass a token
    ");
}

#[test]
fn a_login_that_is_wrong() {
    let text = over_http(None, |sandbox, options| {
        let line = "!echo username=me; echo password=CANARY; true";
        options.helpers = helpers(sandbox, &[line]);
    });
    assert_snapshot!(text, @"
    auth: 127.0.0.1 refused the login
      advice: renew the token or password that git's helper keeps
    ");
}

#[test]
fn a_login_that_may_not_push() {
    let kind = FaultKind::Status(403, "Permission to o/r.git denied to me.\n");
    assert_snapshot!(over_http(Some(always("/info/refs", kind)), |_, _| {}), @"
    auth: 127.0.0.1 does not allow this push: Permission to o/r.git denied to me.
      advice: ask for write access, or use a token that has it
    ");
}

#[test]
fn a_page_instead_of_an_answer() {
    let fault = always("/info/refs", FaultKind::Page);
    assert_snapshot!(over_http(Some(fault), |_, _| {}), @"
    bad-response: 127.0.0.1 does not answer as a git server does
      advice: check the remote's URL; a proxy or a login page may be in the way
    ");
}

#[test]
fn a_server_that_is_overloaded() {
    let fault = always("/git-receive-pack", FaultKind::Status(503, "busy"));
    assert_snapshot!(over_http(Some(fault), |_, _| {}), @"
    network: 127.0.0.1 is not available now (status 503)
      advice: check that the remote can be reached, then run again: nothing is lost
    ");
}

#[test]
fn a_push_that_the_server_finds_too_large() {
    let fault = always("/git-receive-pack", FaultKind::Status(413, "<html>"));
    assert_snapshot!(over_http(Some(fault), |_, _| {}), @"
    too-large: the push is larger than the server takes
      advice: push fewer commits, or keep large files out of the history
    ");
}

#[test]
fn a_redirect_to_another_host() {
    let to = "https://evil.test/r.git/info/refs?service=git-receive-pack".to_owned();
    let fault = always("/info/refs", FaultKind::Redirect(to));
    assert_snapshot!(over_http(Some(fault), |_, _| {}), @"
    redirect-refused: a redirect was refused
      because: the server sends the request on to another origin
      advice: set the remote's URL to the address that the repository has now
    ");
}

#[test]
fn a_port_where_nobody_listens() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let free = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}/r.git");
    let error = push_head(&sandbox, &work, &url, &options(&sandbox)).unwrap_err();
    let text = rendered(&sandbox, &error).replace(&free.to_string(), "[ADDRESS]");
    assert_snapshot!(text, @"
    network: the connection failed
      because: error sending request
      because: client error (Connect)
      because: tcp connect error
      because: Connection refused (os error 111)
      advice: check that the remote can be reached, then run again: nothing is lost
    ");
    assert!(error.is_transient());
    let summary = "the connection failed: Connection refused (os error 111)";
    assert_eq!(error.summary(), summary);
}

#[test]
fn a_pack_that_the_server_finds_too_large() {
    let text = refused(|sandbox, _, remote| {
        sandbox.git(remote, &["config", "receive.maxInputSize", "10"]);
    });
    assert_snapshot!(text.lines().next().unwrap(), @"too-large: the remote could not take the pack: unpack-objects abnormal exit");
}

#[test]
fn a_remote_that_is_shallow_itself() {
    let sandbox = Sandbox::new();
    let (work, remote) = ahead(&sandbox, "r");
    let from = format!("file://{}", remote.display());
    let arguments = [
        "clone", "-q", "--bare", "--depth", "1", "-b", "feature", &from, "part.git",
    ];
    sandbox.git(sandbox.path(""), &arguments);
    let part = sandbox.path("part.git");
    let error = push_head(&sandbox, &work, part.to_str().unwrap(), &options(&sandbox));
    assert_snapshot!(rendered(&sandbox, &error.unwrap_err()), @r"
    unsupported: the remote is a shallow repository, so what it lacks cannot be told
      advice: fetch the whole history over there: git fetch --unshallow
    ");
}

#[test]
fn a_shallow_clone_that_the_server_does_not_want() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let from = format!("file://{}", work.display());
    sandbox.git(
        sandbox.path(""),
        &[
            "clone", "-q", "--depth", "1", "-b", "feature", &from, "shallow",
        ],
    );
    let empty = bare(&sandbox, "empty");
    let shallow = sandbox.path("shallow");
    let url = empty.to_str().unwrap();
    let error = push_head(&sandbox, &shallow, url, &options(&sandbox)).unwrap_err();
    assert_snapshot!(rendered(&sandbox, &error), @"
    shallow: the remote rejected `feature`: shallow update not allowed
      advice: fetch the whole history first: git fetch --unshallow
    ");
}
