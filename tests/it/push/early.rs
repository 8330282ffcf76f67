//! The head start: used where it comes to the same, thrown away where it does not, and never believed.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sendoff::demo::git_server::{FaultKind, GitServerOptions};
use sendoff_push::progress::Progress;
use sendoff_push::{Action, LastSeen, Pushed};
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

use super::rig::{About, noise, push_about, script, seen_of};
use super::served::{INFO, Served, faulty};

/// Counts, while a server has said nothing yet, how many objects were packed.
struct Eager<'a> {
    served: &'a Served,
    early: AtomicUsize,
}

impl<'a> Eager<'a> {
    const fn new(served: &'a Served) -> Self {
        Self {
            served,
            early: AtomicUsize::new(0),
        }
    }
}

impl Progress for Eager<'_> {
    fn counted(&self, _: u64) {}
    fn packed(&self, _: u64, _: u64) {
        let log = self.served.server.log();
        if !log.iter().any(|entry| entry.status.is_some()) {
            self.early.fetch_add(1, Ordering::Relaxed);
        }
    }
    fn sent(&self, bytes: u64) {
        let log = self.served.server.log();
        let answered = log.iter().any(|entry| entry.status.is_some());
        assert!(answered, "{bytes} bytes were sent before the answer");
    }
}

/// A server that takes its time to say what it has.
fn slow() -> Served {
    let pause = FaultKind::Delay(Duration::from_secs(3));
    Served::start(faulty(INFO, 0, 1, pause))
}

/// Pushes, and returns how many objects were packed before the server said anything.
fn push(served: &Served, seen: LastSeen) -> (Pushed, usize) {
    let eager = Eager::new(served);
    let about = About {
        seen,
        progress: &eager,
        ..About::default()
    };
    let options = served.options();
    let pushed = push_about(
        &served.sandbox,
        &served.work,
        &served.url(),
        &options,
        &about,
    );
    (pushed.unwrap(), eager.early.load(Ordering::Relaxed))
}

fn truth(served: &Served) -> LastSeen {
    seen_of(&served.sandbox, &served.remote, "feature")
}

/// Checks that the remote has what the clone has, whole.
fn arrived(served: &Served) {
    let (sandbox, remote) = (&served.sandbox, &served.remote);
    let head = sandbox.git(&served.work, &["rev-parse", "HEAD"]);
    assert_eq!(served.tip(), head);
    let fsck = ["fsck", "--full", "--strict", "--no-dangling"];
    assert_eq!(sandbox.git(remote, &fsck), "");
}

#[test]
fn the_pack_is_made_while_the_remote_is_asked() {
    supervise!();
    let served = slow();
    let (pushed, early) = push(&served, truth(&served));
    assert_eq!((pushed.objects, early), (3, 3));
    arrived(&served);
}

#[test]
fn what_is_sent_is_the_same_byte_by_byte() {
    supervise!();
    let packs = [false, true].map(|with| {
        let served = slow();
        // The pack is kept as it came, under the name of its hash.
        let keep = ["config", "receive.unpackLimit", "1"];
        served.sandbox.git(&served.remote, &keep);
        let seen = if with {
            truth(&served)
        } else {
            LastSeen::default()
        };
        let (pushed, early) = push(&served, seen);
        assert_eq!(early > 0, with);
        let packs = served.remote.join("objects/pack");
        let names = std::fs::read_dir(packs).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert!(!names.is_empty());
        (pushed.objects, pushed.bytes, names)
    });
    assert_eq!(packs[0], packs[1]);
}

#[test]
fn a_remote_that_lost_what_it_was_seen_to_have_gets_it_again() {
    supervise!();
    let served = slow();
    let seen = truth(&served);
    let (sandbox, remote) = (&served.sandbox, &served.remote);
    sandbox.git(remote, &["update-ref", "-d", "refs/heads/feature"]);
    sandbox.git(
        remote,
        &["-c", "gc.pruneExpire=now", "gc", "-q", "--prune=now"],
    );
    let (pushed, early) = push(&served, seen);
    assert_eq!(early, 3, "it was begun as remembered");
    assert_eq!(pushed.action, Action::Created);
    assert_eq!(pushed.objects, 6, "and both commits were sent");
    arrived(&served);
}

#[test]
fn a_branch_that_is_gone_over_there_and_is_nobodys_base_changes_nothing() {
    supervise!();
    let served = slow();
    let (sandbox, work, remote) = (&served.sandbox, &served.work, &served.remote);
    sandbox.git(work, &["checkout", "-q", "-b", "gone", "main"]);
    sandbox.commit(work, "gone.txt", "gone\n", "gone");
    sandbox.git(work, &["push", "-q", remote.to_str().unwrap(), "gone"]);
    sandbox.git(work, &["checkout", "-q", "feature"]);
    let seen = truth(&served);
    assert_eq!(seen.tips.len(), 3);
    sandbox.git(remote, &["update-ref", "-d", "refs/heads/gone"]);
    let (pushed, early) = push(&served, seen);
    assert_eq!((pushed.objects, early), (3, 3));
    arrived(&served);
}

