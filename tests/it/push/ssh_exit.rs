//! An ssh command that does not come to git's protocol: not to be run, ended by a signal, or with text before it.

use std::path::PathBuf;

use crate::sandbox::Sandbox;

use super::rig::{ahead, options, push_head, rendered, script};

/// Pushes by a program that does what `text` says, as `GIT_SSH`, and renders the error.
fn by(text: &str) -> String {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let program: PathBuf = script(&sandbox, "wrapper", text);
    let mut options = options(&sandbox);
    options.ssh_program = Some(program);
    options.ssh_variant = Some("ssh".into());
    let error = push_head(&sandbox, &work, "ssh://h.test/r.git", &options).unwrap_err();
    rendered(&sandbox, &error)
}

#[test]
fn a_wrapper_whose_program_is_not_there_is_named() {
    let said = by("exec /nonexistent \"$@\"");
    assert!(
        said.starts_with("no-program: the ssh command of GIT_SSH could not be run: "),
        "{said}"
    );
    assert!(said.contains("/nonexistent: not found"), "{said}");
    let advice = "advice: correct GIT_SSH: each program that it runs has to be there";
    assert!(said.contains(advice), "{said}");
}

#[test]
fn an_ssh_that_a_signal_ends_is_a_lost_connection() {
    let lost = "network: the connection failed: ssh was ended by signal 9";
    for text in ["echo noise >&2; kill -9 $$", "sh -c 'kill -9 $$'; exit $?"] {
        let said = by(text);
        assert!(said.starts_with(lost), "{said}");
    }
}

#[test]
fn text_before_the_protocol_is_shown_with_the_way_out() {
    let said = by("printf '\\n\\033[31mWelcome to h.test\\nmore\\n'; cat >/dev/null");
    let shown = "bad-response: the remote's response is malformed: Welcome to h.test\n";
    assert!(said.starts_with(shown), "{said}");
    let advice = "advice: let the shell of the account on the remote print nothing for commands";
    assert!(said.contains(advice), "{said}");
}
