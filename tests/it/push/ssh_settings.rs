//! Settings of ssh that keep it silent or spoil the connection: the true cause is named, and the advice obeyed.

use std::fs;

use super::ssh_host::{Host, obeyed};

/// Counts the calls of ssh.
fn counting(host: &mut Host) {
    let calls = host.file("calls").display().to_string();
    host.wrap(&format!("echo \"$1\" >>{calls}; exec ssh"));
}

fn calls(host: &Host) -> usize {
    let calls = fs::read_to_string(host.file("calls")).unwrap();
    calls.lines().count()
}

#[test]
fn a_silent_ssh_that_is_not_let_in_is_asked_again_aloud() {
    obeyed(
        |host| {
            host.key("wrong");
            host.config_by("wrong", "LogLevel QUIET\n");
        },
        "ssh was not let in: ",
        |host| host.config_by("user", "LogLevel QUIET\n"),
    );
}

#[test]
fn a_silent_ssh_that_does_not_know_the_host_says_so() {
    obeyed(
        |host| {
            fs::write(host.file("known"), "").unwrap();
            host.wrap("exec ssh -q");
        },
        "connect once by hand, and compare the key that ssh shows with the host's",
        |host| {
            host.wrap("exec ssh");
            host.compares_the_key();
        },
    );
}

/// A second connection is made only where the first one said nothing.
#[test]
fn an_ssh_that_speaks_is_started_once() {
    let Some(mut host) = Host::start() else {
        return;
    };
    host.key("wrong");
    counting(&mut host);
    host.config_by("wrong", "");
    host.twin.we_refuse("ssh was not let in: ");
    let once = calls(&host);
    host.config_by("wrong", "LogLevel QUIET\n");
    host.twin.we_refuse("ssh was not let in: ");
    // For its settings, and aloud.
    assert_eq!(calls(&host), once + once + 2);
}

#[test]
fn a_terminal_on_the_server_is_named() {
    let Some(host) = Host::start() else {
        return;
    };
    host.config_by("user", "RequestTTY force\n");
    let told =
        "ssh asks the server for a terminal (`RequestTTY force`), which changes what git sends";
    // Git fails as well, and then waits for an ssh that does not end.
    host.twin.we_refuse(told);
    host.config_by("user", "RequestTTY auto\n");
    host.twin.both_arrive();
}

#[test]
fn an_ssh_that_reads_nothing_is_named() {
    obeyed(
        |host| {
            // Else it is not even said what the HEAD of the remote names.
            let served = &host.twin.served;
            let remote = &served.remote;
            served
                .sandbox
                .git(remote, &["update-ref", "-d", "refs/heads/feature"]);
            host.config_by("user", "StdinNull yes\n");
        },
        "ssh hands nothing on to the server (`StdinNull yes`)",
        |host| host.config_by("user", ""),
    );
}

#[test]
fn a_subsystem_in_the_place_of_the_command_is_a_matter_of_the_configuration() {
    obeyed(
        |host| host.config_by("user", "SessionType subsystem\n"),
        "correct what ssh names, in ~/.ssh/config or its options",
        |host| host.config_by("user", "SessionType default\n"),
    );
}
