//! A repository that somebody else changes while it is pushed, and what is no repository's.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use sendoff::demo::git_server::{FaultKind, GitServerOptions};
use sendoff_push::progress::Progress;

use crate::sandbox::Sandbox;

use super::rig::{About, push_about, push_head, seen_of};
use super::served::{INFO, Served, faulty};
use super::twin::Shop;

/// Packs everything anew, in another way, and removes what was there.
fn repack(sandbox: &Sandbox, work: &Path) {
    let arguments = ["-c", "pack.compression=1", "repack", "-a", "-d", "-q", "-F"];
    sandbox.git(work, &arguments);
}

#[test]
fn a_repack_while_the_remote_is_asked_does_no_harm() {
    for is_right in [true, false] {
        let pause = FaultKind::Delay(Duration::from_secs(2));
        let served = Served::start(faulty(INFO, 0, 1, pause));
        let (sandbox, work) = (&served.sandbox, &served.work);
        sandbox.git(work, &["repack", "-a", "-d", "-q"]);
        sandbox.commit(work, "b.txt", "b\n", "more");
        let mut seen = seen_of(sandbox, &served.remote, "feature");
        if !is_right {
            seen.tips.retain(|tip| seen.branch != Some(*tip));
            seen.branch = None;
        }
        let about = About {
            seen,
            ..About::default()
        };
        let options = served.options();
        let pushed = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(900));
                repack(sandbox, work);
            });
            push_about(sandbox, work, &served.url(), &options, &about)
        });
        assert_eq!(pushed.unwrap().objects, 6, "{is_right}");
        assert_eq!(served.tip(), sandbox.git(work, &["rev-parse", "HEAD"]));
    }
}

/// Packs the repository anew when some objects were written.
struct Repacking<'a> {
    sandbox: &'a Sandbox,
    work: &'a Path,
    done: AtomicBool,
}

impl Progress for Repacking<'_> {
    fn counted(&self, _: u64) {}
    fn packed(&self, done: u64, _: u64) {
        if done > 20 && !self.done.swap(true, Ordering::Relaxed) {
            repack(self.sandbox, self.work);
        }
    }
    fn sent(&self, _: u64) {}
}

#[test]
fn a_repack_while_more_is_packed_than_stays_mapped_does_no_harm() {
    let shop = Shop::new("sha1");
    shop.git(&["config", "core.compression", "0"]);
    for number in 0..500 {
        let noise: Vec<u8> = super::memory::noise(number, 200_000).flatten().collect();
        shop.write(&format!("noise-{number}.bin"), noise);
    }
    shop.git(&["add", "--all"]);
    shop.git(&["commit", "-q", "-m", "noise"]);
    shop.git(&["repack", "-a", "-d", "-q"]);
    let repacking = Repacking {
        sandbox: &shop.sandbox,
        work: &shop.work(),
        done: AtomicBool::new(false),
    };
    let about = About {
        progress: &repacking,
        ..About::default()
    };
    let (seed, options) = (shop.seed(), super::rig::options(&shop.sandbox));
    let path = seed.to_str().unwrap();
    push_about(&shop.sandbox, &shop.work(), path, &options, &about).unwrap();
    assert!(repacking.done.load(Ordering::Relaxed));
    let head = shop.git(&["rev-parse", "HEAD"]);
    assert_eq!(shop.server(&["rev-parse", "feature"]), head);
    assert_eq!(shop.server(&["fsck", "--full", "--strict"]), "");
}

#[test]
fn a_pipe_in_the_place_of_an_object_is_no_object() {
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
