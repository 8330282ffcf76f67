//! `exec`: a program of the user's choice.

use std::fs;
use std::time::{Duration, Instant};

use sendoff_testing::supervise;

use crate::program::{Said, run};
use crate::sandbox::Sandbox;

fn sandbox(own: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.repository("clone");
    let policy = format!("[steps.own]\nuses = \"exec\"\n{own}\n");
    sandbox.write("home/.config/sendoff/policy.toml", policy);
    sandbox
}

fn step(sandbox: &Sandbox, arguments: &[&str]) -> Said {
    let all: Vec<&str> = ["step", "own"].iter().chain(arguments).copied().collect();
    run(sandbox, &sandbox.path("clone"), &all, &[], b"")
}

/// Makes a sandbox whose step runs a script of the shell.
fn shell(script: &str) -> Sandbox {
    sandbox(&format!("command = [\"/bin/sh\", \"-c\", '{script}']"))
}

fn plant(sandbox: &Sandbox, path: &str, script: &str) {
    sandbox.executable(path, format!("#!/bin/sh\n{script}\n"));
}

#[test]
fn its_output_is_the_data() {
    supervise!();
    let said = step(&shell("echo one; echo two"), &[]);
    assert_eq!((said.stdout.as_str(), said.code), ("one\ntwo\n", Some(0)));
}

#[test]
fn x24_it_gets_few_variables_and_the_work_tree() {
    supervise!();
    let sandbox = shell("env | cut -d= -f1 | tr \"\\n\" \" \"; pwd; cat");
    let variables = [
        ("GH_TOKEN", "CANARY".to_owned()),
        ("GIT_DIR", "/evil".into()),
        ("BASH_ENV", "/evil".into()),
        ("PLATFORM_URL", "http://127.0.0.1:1".into()),
    ];
    let work = sandbox.path("clone");
    let said = run(
        &sandbox,
        &work,
        &["step", "own"],
        &variables[..1],
        b"not for it",
    );
    let (names, directory) = said.stdout.trim_end().rsplit_once(' ').unwrap();
    assert_eq!(directory, work.to_str().unwrap());
    for (name, _) in &variables {
        assert!(!names.contains(name), "{names}");
    }
    for name in [
        "HOME",
        "PATH",
        "SENDOFF_BRANCH",
        "SENDOFF_EVENT",
        "SENDOFF_OID",
    ] {
        assert!(
            names.split(' ').any(|found| found == name),
            "{name}: {names}"
        );
    }
}

#[test]
fn it_reads_what_the_policy_hands_it() {
    supervise!();
    let sandbox = sandbox("command = [\"cat\"]\ninput = \"{{ trigger }}!\"");
    assert_eq!(step(&sandbox, &[]).stdout, "manual!\n");
}

#[test]
fn a_relative_command_is_that_of_the_work_tree() {
    supervise!();
    let sandbox = sandbox("command = [\"./scripts/x\", \"a b\"]");
    plant(&sandbox, "clone/scripts/x", "echo \"ran $1\"");
    let deep = sandbox.path("clone/deep/er");
    fs::create_dir_all(&deep).unwrap();
    let said = run(&sandbox, &deep, &["step", "own"], &[], b"");
    assert_eq!(said.stdout, "ran a b\n", "{}", said.stderr);
}

#[test]
fn x24_a_name_is_never_found_in_the_repository() {
    supervise!();
    for (command, expected) in [
        ("planted", "the program `planted` is not on the search path"),
        ("git", ""),
    ] {
        let sandbox = sandbox(&format!("command = [\"{command}\", \"--version\"]"));
        plant(&sandbox, &format!("clone/{command}"), "echo planted");
        let path = format!(".::{}:bin", std::env::var("PATH").unwrap());
        let work = sandbox.path("clone");
        let said = run(&sandbox, &work, &["step", "own"], &[("PATH", path)], b"");
        assert!(!said.stdout.contains("planted"), "{}", said.stdout);
        assert_eq!(said.stdout.starts_with("git version"), expected.is_empty());
        assert!(said.stderr.contains(expected), "{}", said.stderr);
    }
}

#[test]
fn x25_a_failure_says_how_it_ended_and_its_last_word() {
    supervise!();
    for (script, expected) in [
        ("exit 137", "`/bin/sh` exited with code 137"),
        ("kill -9 $$", "`/bin/sh` was killed by signal 9"),
        (
            "echo a >&2; echo \"b ghp_0123456789abcdefghijABCDEFGHIJ012345\" >&2; exit 3",
            "`/bin/sh` exited with code 3: b [REDACTED]",
        ),
    ] {
        let said = step(&shell(script), &[]);
        assert_eq!((said.stdout.as_str(), said.code), ("", Some(1)), "{script}");
        for part in [expected, "run it by hand"] {
            assert!(said.stderr.contains(part), "{script}: {}", said.stderr);
        }
    }
}

