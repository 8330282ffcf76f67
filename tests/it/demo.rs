//! `sendoff demo`: the first command of the README.

use crate::program::run;
use crate::sandbox::Sandbox;

#[test]
fn the_demonstration_ships_twice_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let temporary = sandbox.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let variables = [("TMPDIR", temporary.to_str().unwrap().to_owned())];
    let said = run(&sandbox, &sandbox.home(), &["demo"], &variables, b"");
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    for line in [
        "done     push             feature/countdown is new on origin",
        "done     push             origin already has feature/countdown",
        "#1 Count down before launch: feature/countdown into main, a draft",
        "was open already",
        "queued   memory-commit",
        "queued   heartbeat-clear",
        "$ sendoff flush   (the platform is back)",
        "heartbeats: 2",
        "password=[REDACTED]",
    ] {
        assert!(
            said.stdout.contains(line),
            "no `{line}` in:\n{}",
            said.stdout
        );
    }
    assert!(!said.stdout.contains("hunter2"));
    assert!(!said.stdout.contains("warning"), "{}", said.stdout);
    let left: Vec<_> = std::fs::read_dir(&temporary).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

#[test]
fn the_demonstration_says_that_it_needs_git() {
    let sandbox = Sandbox::new();
    let variables = [("PATH", "/nonexistent".to_owned())];
    let said = run(&sandbox, &sandbox.home(), &["demo"], &variables, b"");
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(said.stderr, @"the demonstration cannot be set up: the git program is not installed; its server is part of the demonstration");
}
