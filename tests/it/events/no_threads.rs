//! A machine that refuses another thread.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt as _;
use sendoff_testing::{is_root, left_out, succeed, tool};

use super::server::{Home, RULE, Server, issue};

/// A user who has no other process: the limit counts all threads of one.
const LONELY: u32 = 61_427;
/// The threads of a server at rest: the one that serves, the ledger and the carrier.
const THREADS: u32 = 3;

#[test]
fn a_delivery_that_gets_no_thread_is_to_be_sent_again() {
    if !is_root() {
        left_out(
            "root",
            "only root can become a user who has no other process",
        );
        return;
    }
    let Some(prlimit) = tool("prlimit") else {
        return;
    };
    let home = Home::new(RULE);
    // Where the program is may be closed for others.
    let own = Command::cargo_bin("sendoff").unwrap();
    let copy = home.sandbox.path("sendoff");
    std::fs::copy(own.get_program(), &copy).unwrap();
    let owner = format!("{LONELY}:{LONELY}");
    succeed(
        Command::new("chown")
            .args(["-R", &owner])
            .arg(home.sandbox.path("")),
    );
    let mut command = home.sandbox.command(prlimit);
    command
        .arg(format!("--nproc={THREADS}"))
        .arg(copy)
        .arg("serve")
        .uid(LONELY)
        .gid(LONELY);
    let server = Server::start(command);
    let got = server.deliver("issues", "d-1", &issue(1));
    assert_eq!(got.code, 503, "{got:?}");
    assert_eq!(
        got.reason(),
        "the machine refuses a thread: Resource temporarily unavailable (os error 11)"
    );
    assert!(got.head.contains("retry-after: 60"), "{got:?}");
    server.logs("the machine refuses another thread");
    assert_eq!(server.get("/readyz").code, 200);
}
