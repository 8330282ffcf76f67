//! A repository that somebody else changes while it is pushed, and what is no repository's.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use sendoff::demo::git_server::GitServerOptions;
use sendoff_push::progress::Progress;
use sendoff_testing::{Gate, TwinFixture, noise, supervise};

use crate::sandbox::Sandbox;

use super::rig::{About, ahead, options, push_about, push_head, script, seen_of};
use super::served::Served;

/// Packs everything anew, in another way, and removes what was there.
fn repack(sandbox: &Sandbox, work: &Path) {
    let arguments = ["-c", "pack.compression=1", "repack", "-a", "-d", "-q", "-F"];
    sandbox.git(work, &arguments);
}

/// Packs the repository anew when some objects were written.
struct Repacking<'a> {
    sandbox: &'a Sandbox,
    work: &'a Path,
    /// So many objects are written before.
    after: u64,
    done: AtomicBool,
}

impl Progress for Repacking<'_> {
    fn counted(&self, _: u64) {}
    fn packed(&self, done: u64, _: u64) {
        if done > self.after && !self.done.swap(true, Ordering::Relaxed) {
            repack(self.sandbox, self.work);
        }
    }
    fn sent(&self, _: u64) {}
}

/// Packs the repository anew when something was packed, and only then lets the remote answer.
struct Answering<'a> {
    repacking: Repacking<'a>,
    gate: &'a Gate,
}

impl Progress for Answering<'_> {
    fn counted(&self, _: u64) {}
    fn packed(&self, done: u64, all: u64) {
        if !self.repacking.done.load(Ordering::Relaxed) {
            self.repacking.packed(done, all);
            // Over ssh HEAD is asked for in a connection of its own, and the push is begun anew.
            for _connection in ["receive-pack", "upload-pack", "receive-pack"] {
                self.gate.open();
            }
        }
    }
    fn sent(&self, _: u64) {}
}

#[test]
fn a_repack_while_the_remote_is_asked_does_no_harm() {
    supervise!();
    for is_right in [true, false] {
        let sandbox = Sandbox::new();
        let (work, remote) = ahead(&sandbox, "r");
        sandbox.git(&work, &["repack", "-a", "-d", "-q"]);
        sandbox.commit(&work, "b.txt", "b\n", "more");
        let mut seen = seen_of(&sandbox, &remote, "feature");
        if !is_right {
            seen.tips.retain(|tip| seen.branch != Some(*tip));
            seen.branch = None;
        }
        let gate = Gate::new(&sandbox);
        // What ssh would run over there, when the gate is open.
        let text = format!(
            // It is asked first whether it takes the options of OpenSSH.
            "[ \"$1\" != -G ] || exit 0; {}; for last; do :; done; exec sh -c \"$last\"",
            gate.wait_line()
        );
        let mut options = options(&sandbox);
        options.ssh_command = Some(script(&sandbox, "remote", &text).display().to_string());
        let answering = Answering {
            repacking: Repacking {
                sandbox: &sandbox,
                work: &work,
                after: 0,
                done: AtomicBool::new(false),
            },
            gate: &gate,
        };
        let about = About {
            seen,
            progress: &answering,
            ..About::default()
        };
        let url = format!("ssh://host.test{}", remote.display());
        let pushed = push_about(&sandbox, &work, &url, &options, &about).unwrap();
        assert!(answering.repacking.done.load(Ordering::Relaxed));
        assert_eq!(pushed.objects, 6, "{is_right}");
        let head = sandbox.head(&work);
        assert_eq!(sandbox.git(&remote, &["rev-parse", "feature"]), head);
    }
}

#[test]
fn a_repack_while_more_is_packed_than_stays_mapped_does_no_harm() {
    let fixture = TwinFixture::new("sha1");
    fixture.git(&["config", "core.compression", "0"]);
    for number in 0..500 {
        fixture.write(&format!("noise-{number}.bin"), noise(number, 200_000));
    }
    fixture.git(&["add", "--all"]);
    fixture.git(&["commit", "-q", "-m", "noise"]);
    fixture.git(&["repack", "-a", "-d", "-q"]);
    let repacking = Repacking {
        sandbox: &fixture.sandbox,
        work: &fixture.work(),
        after: 20,
        done: AtomicBool::new(false),
    };
    let about = About {
        progress: &repacking,
        ..About::default()
    };
    let (seed, options) = (fixture.seed(), options(&fixture.sandbox));
    let path = seed.to_str().unwrap();
    push_about(&fixture.sandbox, &fixture.work(), path, &options, &about).unwrap();
    assert!(repacking.done.load(Ordering::Relaxed));
    let head = fixture.git(&["rev-parse", "HEAD"]);
    assert_eq!(fixture.server(&["rev-parse", "feature"]), head);
    assert_eq!(fixture.server(&["fsck", "--full", "--strict"]), "");
}

#[test]
fn a_pipe_in_the_place_of_an_object_is_no_object() {
    supervise!();
    let served = Served::start(GitServerOptions::default());
    let (sandbox, work) = (&served.sandbox, &served.work);
    let id = sandbox.git(work, &["rev-parse", "HEAD^{tree}"]);
    let file = work.join(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    std::fs::remove_file(&file).unwrap();
    let made = sandbox.command("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    let (options, url) = (served.options(), served.url());
    let (told, answer) = channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let refused = push_head(sandbox, work, &url, &options).unwrap_err();
            told.send(refused.class()).unwrap();
        });
        let class = answer.recv_timeout(Duration::from_secs(20));
        // Whoever waits at the pipe goes on now, so that the test ends.
        drop(std::fs::remove_file(&file));
        assert_eq!(class, Ok("missing-objects"));
    });
}
