//! An ssh command that does not come to git's protocol: not to be run, ended by a signal, or with text before it.

use std::path::PathBuf;

use sendoff::git::push::PushOptions;

use crate::sandbox::Sandbox;

use super::rig::{self, ahead, options, push_head, rendered, script};

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

/// Pushes to a URL with a port by a program that nothing tells the variant of, and renders the error.
fn with_a_port(options: impl FnOnce(&mut PushOptions)) -> String {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let mut pushed = rig::options(&sandbox);
    options(&mut pushed);
    let error = push_head(&sandbox, &work, "ssh://h.test:22/r.git", &pushed).unwrap_err();
    rendered(&sandbox, &error)
}

#[test]
fn a_program_that_is_not_there_is_named_also_where_the_url_has_a_port() {
    let said = with_a_port(|options| options.ssh_command = Some("/nonexistent".into()));
    let named = "no-program: the ssh command of core.sshCommand could not be run: ";
    assert!(said.starts_with(named), "{said}");
    assert!(said.contains("/nonexistent: not found"), "{said}");
    let said = with_a_port(|options| options.ssh_program = Some("/nonexistent".into()));
    let named = "no-program: the program for the connection cannot be started";
    assert!(said.starts_with(named), "{said}");
    // One that is there and takes no port is told by the port.
    let said = with_a_port(|options| options.ssh_command = Some("false".into()));
    assert!(
        said.starts_with("unsupported: the ssh program takes no options"),
        "{said}"
    );
}

#[test]
fn one_of_two_commands_is_named_as_one_of_two() {
    // It knows the question for its settings as little as `plink` does.
    let said = by("[ \"$1\" = -G ] && exit 1; echo 'sh: 1: /gate: not found' >&2; exit 127");
    let either = "no-program: the ssh command of GIT_SSH, or the server's command for this login, could not be run: ";
    assert!(said.starts_with(either), "{said}");
    let advice = "advice: correct GIT_SSH: each program that it runs has to be there; where they all are, have the server's administrator";
    assert!(said.contains(advice), "{said}");
}

#[test]
fn what_the_server_says_in_the_place_of_git_is_the_refusal() {
    let said = by("echo 'Closed on Sundays.'; exit 1");
    let denied = "denied: the server denies access: Closed on Sundays.";
    assert!(said.starts_with(denied), "{said}");
    // What git's program said behind a greeting is the cause.
    let missing = "fatal: '/r' does not appear to be a git repository";
    let said = by(&format!("echo Welcome; echo \"{missing}\" >&2; exit 128"));
    assert!(said.starts_with("not-found: "), "{said}");
}
