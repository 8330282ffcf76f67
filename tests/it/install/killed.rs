//! `kill -9` in the middle of `install` and `uninstall`: each file is the old or the new one, whole, and the next call
//! ends what was begun. `SENDOFF_TEST_LONG=1` kills 500 times at random moments as well.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use sendoff::failpoint::Point;

use crate::world::World;

use super::with_newer_git;

/// The places at which a writer can be killed.
pub(crate) const POINTS: [Point; 4] = [
    Point::InstallNoted,
    Point::InstallDrafted,
    Point::InstallLocked,
    Point::InstallWritten,
];
/// How many random moments the long mode takes.
const RANDOM_KILLS: u32 = 500;

/// The files whose wholeness counts, and what they may hold.
struct Whole {
    paths: Vec<PathBuf>,
    states: Vec<BTreeMap<PathBuf, Option<Vec<u8>>>>,
}

impl Whole {
    fn now(paths: &[PathBuf]) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let all = paths.iter();
        all.map(|path| (path.clone(), fs::read(path).ok()))
            .collect()
    }

    fn check(&self, what: &str) {
        for (path, content) in Self::now(&self.paths) {
            let is_known = self.states.iter().any(|state| state[&path] == content);
            assert!(
                is_known,
                "{what}: {} is neither old nor new",
                path.display()
            );
        }
    }
}

/// A clone with a hook of its own, and what its files hold without and with our hooks.
fn prepared(newer: bool) -> (World, Vec<(&'static str, String)>, Whole) {
    let world = World::new();
    let hooks = world.work().join(".git/hooks");
    world
        .sandbox
        .executable(hooks.join("post-commit"), "#!/bin/sh\n# their own\n");
    let variables = if newer {
        with_newer_git(&world)
    } else {
        world.variables()
    };
    let paths = [
        "post-commit",
        "post-rewrite",
        "post-merge",
        "post-applypatch",
        "../config",
    ];
    let paths: Vec<PathBuf> = paths.iter().map(|name| hooks.join(name)).collect();
    let before = Whole::now(&paths);
    call(&world, &variables, "install");
    let after = Whole::now(&paths);
    assert_ne!(before, after);
    call(&world, &variables, "uninstall");
    assert_eq!(before, Whole::now(&paths));
    let whole = Whole {
        paths,
        states: vec![before, after],
    };
    (world, variables, whole)
}

fn call(world: &World, variables: &[(&str, String)], verb: &str) {
    let said = world.run_in(&world.work(), &[verb, "git", "--yes"], variables);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
}

/// Says that nothing of a writer is left once the command has run to its end.
fn assert_clean(directory: &Path, what: &str) {
    for entry in fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            !name.starts_with(".sendoff-install-") && name != "config.lock",
            "{what}: {name}"
        );
    }
}

/// Kills both commands in some way, and lets both be run to their end.
fn kill_and_end(
    world: &World,
    variables: &[(&str, String)],
    whole: &Whole,
    what: &str,
    kill: impl Fn(&str),
) {
    for (verb, state) in [
        ("install", &whole.states[1]),
        ("uninstall", &whole.states[0]),
    ] {
        kill(verb);
        whole.check(&format!("{what}, {verb}"));
        // A commit works in between.
        world
            .sandbox
            .git(world.work(), &["commit", "-q", "--allow-empty", "-m", "x"]);
        call(world, variables, verb);
        assert_eq!(state, &Whole::now(&whole.paths), "{what}, {verb}");
        assert_clean(&world.work().join(".git"), what);
        assert_clean(&world.work().join(".git/hooks"), what);
    }
}

#[test]
fn a_kill_at_any_point_leaves_the_old_or_the_new_file() {
    for newer in [false, true] {
        let (world, variables, whole) = prepared(newer);
        for point in POINTS {
            let what = format!(
                "{} with git {}",
                point.name(),
                if newer { "2.54" } else { "2.47" }
            );
            kill_and_end(&world, &variables, &whole, &what, |verb| {
                let mut command = world.command(&[verb, "git", "--yes"]);
                command.envs(variables.iter().map(|(name, value)| (name, value)));
                command.env("SENDOFF_FAILPOINT", point.name());
                command.output().unwrap();
            });
        }
    }
}

#[test]
fn kills_at_random_moments_leave_the_old_or_the_new_file() {
    let is_long = std::env::var("SENDOFF_TEST_LONG").is_ok();
    let kills = if is_long { RANDOM_KILLS } else { 20 };
    for newer in [false, true] {
        let (world, variables, whole) = prepared(newer);
        let started = Instant::now();
        call(&world, &variables, "install");
        let whole_time = started.elapsed();
        call(&world, &variables, "uninstall");
        // Two kills in each round, and two kinds of hooks.
        for round in 0..kills / 4 {
            // Spread evenly over the time that the command takes.
            let moment = whole_time * round / (kills / 4);
            kill_and_end(
                &world,
                &variables,
                &whole,
                &format!("after {moment:?}"),
                |verb| {
                    kill_after(&world, &variables, verb, moment);
                },
            );
        }
    }
}

/// Starts a command, and kills it after a time.
fn kill_after(world: &World, variables: &[(&str, String)], verb: &str, moment: Duration) {
    let mut command = world.command(&[verb, "git", "--yes"]);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let mut running = command.stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + moment;
    while Instant::now() < until && running.try_wait().unwrap().is_none() {
        std::hint::spin_loop();
    }
    // It may have ended by itself.
    let _killed = running.kill();
    running.wait().unwrap();
}
