//! Servers that take no body without its length, beside git.

use sendoff::demo::git_server::GitServerOptions;
use sendoff_push::ClassifiedError as _;
use sendoff_testing::noise;

use crate::world::{World, step};

use super::front::{Chunks, Front, Manner};
use super::proxy::configured;
use super::rig::{push_head, rendered};
use super::served::Served;

/// More than is kept in memory, in bytes.
const LARGE: usize = 9 << 20;

fn front(upstream: &str, chunks: Chunks) -> Front {
    let manner = Manner {
        chunks,
        ..Manner::default()
    };
    Front::start(upstream, manner)
}

/// Commits a file of `bytes` that cannot be compressed.
fn commit_noise(served: &Served, bytes: usize) {
    served.sandbox.write("work-r/noise.bin", noise(7, bytes));
    let git = |arguments: &[&str]| served.sandbox.git(&served.work, arguments);
    git(&["add", "noise.bin"]);
    git(&["commit", "-q", "-m", "noise"]);
}

/// Says whether git's push arrives.
fn git_pushes(served: &Served, url: &str) -> bool {
    let mut push = served.sandbox.command("git");
    push.current_dir(&served.work)
        .args(["push", "-q", url, "feature"]);
    push.output().unwrap().status.success()
}

/// Guards that a server which wants a length gets one, from memory and from a file, where git needs `http.postBuffer`.
#[test]
fn a_pack_is_sent_again_with_its_length_where_the_server_takes_no_chunks() {
    for (chunks, bytes) in [
        (Chunks::Refused, 3 << 20),
        (Chunks::Refused, LARGE),
        (Chunks::Cut, LARGE),
    ] {
        let served = Served::start(GitServerOptions::default());
        let front = front(&served.server.url(), chunks);
        commit_noise(&served, bytes);
        assert!(!git_pushes(&served, &front.url()), "{chunks:?}");
        let options = configured(&served.sandbox, &served.work, &front.url());
        let pushed = push_head(&served.sandbox, &served.work, &front.url(), &options).unwrap();
        assert_eq!(served.tip(), pushed.new.to_string());
        let last = front.seen().pop().unwrap();
        let length: u64 = last.length.unwrap().parse().unwrap();
        assert!(length > pushed.bytes && pushed.bytes > bytes as u64);
        assert_eq!(
            served
                .sandbox
                .git(&served.remote, &["fsck", "--full", "--strict"]),
            ""
        );
    }
}

/// Guards that a larger `http.postBuffer` counts as it stands: the pack goes at once with its length, as git's.
#[test]
fn a_large_post_buffer_is_honoured_whole_as_by_git() {
    let served = Served::start(GitServerOptions::default());
    let front = front(&served.server.url(), Chunks::Refused);
    commit_noise(&served, LARGE);
    let git = |arguments: &[&str]| served.sandbox.git(&served.work, arguments);
    git(&["config", "--global", "http.postBuffer", "1g"]);
    let options = configured(&served.sandbox, &served.work, &front.url());
    push_head(&served.sandbox, &served.work, &front.url(), &options).unwrap();
    let posts = |front: &Front| -> Vec<_> {
        let posts = front
            .seen()
            .into_iter()
            .filter(|seen| seen.method == "POST");
        posts
            .map(|seen| (seen.status, seen.length.is_some()))
            .collect()
    };
    assert_eq!(posts(&front), [(200, true)]);
    commit_noise(&served, LARGE + 1);
    assert!(git_pushes(&served, &front.url()));
}

/// Guards the advice for a connection that breaks on a pack in chunks, although the server takes chunks: obeyed, it helps.
#[test]
fn a_connection_that_breaks_on_chunks_names_the_post_buffer_which_then_helps() {
    let served = Served::start(GitServerOptions::default());
    let front = front(&served.server.url(), Chunks::CutAfter(500_000));
    commit_noise(&served, 30 << 20);
    let options = configured(&served.sandbox, &served.work, &front.url());
    let error = push_head(&served.sandbox, &served.work, &front.url(), &options).unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let text = rendered(&served.sandbox, &error);
    let said = text.lines().next().unwrap_or_default();
    assert_eq!(
        said,
        "network: the connection broke while the pack was sent in chunks"
    );
    let advice = error.transport().unwrap().advice().unwrap();
    let command = advice.rsplit_once(": git ").unwrap().1;
    let words: Vec<&str> = command.split(' ').collect();
    served.sandbox.git(&served.work, &words);
    let options = configured(&served.sandbox, &served.work, &front.url());
    push_head(&served.sandbox, &served.work, &front.url(), &options).unwrap();
}

/// Guards that a full or absent place for temporary files is told, and its advice.
#[test]
fn a_pack_that_cannot_be_kept_is_told_and_nothing_is_sent() {
    let world = World::new();
    let front = front(&world.git.url(), Chunks::Refused);
    let url = front.url().replace("r.git", "acme/rocket.git");
    world.point_to(&url);
    let origin = url.trim_end_matches("/acme/rocket.git");
    world.user_policy_with_git_at(origin, "");
    std::fs::write(world.work().join("noise.bin"), noise(7, LARGE)).unwrap();
    world.sandbox.git(world.work(), &["add", "noise.bin"]);
    world
        .sandbox
        .git(world.work(), &["commit", "-q", "-m", "noise"]);
    let mut variables = world.variables();
    let absent = world.sandbox.path("absent");
    variables.push(("TMPDIR", absent.to_str().unwrap().to_owned()));
    let said = world.run_in(&world.work(), &["run", "--json"], &variables);
    let report = said.report();
    let push = step(&report, "push");
    assert_eq!(push["reason"], "file", "{}", said.stdout);
    let summary = push["summary"].as_str().unwrap();
    assert!(
        summary.contains("the pack cannot be kept in a temporary file"),
        "{summary}"
    );
    assert!(push["advice"].as_str().unwrap().contains("TMPDIR"));
    // The advice, obeyed.
    std::fs::create_dir(&absent).unwrap();
    let report = world
        .run_in(&world.work(), &["run", "--json"], &variables)
        .report();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_eq!(std::fs::read_dir(&absent).unwrap().count(), 0);
}
