//! While a rebase, a merge or the like is in progress nothing is shipped; when it has ended, it is shipped once.

use std::time::{Duration, Instant};

use sendoff_testing::succeed;

use crate::world::{World, step};

use super::{assert_silent, git, install, last_report, pushes, wait_for_workers};

/// Lets the first two of three commits of `feature/x` conflict with `main`.
pub(super) fn conflict(world: &World) {
    let work = world.work();
    world.commit("z.txt", "z\n", "Add the last file");
    world.sandbox.git(&work, &["switch", "-q", "main"]);
    world.commit("a.txt", "another one\n", "Add the first file, too");
    world.sandbox.git(&work, &["switch", "-q", "feature/x"]);
}

#[test]
fn a_rebase_that_stops_is_shipped_when_it_has_ended() {
    let world = World::new();
    conflict(&world);
    for (hook, surface) in [
        ("post-commit", "git-post-commit"),
        ("post-rewrite", "git-post-rewrite"),
    ] {
        install(&world, "clone/.git/hooks", hook, surface);
    }
    let stopped = git(&world, &world.work(), &["rebase", "-q", "main"])
        .output()
        .unwrap();
    assert!(!stopped.status.success());
    assert_silent(&world.run(&["hook", "git-post-commit"]));
    let status = world.run(&["status", "--json"]).report();
    assert_eq!(status["is_out"], false, "{status}");
    assert_eq!(world.tip("feature/x"), "");
    let skip = || {
        git(&world, &world.work(), &["rebase", "--skip"])
            .output()
            .unwrap()
    };
    assert!(
        !skip().status.success(),
        "the second commit conflicts as well"
    );
    assert!(skip().status.success());
    let report = last_report(&world);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let head = world.sandbox.git(world.work(), &["rev-parse", "feature/x"]);
    assert_eq!(world.tip("feature/x"), head);
    assert_eq!(world.forge.pulls().len(), 1);
}