#[test]
fn a_failure_follows_on_error() {
    supervise!();
    for (on_error, verdict) in [("continue", "done"), ("stop", "skipped")] {
        let sandbox = sandbox(&format!(
            "on-error = \"{on_error}\"\ncommand = [\"false\"]\n[steps.next]\nuses = \"exec\"\n\
             command = [\"true\"]\n[pipelines]\np = [\"own\", \"next\"]"
        ));
        let said = run(
            &sandbox,
            &sandbox.path("clone"),
            &["run", "p", "--json"],
            &[],
            b"",
        );
        let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(report["steps"][0]["verdict"], "failed");
        assert_eq!(report["steps"][1]["verdict"], verdict, "{report}");
        assert_eq!(said.code, Some(1));
    }
}

#[test]
fn the_errors_of_its_settings_say_what_to_do() {
    supervise!();
    for (own, expected) in [
        ("", "there is no `command` to run"),
        (
            "command = [\"/nonexistent/x\"]",
            "cannot start `/nonexistent/x`",
        ),
        ("command = [\"./absent\"]", "cannot start `"),
    ] {
        let said = step(&sandbox(own), &[]);
        assert_eq!(said.code, Some(1), "{own}");
        assert!(said.stderr.contains(expected), "{own}: {}", said.stderr);
        assert!(said.stderr.contains("-> "), "{}", said.stderr);
    }
    let sandbox = sandbox("command = [\"./x\"]");
    let said = run(&sandbox, &sandbox.path(""), &["step", "own"], &[], b"");
    let expected = "`./x` is relative, and there is no work tree";
    assert!(said.stderr.contains(expected), "{}", said.stderr);
}

#[test]
fn x25_at_its_limit_it_is_killed_with_its_children() {
    supervise!();
    let sandbox = sandbox(
        "timeout = \"3s\"\ncommand = [\"/bin/sh\", \"-c\", \
         \"sleep 300 & echo $! > children; echo $$ >> children; sleep 300\"]",
    );
    let began = Instant::now();
    let said = step(&sandbox, &[]);
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr.contains("it took longer than 3s"),
        "{}",
        said.stderr
    );
    let children = fs::read_to_string(sandbox.path("clone/children")).unwrap();
    assert_eq!(children.lines().count(), 2);
    for child in children.lines() {
        let is_gone = || {
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        while !is_gone() {
            assert!(
                began.elapsed() < Duration::from_mins(1),
                "{child} still runs"
            );
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_descendant_that_leaves_the_group_holds_nobody_up() {
    supervise!();
    // It keeps the outputs open; nobody waits for it.
    let sandbox = shell(
        "setsid sh -c \"echo \\$\\$ > left; exec sleep 300\" & while [ ! -s left ]; do :; done; echo done",
    );
    let began = Instant::now();
    let said = step(&sandbox, &[]);
    let took = began.elapsed();
    let left = fs::read_to_string(sandbox.path("clone/left")).unwrap();
    let left = rustix::process::Pid::from_raw(left.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
    assert_eq!((said.stdout.as_str(), said.code), ("done\n", Some(0)));
    assert!(took < Duration::from_mins(1), "{took:?}");
}

#[test]
fn x25_a_gigabyte_of_output_is_cut() {
    supervise!();
    let script = "yes \"one two three\" | head -c 1000000000";
    let said = step(&shell(script), &["--json"]);
    let line: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(line["verdict"], "done", "{line}");
    assert_eq!(line["outputs"]["text"].as_str().unwrap().len(), 64 << 10);
    assert_eq!(line["outputs"]["cut"], true);
}

#[test]
fn output_is_cleaned() {
    supervise!();
    let script = "printf \"\\033[31mred\\377 ghp_0123456789abcdefghijABCDEFGHIJ012345\\n\"";
    let said = step(&shell(script), &[]);
    assert_eq!(
        said.stdout, "[31mred\u{fffd} [REDACTED]\n",
        "{}",
        said.stderr
    );
}

#[test]
fn a_repository_cannot_name_a_program() {
    supervise!();
    let sandbox = sandbox("command = [\"true\"]");
    sandbox.write(
        "clone/.sendoff.toml",
        "[pipelines]\npost-task = [\"own\"]\n[steps.own]\nuses = \"exec\"\ncommand = [\"touch\", \"planted\"]\n",
    );
    let said = step(&sandbox, &[]);
    let ran = run(
        &sandbox,
        &sandbox.path("clone"),
        &["run", "post-task"],
        &[],
        b"",
    );
    assert!(!sandbox.path("clone/planted").exists());
    let all = format!("{}{}{}", said.stderr, ran.stdout, ran.stderr);
    assert!(all.contains("policy"), "{all}");
}
