//! Child programs: the environment, the deadline, the cap, and that nothing is left behind.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sendoff::process::{Ended, Inheritance, Leftovers, ProcessError, Program, find_program};

use crate::sandbox::Sandbox;

fn shell(script: &str) -> Program {
    Program::new("/bin/sh").arg("-c").arg(script)
}

/// Waits until the process is gone or a zombie, and says whether that happened.
pub(crate) fn is_gone(pid: &str) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(30) {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        if state.map_or(true, |text| text.contains(") Z ")) {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

#[test]
fn a_child_gets_the_given_variables_and_no_others() {
    let inheritance = Inheritance::new(Vec::new(), [("LANG", OsStr::new("C"))]);
    let program = Program::new("/usr/bin/env")
        .inherit(&inheritance)
        .variable("A", "1");
    let output = program.run().unwrap();
    assert_eq!(output.stdout.bytes, b"A=1\nLANG=C\n");
    assert_eq!(output.ended, Ended::Code(0));
}

#[test]
fn input_goes_in_and_both_outputs_and_the_exit_code_come_back() {
    let output = shell("cat; echo oops >&2; exit 3")
        .input("hello")
        .run()
        .unwrap();
    assert_eq!(output.stdout.bytes, b"hello");
    assert_eq!(output.stderr.bytes, b"oops\n");
    assert_eq!(output.ended, Ended::Code(3));
}

#[test]
fn a_flood_of_output_is_cut_at_the_cap() {
    let output = shell("head -c 3000000 /dev/zero").cap(1000).run().unwrap();
    assert_eq!(output.stdout.bytes.len(), 1000);
    assert_eq!(output.stdout.total, 3_000_000);
    assert!(output.stdout.is_cut());
}

#[test]
fn at_the_deadline_the_whole_group_is_killed() {
    let sandbox = Sandbox::new();
    let pids = sandbox.path("pids");
    let script = format!(
        "sleep 60 & echo $! > {0}; echo $$ >> {0}; wait",
        pids.display()
    );
    let begin = Instant::now();
    let error = shell(&script)
        .variable("PATH", "/usr/bin:/bin")
        .deadline(Duration::from_secs(3))
        .run()
        .unwrap_err();
    assert!(matches!(error, ProcessError::Deadline { .. }), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(30));
    for pid in std::fs::read_to_string(pids).unwrap().lines() {
        assert!(is_gone(pid), "{pid} is still there");
    }
}

#[test]
fn what_a_program_leaves_running_is_killed_unless_it_may_stay() {
    let script = "sleep 60 >/dev/null 2>&1 & echo $!";
    let run = |leftovers| {
        let program = shell(script)
            .variable("PATH", "/usr/bin:/bin")
            .leftovers(leftovers);
        String::from_utf8(program.run().unwrap().stdout.bytes).unwrap()
    };
    assert!(is_gone(&run(Leftovers::Kill)));
    let left = run(Leftovers::Leave);
    assert!(Path::new("/proc").join(left.trim()).exists());
    let pid = rustix::process::Pid::from_raw(left.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn a_running_child_is_killed_when_it_is_dropped() {
    let mut running = shell("echo $$; cat; sleep 60")
        .variable("PATH", "/bin")
        .start()
        .unwrap();
    let mut stdin = running.take_stdin().unwrap();
    let mut stdout = running.take_stdout().unwrap();
    stdin.write_all(b"x").unwrap();
    drop(stdin);
    let mut pid = [0; 32];
    let read = stdout.read(&mut pid).unwrap();
    let pid = String::from_utf8(pid[..read].to_vec()).unwrap();
    let pid = pid.lines().next().unwrap().to_owned();
    assert!(Path::new("/proc").join(&pid).exists());
    drop(running);
    assert!(is_gone(&pid));
}

#[test]
fn programs_are_found_in_absolute_directories_only() {
    let sandbox = Sandbox::new();
    let planted = sandbox.write("bin/tool", "#!/bin/sh\n");
    let directories = [
        PathBuf::from("."),
        PathBuf::from("bin"),
        sandbox.path("bin"),
    ];
    assert!(
        find_program("tool", &directories).is_err(),
        "it is not executable"
    );
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&planted, mode).unwrap();
    assert_eq!(find_program("tool", &directories).unwrap(), planted);
    assert!(find_program("../bin/tool", &directories).is_err());
    assert!(find_program("", &directories).is_err());
    let relative = Program::new("bin/tool").run();
    assert!(matches!(relative, Err(ProcessError::Relative(_))));
}

#[test]
fn a_program_that_does_not_read_its_input_does_not_fail() {
    let output = shell("exit 0").input(vec![b'x'; 1 << 20]).run().unwrap();
    assert!(output.ended.is_success());
}