#[test]
fn a_cherry_pick_has_no_later_hook_and_is_shipped_all_the_same() {
    let world = World::new();
    let work = world.work();
    world
        .sandbox
        .git(&work, &["switch", "-q", "-c", "side", "main"]);
    let picked = world.commit("side.txt", "side\n", "Add the side");
    world.sandbox.git(&work, &["switch", "-q", "feature/x"]);
    install(&world, "clone/.git/hooks", "post-commit", "git-post-commit");
    let output = git(&world, &work, &["cherry-pick", &picked])
        .output()
        .unwrap();
    assert!(output.status.success());
    let report = last_report(&world);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let head = world.sandbox.git(&work, &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
}

/// Returns how many runs there were.
fn runs(world: &World) -> usize {
    last_report(world);
    world.run(&["history", "--json"]).stdout.lines().count()
}

#[test]
fn a_series_of_commits_is_one_run() {
    let world = World::new();
    let work = world.work();
    world
        .sandbox
        .git(&work, &["switch", "-q", "-c", "side", "main"]);
    for name in ["one", "two", "three"] {
        world.commit(&format!("{name}.txt"), name, name);
    }
    world.sandbox.git(&work, &["switch", "-q", "feature/x"]);
    for (hook, surface) in [
        ("post-commit", "git-post-commit"),
        ("post-rewrite", "git-post-rewrite"),
    ] {
        install(&world, "clone/.git/hooks", hook, surface);
    }
    let series: [&[&str]; 2] = [
        &["cherry-pick", "side~2", "side~1", "side"],
        &["rebase", "-q", "--force-rebase", "main"],
    ];
    for (count, series) in series.iter().enumerate() {
        let output = git(&world, &work, series).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(runs(&world), count + 1, "{series:?}");
    }
}

/// Git calls post-commit as well, and a squash makes no commit.
#[test]
fn an_amend_and_a_squash_ask_for_nothing_more() {
    let world = World::new();
    for (surface, word, asks) in [
        ("git-post-rewrite", "amend", false),
        ("git-post-rewrite", "rebase", true),
        ("git-post-merge", "1", false),
        ("git-post-merge", "0", true),
    ] {
        let said = world.run(&["hook", surface, "--json", word]).report();
        assert_eq!(said["run_id"].is_string(), asks, "{surface} {word}: {said}");
        if asks {
            last_report(&world);
        }
    }
}

#[test]
fn a_clean_merge_fires_post_merge_only() {
    let world = World::new();
    let work = world.work();
    world.sandbox.git(&work, &["switch", "-q", "main"]);
    world.commit("main.txt", "main\n", "Go on");
    world.sandbox.git(&work, &["switch", "-q", "feature/x"]);
    install(&world, "clone/.git/hooks", "post-merge", "git-post-merge");
    let output = git(&world, &work, &["merge", "-q", "--no-edit", "main"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let report = last_report(&world);
    assert_eq!(report["trigger"], "git-post-merge");
    let head = world.sandbox.git(&work, &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
}

#[test]
fn a_patch_that_was_applied_fires_post_applypatch_only() {
    let world = World::new();
    let work = world.work();
    world
        .sandbox
        .git(&work, &["switch", "-q", "-c", "side", "main"]);
    world.commit("side.txt", "side\n", "Add the side");
    let patch = world
        .sandbox
        .git(&work, &["format-patch", "-1", "--stdout"]);
    let patch = world.sandbox.write("side.patch", format!("{patch}\n"));
    world.sandbox.git(&work, &["switch", "-q", "feature/x"]);
    install(
        &world,
        "clone/.git/hooks",
        "post-applypatch",
        "git-post-applypatch",
    );
    succeed(&mut git(
        &world,
        &work,
        &["am", "-q", patch.to_str().unwrap()],
    ));
    let report = last_report(&world);
    assert_eq!(report["trigger"], "git-post-applypatch");
    let head = world.sandbox.git(&work, &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
}

/// Makes a commit and amends it, with git's hooks, under a policy that lets a commit settle for so long; says how long that
/// took.
fn commit_and_amend(world: &World, settle: Duration) -> Duration {
    world.user_policy(&format!(
        "[steps.push]\nsettle = \"{}ms\"",
        settle.as_millis()
    ));
    for (hook, surface) in [
        ("post-commit", "git-post-commit"),
        ("post-rewrite", "git-post-rewrite"),
    ] {
        install(world, "clone/.git/hooks", hook, surface);
    }
    let began = Instant::now();
    for more in [&["-m", "Thi"][..], &["--amend", "-m", "This"]] {
        let mut arguments = vec!["commit", "-q", "--allow-empty"];
        arguments.extend(more);
        let output = git(world, &world.work(), &arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    began.elapsed()
}

#[test]
fn a_commit_that_is_amended_while_it_settles_is_pushed_once() {
    // On a busy machine git may be slower than the commit settles: then nobody amended it in time, and it is tried again.
    let mut settle = Duration::from_millis(500);
    let world = loop {
        let world = World::new();
        if commit_and_amend(&world, settle) < settle {
            break world;
        }
        settle *= 2;
    };
    let report = last_report(&world);
    assert_eq!(
        step(&report, "push")["outputs"]["action"],
        "created",
        "{report}"
    );
    let head = world.sandbox.head(&world.work());
    assert_eq!(world.tip("feature/x"), head);
    assert_eq!(pushes(&world), 1);
}

/// A commit that ends a merge with a conflict, a cherry-pick with one, or a series of patches: git calls `post-commit` or
/// `post-applypatch` while the operation is on the way, and what it leaves is shipped once.
#[test]
fn what_a_stopped_operation_leaves_is_shipped_once() {
    for (what, end) in [
        (
            &["merge", "-q", "--no-edit", "main"][..],
            &["commit", "-q", "--no-edit"][..],
        ),
        (&["cherry-pick", "main"], &["cherry-pick", "--continue"]),
        (&["am", "-q", "-3", "two.patch"], &["am", "--continue"]),
    ] {
        let world = World::new();
        let work = world.work();
        conflict(&world);
        // Two patches, of which the first one cannot be applied.
        world.commit("m.txt", "m\n", "Add another one");
        world.sandbox.git(&work, &["switch", "-q", "main"]);
        world.commit("n.txt", "n\n", "And another one");
        let patches = world
            .sandbox
            .git(&work, &["format-patch", "-2", "--stdout"]);
        world
            .sandbox
            .write("clone/two.patch", format!("{patches}\n"));
        world.sandbox.git(&work, &["switch", "-q", "feature/x"]);
        if what[0] == "cherry-pick" {
            world
                .sandbox
                .git(&work, &["branch", "-f", "main", "main~1"]);
        }
        for (hook, surface) in [
            ("post-commit", "git-post-commit"),
            ("post-rewrite", "git-post-rewrite"),
            ("post-merge", "git-post-merge"),
            ("post-applypatch", "git-post-applypatch"),
        ] {
            install(&world, "clone/.git/hooks", hook, surface);
        }
        let stopped = git(&world, &work, what).output().unwrap();
        assert!(!stopped.status.success(), "{what:?}: {stopped:?}");
        assert_eq!(world.tip("feature/x"), "", "{what:?}");
        std::fs::write(work.join("a.txt"), "both\n").unwrap();
        world.sandbox.git(&work, &["add", "a.txt"]);
        let ended = git(&world, &work, end)
            .env("GIT_EDITOR", "true")
            .output()
            .unwrap();
        assert!(ended.status.success(), "{what:?}: {ended:?}");
        let report = last_report(&world);
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
        wait_for_workers(&world);
        assert_eq!(
            world.tip("feature/x"),
            world.sandbox.head(&work),
            "{what:?}"
        );
        assert_eq!(pushes(&world), 1, "{what:?}");
        assert_eq!(world.forge.pulls().len(), 1, "{what:?}");
    }
}