#[test]
fn a_remote_that_has_more_than_was_seen_gets_less() {
    supervise!();
    let served = slow();
    let seen = truth(&served);
    let (sandbox, work) = (&served.sandbox, &served.work);
    // The commit to push, under another name, by somebody else.
    let path = served.remote.to_str().unwrap();
    sandbox.git(work, &["push", "-q", path, "HEAD:refs/heads/other"]);
    sandbox.commit(work, "a.txt", "one\ntwo\nthree\n", "three");
    let (pushed, early) = push(&served, seen);
    assert_eq!((early, pushed.objects), (6, 3));
    arrived(&served);
}

#[test]
fn a_memory_of_objects_that_are_nowhere_does_no_harm() {
    supervise!();
    let served = slow();
    let mut seen = truth(&served);
    let nowhere = gix::ObjectId::from_hex(&[b'7'; 40]).unwrap();
    seen.tips = vec![nowhere];
    seen.branch = Some(nowhere);
    let (pushed, _) = push(&served, seen);
    assert_eq!(pushed.objects, 3);
    arrived(&served);
}

#[test]
fn nothing_is_begun_when_the_branch_was_seen_to_be_there() {
    supervise!();
    let served = slow();
    let head = served.sandbox.git(&served.work, &["rev-parse", "HEAD"]);
    let mut seen = truth(&served);
    seen.branch = Some(gix::ObjectId::from_hex(head.as_bytes()).unwrap());
    let (pushed, early) = push(&served, seen);
    assert_eq!((pushed.objects, early), (3, 0));
    arrived(&served);
}

#[test]
fn what_is_larger_than_may_be_held_waits_for_the_answer() {
    supervise!();
    let served = slow();
    let (sandbox, work) = (&served.sandbox, &served.work);
    for (number, size) in [150_000, 200_000, 1_000_000].into_iter().enumerate() {
        let text = noise(size).split_off(number);
        sandbox.commit(work, &format!("noise-{number}.txt"), &text, "noise");
    }
    let (pushed, early) = push(&served, truth(&served));
    assert!(pushed.bytes > 4 << 20, "{}", pushed.bytes);
    // Four commits, four trees, and files until a mebibyte is full.
    assert!((8..12).contains(&early), "{early} of {}", pushed.objects);
    arrived(&served);
}

#[test]
fn a_small_file_of_a_large_object_waits_for_the_answer() {
    supervise!();
    let served = slow();
    let (sandbox, work) = (&served.sandbox, &served.work);
    // A thousand times as much as what lies on disk.
    let zeros = std::fs::File::create(work.join("zeros")).unwrap();
    zeros.set_len(64 << 20).unwrap();
    sandbox.git(work, &["add", "zeros"]);
    sandbox.git(work, &["commit", "-q", "-m", "zeros"]);
    let id = sandbox.git(work, &["rev-parse", "HEAD:zeros"]);
    let file = work.join(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    assert!(std::fs::metadata(file).unwrap().len() < 1 << 20);
    let (pushed, early) = push(&served, truth(&served));
    assert_eq!(pushed.objects, 6);
    assert!((4..6).contains(&early), "{early}");
    arrived(&served);
}

#[test]
fn with_a_hook_nothing_is_begun_before_it_ran() {
    supervise!();
    let served = slow();
    let (sandbox, work) = (&served.sandbox, &served.work);
    // It packs the repository, and removes the files that were there.
    let hook = script(
        sandbox,
        "hook",
        "git repack -a -d -q && git prune-packed -q",
    );
    let mut options = served.options();
    options.local.hook = Some(sendoff::git::Hook {
        path: hook,
        directory: work.clone(),
        relative: None,
        place: Vec::new(),
        objects: Vec::new(),
    });
    options.local.hook_timeout = Duration::from_secs(20);
    let eager = Eager::new(&served);
    let about = About {
        seen: truth(&served),
        progress: &eager,
        ..About::default()
    };
    push_about(sandbox, work, &served.url(), &options, &about).unwrap();
    assert_eq!(eager.early.load(Ordering::Relaxed), 0);
    arrived(&served);
}

/// Replaces a loose object by another one's file.
fn damage(sandbox: &Sandbox, work: &Path, id: &str, by: &str) {
    let file = |id: &str| work.join(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    std::fs::remove_file(file(id)).unwrap();
    std::fs::copy(file(by), file(id)).unwrap();
    assert_ne!(sandbox.git(work, &["hash-object", "a.txt"]), id);
}

#[test]
fn an_object_among_many_that_is_not_what_its_id_says_ends_the_push() {
    supervise!();
    let served = Served::start(GitServerOptions::default());
    let (sandbox, work) = (&served.sandbox, &served.work);
    for number in 0..20 {
        let name = format!("file-{number}.txt");
        sandbox.commit(work, &name, &format!("{number}\n").repeat(99), &name);
    }
    let blob =
        |number: usize| sandbox.git(work, &["rev-parse", &format!("HEAD:file-{number}.txt")]);
    damage(sandbox, work, &blob(7), &blob(8));
    let before = served.tip();
    for seen in [LastSeen::default(), truth(&served)] {
        let about = About {
            seen,
            ..About::default()
        };
        let options = served.options();
        let error = push_about(sandbox, work, &served.url(), &options, &about).unwrap_err();
        assert_eq!(error.class(), "corrupt", "{error:?}");
        assert_eq!(served.tip(), before);
    }
}
