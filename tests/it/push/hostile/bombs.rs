//! Compressed answers that stand for a gigabyte: they end at once and cost no memory.

use sendoff_testing::supervise;

use crate::world::World;

use super::over_http::class;
use super::server::{Act, hostile};
use super::{Case, REFS, RESULT, endless};

/// A gigabyte of zeros, as gzip writes it: a thousand members of a megabyte each.
fn bomb(case: &Case) -> Vec<u8> {
    let made = case
        .sandbox
        .command("sh")
        .args(["-c", "head -c 1048576 /dev/zero | gzip -9"])
        .output()
        .unwrap();
    assert!(made.stdout.starts_with(&[0x1f, 0x8b]));
    made.stdout.repeat(1024)
}

#[test]
fn a_bomb_of_zeros_ends_at_once_in_both_answers() {
    supervise!();
    let case = Case::new();
    let bomb = bomb(&case);
    let head = |kind: &str, more: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n{more}\r\n\r\n")
            .into_bytes()
    };
    let counted = format!("Content-Encoding: gzip\r\nContent-Length: {}", bomb.len());
    let open = "Content-Encoding: gzip".to_owned();
    let twice = "Transfer-Encoding: gzip, chunked".to_owned();
    for more in [counted, open, twice] {
        let say = |kind: &str| Act::Say([head(kind, &more), bomb.clone()].concat());
        for (refs, push) in [
            (say(REFS), Act::SILENCE),
            (case.refs_over_http(), say(RESULT)),
        ] {
            let got = class(&case, refs, push);
            assert!(["bad-response", "network"].contains(&got), "{more}: {got}");
        }
    }
}

#[test]
fn a_gigabyte_behind_a_megabyte_does_not_cost_the_run_its_memory() {
    supervise!();
    let case = Case::new();
    let bomb = bomb(&case);
    let world = World::new();
    let answer = [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-receive-pack-advertisement\r\nContent-Encoding: gzip\r\n\r\n".to_vec(),
        bomb,
    ]
    .concat();
    // And one that is not compressed and does not end. What is kept of either is the longest advertisement.
    let flood = Act::Flood(endless(REFS), vec![b'0'; 1 << 16]);
    for (act, most) in [(Act::Say(answer), 320 << 10), (flood, 320 << 10)] {
        let server = hostile(act, Act::SILENCE);
        let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
        git(&["remote", "set-url", "origin", &server.url()]);
        let program = assert_cmd::cargo::cargo_bin!("sendoff");
        // What a process may have of its own, in KiB.
        let text = format!(
            "ulimit -d {most}; exec {} step push --json",
            program.display()
        );
        let output = world
            .sandbox
            .command("sh")
            .args(["-c", &text])
            .current_dir(world.work())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("\"reason\": \"bad-response\""), "{said}");
    }
}
