//! Links, pipes and endless files that an agent put into the git directory.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sendoff_testing::supervise;

use crate::world::{World, step};

/// Returns a path in the clone's git directory, whose parent is there.
fn in_git(world: &World, path: &str) -> PathBuf {
    let path = world.work().join(".git").join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

/// Makes refs of the clone's remote be tracked at `refs/remotes/e/`.
fn track_below_e(world: &World, branch: &str) {
    let spec = format!("+refs/heads/{branch}:refs/remotes/e/{branch}");
    let arguments = ["config", "remote.origin.fetch", &spec];
    world.sandbox.git(world.work(), &arguments);
}

#[test]
fn a_reflog_that_is_a_link_is_not_appended_to() {
    supervise!();
    let world = World::new();
    let target = world.sandbox.write("home/.bashrc", "# mine\n");
    let log = in_git(&world, "logs/refs/remotes/origin/feature/x");
    let fetch = "+refs/heads/*:refs/remotes/origin/*";
    let arguments = ["config", "remote.origin.fetch", fetch];
    world.sandbox.git(world.work(), &arguments);
    symlink(&target, &log).unwrap();
    let report = world.report(&["step", "push"]);
    // The branch is on the server all the same; only the note of it is not written.
    assert_eq!(report["verdict"], "done", "{report}");
    assert_eq!(
        report["outputs"]["tracking"],
        "the tracking ref was not moved: the ref `refs/remotes/origin/feature/x` cannot be read: it is, or lies \
         behind, a symbolic link"
    );
    assert_eq!(fs::read_to_string(&target).unwrap(), "# mine\n");
    // The control: without the link the log is written.
    fs::remove_file(&log).unwrap();
    world.commit("more.txt", "more", "Add more");
    world.report(&["step", "push"]);
    assert!(fs::read_to_string(&log).unwrap().contains("update by push"));
}

#[test]
fn a_directory_of_refs_that_is_a_link_is_not_written_to() {
    supervise!();
    let world = World::new();
    let target = world.sandbox.path("home/elsewhere");
    fs::create_dir_all(&target).unwrap();
    world
        .sandbox
        .git(world.work(), &["branch", "-m", "policy.toml"]);
    track_below_e(&world, "policy.toml");
    symlink(&target, in_git(&world, "refs/remotes/e")).unwrap();
    world.report(&["step", "push"]);
    assert!(!target.join("policy.toml").exists());
    // The control: a directory of its own is written to.
    fs::remove_file(in_git(&world, "refs/remotes/e")).unwrap();
    world.report(&["step", "push"]);
    assert!(in_git(&world, "refs/remotes/e/policy.toml").exists());
}

#[test]
fn nothing_of_a_file_behind_a_link_is_shown() {
    supervise!();
    let world = World::new();
    let secret = world.sandbox.write("home/secret", "CANARY-of-the-user\n");
    for name in [
        "refs/heads/feature/x",
        "packed-refs",
        "HEAD",
        "refs/remotes/origin/main",
    ] {
        let path = in_git(&world, name);
        let before = fs::read(&path).ok();
        let _none = fs::remove_file(&path);
        symlink(&secret, &path).unwrap();
        let said = world.run(&["run", "post-commit", "--json", "-v"]);
        let text = format!("{}{}", said.stdout, said.stderr);
        assert!(!text.contains("CANARY"), "{name}: {text}");
        assert_eq!(world.tip("feature/x"), "", "{name}: {text}");
        fs::remove_file(&path).unwrap();
        if let Some(before) = before {
            fs::write(&path, before).unwrap();
        }
    }
    assert_eq!(world.report(&["step", "push"])["verdict"], "done");
}

#[test]
fn a_pipe_in_place_of_a_ref_does_not_hold_the_run() {
    supervise!();
    let world = World::new();
    let path = in_git(&world, "refs/remotes/origin/HEAD");
    world.sandbox.pipe(&path);
    let begin = Instant::now();
    world.report(&["run", "post-commit"]);
    assert!(begin.elapsed() < Duration::from_secs(20));
}

/// Guards the messages to the platform too: what opens the pipe waits for a writer until the deadline.
#[test]
fn a_pipe_in_place_of_a_pack_does_not_hold_the_run() {
    supervise!();
    for ending in ["idx", "pack"] {
        let world = World::new();
        world.sandbox.git(world.work(), &["repack", "-qad"]);
        let packs = fs::read_dir(in_git(&world, "objects/pack/x").parent().unwrap()).unwrap();
        let mut packs = packs.map(|entry| entry.unwrap().path());
        let path = packs
            .find(|path| path.extension().is_some_and(|found| found == ending))
            .unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        world.sandbox.pipe(&path);
        let report = world.run_task("remember this").report();
        let push = step(&report, "push");
        assert_eq!(push["reason"], "corrupt", "{report}");
        assert_eq!(
            step(&report, "memory-commit")["verdict"],
            "done",
            "{report}"
        );
        // The control.
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        assert_eq!(world.report(&["step", "push"])["verdict"], "done");
    }
}

#[test]
fn a_ref_without_end_is_not_read() {
    supervise!();
    let world = World::new();
    let path = in_git(&world, "refs/heads/feature/x");
    let tip = fs::read(&path).unwrap();
    let file = fs::File::create(&path).unwrap();
    file.set_len(6 << 30).unwrap();
    let report = world.report(&["run", "post-commit"]);
    let push = step(&report, "push");
    assert_eq!(
        push["summary"],
        "the ref `refs/heads/feature/x` cannot be read: it is larger than 8192 bytes"
    );
    fs::write(&path, tip).unwrap();
    assert_eq!(world.report(&["step", "push"])["verdict"], "done");
}

#[test]
fn a_record_that_leads_to_a_device_is_none() {
    supervise!();
    let world = World::new();
    world.report(&["step", "push"]);
    // The remote's HEAD is asked for, and kept, when the remote has the branch.
    world.commit("more.txt", "first", "Add more");
    world.report(&["step", "push"]);
    let records = world.sandbox.path("home/.local/state/sendoff/remotes");
    for record in fs::read_dir(&records).unwrap() {
        let path = record.unwrap().path();
        fs::remove_file(&path).unwrap();
        symlink("/dev/zero", &path).unwrap();
    }
    world.commit("more.txt", "more", "Add more");
    assert_eq!(world.report(&["step", "push"])["verdict"], "done");
}

#[test]
fn a_plan_shows_no_control_character_of_the_directory() {
    supervise!();
    let world = World::new();
    let odd = world.sandbox.path("odd\u{1b}[2J");
    fs::rename(world.work(), &odd).unwrap();
    let said = world.run_in(&odd, &["plan"], &world.variables());
    assert!(said.stdout.contains("odd\\x1b[2J"), "{}", said.stdout);
    assert!(!said.stdout.contains('\u{1b}'));
}

/// Guards what gitoxide would read by itself when it opens the repository.
#[test]
fn a_replacement_without_an_end_is_not_read() {
    supervise!();
    let world = World::new();
    for name in [
        "refs/replace/x",
        "refs/replace/1111111111111111111111111111111111111111",
    ] {
        let path = in_git(&world, name);
        fs::File::create(path).unwrap().set_len(6 << 30).unwrap();
    }
    let start = Instant::now();
    let report = world.report(&["step", "push"]);
    assert_eq!(report["verdict"], "done", "{report}");
    assert_ne!(world.tip("feature/x"), "");
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// Guards the rules of a work tree, in any directory: what is not committed is not counted then, and the branch ships.
#[test]
fn rules_without_an_end_are_not_read() {
    supervise!();
    for name in [".gitignore", ".gitattributes"] {
        for directory in ["", "tracked/deep/", "untracked/deep/"] {
            let world = World::new();
            world.commit("tracked/deep/file", "content", "Add a file");
            world.sandbox.write("clone/untracked/deep/file", "content");
            world.sandbox.write("clone/tracked/deep/file", "changed");
            let counted = |report: &serde_json::Value| {
                let notes = report["notes"].as_array().into_iter().flatten();
                let mut codes = notes.filter_map(|note| note["code"].as_str());
                codes.any(|code| code == "uncommitted")
            };
            let report = world.report(&["run"]);
            assert!(counted(&report), "{report}");
            let path = world.work().join(format!("{directory}{name}"));
            fs::File::create(&path).unwrap().set_len(6 << 30).unwrap();
            let report = world.report(&["run"]);
            assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
            assert!(!counted(&report), "{report}");
        }
    }
}
