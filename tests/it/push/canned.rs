//! Servers that git's own never is: canned answers behind an ssh that is none.

use sendoff::git::push::BranchPushError;
use sendoff_push::{Action, Pushed};
use sendoff_testing::supervise;

use crate::sandbox::Sandbox;

use super::rig::{ahead, options, push_head, script};

/// One packet line.
fn line(data: &str) -> String {
    format!("{:04x}{data}", data.len() + 4)
}

/// Pushes to a server that advertises `feature` at the old tip with `capabilities`, reads the
/// request, and answers with `answer`.
fn push_to(capabilities: &str, answer: &str) -> Result<Pushed, BranchPushError> {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let old = sandbox.git(&work, &["rev-parse", "HEAD~1"]);
    let hello = line(&format!("{old} refs/heads/feature\0{capabilities}\n")) + "0000";
    sandbox.write("hello", hello);
    sandbox.write("answer", answer);
    talk(&sandbox, &work, "cat hello; cat > request; cat answer")
}

fn talk(sandbox: &Sandbox, work: &std::path::Path, text: &str) -> Result<Pushed, BranchPushError> {
    let root = sandbox.path("");
    let server = script(
        sandbox,
        "canned-ssh",
        &format!("cd {}; {text}", root.display()),
    );
    let mut options = options(sandbox);
    options.ssh_command = Some(server.display().to_string());
    push_head(sandbox, work, "ssh://host.test/r.git", &options)
}

#[test]
fn a_server_without_side_bands_is_understood() {
    supervise!();
    let report = line("unpack ok\n") + &line("ok refs/heads/feature\n") + "0000";
    let pushed = push_to("report-status", &report).unwrap();
    assert_eq!(pushed.action, Action::Updated);
}

#[test]
fn a_server_without_a_word_on_our_branch_has_proven_nothing() {
    supervise!();
    for report in [
        line("unpack ok\n") + "0000",
        line("unpack ok\n") + &line("ok refs/heads/other\n") + "0000",
        line("unpack ok\n") + &line("ok refs/heads/feature\n"),
        "0000".to_owned(),
        String::new(),
    ] {
        let error = push_to("report-status", &report).unwrap_err();
        // The second look showed the old tip.
        let class = error.class();
        assert!(
            ["bad-response", "network"].contains(&class),
            "{report}: {error}"
        );
    }
}

#[test]
fn a_server_that_cannot_report_is_asked_again() {
    supervise!();
    let error = push_to("agent=git/1", "0000").unwrap_err();
    assert_eq!(error.class(), "bad-response");
}

#[test]
fn the_third_band_ends_the_push() {
    supervise!();
    let answer = line("\u{2}counting\n") + &line("\u{3}out of disk\u{7}\n");
    let error = push_to("report-status side-band-64k", &answer).unwrap_err();
    assert_eq!(error.to_string(), "the remote refused: out of disk");
}

#[test]
fn an_error_line_instead_of_refs_is_shown() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let hello = line("ERR access denied by \u{1b}[31mpolicy\n") + "0000";
    sandbox.write("hello", hello);
    let error = talk(&sandbox, &work, "cat hello").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the remote refused: access denied by policy"
    );
    assert_eq!(error.class(), "rejected");
}

#[test]
fn advertisements_that_are_none_are_refused() {
    supervise!();
    let id = "1".repeat(40);
    for hello in [
        line("version 1\n") + "0000",
        "0000".to_owned(),
        line(&format!("{id} refs/heads/..\0\n")) + "0000",
        line(&format!("{id} refs/heads/x\n")) + "0000",
        line(&format!("{id} refs/heads/x\0object-format=sha3\n")) + "0000",
        "HTTP/1.1 200 OK".to_owned(),
    ] {
        let sandbox = Sandbox::new();
        let (work, _) = ahead(&sandbox, "r");
        sandbox.write("hello", &hello);
        let error = talk(&sandbox, &work, "cat hello; cat > request").unwrap_err();
        let class = error.class();
        assert!(
            ["bad-response", "unsupported"].contains(&class),
            "{hello:?}: {error}"
        );
        assert!(
            !sandbox.path("request").exists() || {
                std::fs::read(sandbox.path("request")).unwrap().is_empty()
            }
        );
    }
}

#[test]
fn a_server_that_ends_while_the_pack_is_written_is_lost() {
    supervise!();
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    sandbox.commit(&work, "noise.txt", &super::rig::noise(200_000), "noise");
    let old = sandbox.git(&work, &["rev-parse", "HEAD~2"]);
    let hello = line(&format!("{old} refs/heads/feature\0report-status\n")) + "0000";
    sandbox.write("hello", hello);
    let text = "cat hello; head -c 1000 > request; echo 'the disk is full' >&2; exit 1";
    let error = talk(&sandbox, &work, text).unwrap_err();
    assert_eq!(error.to_string(), "the connection failed: the disk is full");
    assert!(error.is_transient());
}
