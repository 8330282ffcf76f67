//! The memory that a push takes, whatever it sends.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use sendoff_testing::{TwinFixture, noise, supervise};

use super::git_limit;

/// The most that a push may take, in KiB.
const MOST: u64 = 150 << 10;

/// Pushes with the program, after a line of shell; returns the most memory that it had at once, in KiB.
fn push(fixture: &TwinFixture, before: &str) -> u64 {
    fixture.git(&["remote", "add", "origin", fixture.seed().to_str().unwrap()]);
    let program = assert_cmd::cargo::cargo_bin!("sendoff");
    let limits = "--set limits.push-size=3GB --set limits.deadline=30m --set remotes.allow-file=true --set steps.push.timeout=30m --set limits.commits=100000";
    let text = format!(
        "{before}; exec {} step push -C {} --json {limits}",
        program.display(),
        fixture.work().display()
    );
    let mut command = fixture.sandbox.command("sh");
    command.args(["-c", &text]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let status = format!("/proc/{}/status", running.id());
    let mut peak = 0;
    while running.try_wait().unwrap().is_none() {
        peak = peak.max(high_water(&status).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = running.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(
        fixture.server(&["rev-parse", "feature"]),
        fixture.git(&["rev-parse", "HEAD"]),
        "{said}"
    );
    assert_eq!(fixture.server(&["fsck", "--full", "--strict"]), "");
    peak
}

/// Reads the most memory that a process had resident, files that it mapped included, in KiB.
fn high_water(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn a_packed_history_of_middle_sized_files_takes_bounded_memory() {
    supervise!(git_limit());
    // Each is just small enough to be looked at where it is mapped.
    let size = 200_000;
    let fixture = TwinFixture::new("sha1");
    fixture.git(&["config", "core.compression", "0"]);
    for batch in 0..super::cases(2, 20) {
        let mut stream = Vec::new();
        for number in 0..500 {
            writeln!(stream, "blob\nmark :{}\ndata {size}", number + 1).unwrap();
            stream.extend_from_slice(&noise(u64::from(batch * 500 + number), size));
            let from = if number == 0 {
                "from refs/heads/feature^0\n"
            } else {
                ""
            };
            writeln!(
                stream,
                "\ncommit refs/heads/feature\ncommitter A <a@b.test> {} +0000\ndata 2\nm\n{from}M 100644 :{} d{}/f{}",
                1_700_000_000 + batch * 500 + number,
                number + 1,
                number % 20,
                number % 200,
            )
            .unwrap();
        }
        fixture.feed(&["fast-import", "--quiet"], &stream);
    }
    // As `git gc` leaves it: the commits first, and all in one pack.
    fixture.git(&["repack", "-a", "-d", "-q"]);
    let peak = push(&fixture, ":");
    assert!((1..MOST).contains(&peak), "{peak} KiB");
}

#[test]
fn versions_of_a_loose_file_that_are_just_small_enough_to_be_compared_take_bounded_memory() {
    supervise!(git_limit());
    let fixture = TwinFixture::new("sha1");
    fixture.git(&["config", "core.compression", "0"]);
    for number in 0..4 {
        // The same but for the beginning: each is worth a delta of the one before.
        let begin = noise(number, 1 << 20);
        fixture.commit("large.bin", [begin, noise(99, 30 << 20)].concat());
    }
    let peak = push(&fixture, ":");
    assert!((1..MOST).contains(&peak), "{peak} KiB");
}

#[test]
fn large_blobs_are_streamed_in_bounded_memory() {
    supervise!(git_limit());
    // In CI one file just over what is held; in the long mode two files of more than a gigabyte.
    let (files, size) = (super::cases(1, 2), super::cases(40, 1_100));
    let fixture = TwinFixture::new("sha1");
    fixture.git(&["config", "core.compression", "0"]);
    for n in 0..files {
        let size = usize::try_from(size).unwrap() << 20;
        fixture.write(&format!("big{n}.bin"), noise(u64::from(n), size));
    }
    fixture.git(&["add", "--all"]);
    fixture.git(&["commit", "-q", "-m", "big"]);
    // What a process may have of its own, in KiB; files that it maps do not count.
    push(&fixture, "ulimit -d 153600");
}
