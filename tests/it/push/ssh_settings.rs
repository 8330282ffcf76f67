//! Settings of ssh that keep it silent or spoil the connection: the true cause is named, and the advice obeyed.

use std::fs;

use super::ssh_host::{Host, obeyed};

/// Writes down the calls of ssh.
fn counting(host: &mut Host) {
    let calls = host.file("calls").display().to_string();
    // The port is plink's, too.
    let port = "[ \"$1\" != -P ] || { port=$2; shift 2; set -- -p $port \"$@\"; }";
    host.wrap(&format!("echo \"$*\" >>{calls}; {port}; exec ssh"));
}

/// Returns the arguments of each call.
fn calls(host: &Host) -> Vec<String> {
    let calls = fs::read_to_string(host.file("calls")).unwrap();
    calls.lines().map(str::to_owned).collect()
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

/// Guards that what fails on this machine is not called the server's refusal.
#[test]
fn a_socket_that_cannot_be_made_is_a_setting_of_ssh() {
    obeyed(
        |host| host.config_by("user", "ControlMaster auto\nControlPath /nonexistent/x\n"),
        "ssh did not connect: unix_listener: cannot bind to path /nonexistent/x",
        |host| host.config_by("user", ""),
    );
    let long = "x".repeat(200);
    obeyed(
        |host| {
            host.config_by(
                "user",
                &format!("ControlMaster auto\nControlPath /{long}\n"),
            );
        },
        "ssh did not connect: ControlPath too long",
        |host| host.config_by("user", ""),
    );
    obeyed(
        |host| host.config_by("user", "Ciphers none-such\n"),
        "Bad SSH2 cipher spec 'none-such'",
        |host| host.config_by("user", ""),
    );
}

/// It waits a moment: ssh ends it together with the connection, and what it had yet to say is lost to git as well.
#[test]
fn what_the_command_that_makes_the_way_says_is_the_cause() {
    obeyed(
        |host| {
            host.config_by(
                "user",
                "ProxyCommand sh -c 'echo tunnel: login expired >&2; sleep 1'\n",
            );
        },
        "the connection failed: tunnel: login expired",
        |host| host.config_by("user", ""),
    );
}

#[test]
fn a_host_that_is_not_known_and_may_not_be_asked_for_is_let_in_once_it_may() {
    obeyed(
        |host| {
            fs::write(host.file("known"), "").unwrap();
            host.config_by("user", "StrictHostKeyChecking yes\n");
        },
        "or take out `StrictHostKeyChecking yes`, connect once by hand, and compare: git push --dry-run REMOTE HEAD",
        |host| {
            host.config_by("user", "");
            host.compares_the_key();
        },
    );
}

#[test]
fn a_key_that_is_marked_as_revoked_is_not_to_be_compared() {
    let marked = |host: &Host, mark: &str| {
        let known = fs::read_to_string(host.file("known")).unwrap();
        let lines = known.lines().map(|line| {
            let line = line.strip_prefix("@revoked ").unwrap_or(line);
            format!("{mark}{line}\n")
        });
        fs::write(host.file("known"), lines.collect::<String>()).unwrap();
    };
    obeyed(
        |host| marked(host, "@revoked "),
        "the one that it shows is marked as revoked in known_hosts",
        |host| marked(host, ""),
    );
}

/// Guards configurations that choose the key by the work tree, as people with two accounts on one host have them.
#[test]
fn what_ssh_asks_of_its_directory_is_asked_at_the_top_of_the_work_tree() {
    let Some(mut host) = Host::start() else {
        return;
    };
    host.key("wrong");
    let key = |name: &str| format!("IdentityFile {}\n", host.file(name).display());
    let (own, other) = (key("user"), key("wrong"));
    host.config(&format!(
        "IdentitiesOnly yes\nMatch exec \"test -d .git\"\n{own}Match all\n{other}"
    ));
    // Plain ssh, by its name.
    let ssh = sendoff_testing::tool("ssh").unwrap();
    let config = host.file("config");
    let text = format!(
        "#!/bin/sh\nexec {} -F {} \"$@\"\n",
        ssh.display(),
        config.display()
    );
    let named = host.twin.served.sandbox.executable("bin/ssh", text);
    let path = std::env::var("PATH").unwrap();
    host.twin.variables.clear();
    let directory = named.parent().unwrap().display();
    host.set("PATH", format!("{directory}:{path}"));
    let below = host.twin.served.work.join("below");
    fs::create_dir(&below).unwrap();
    host.twin.directory = below;
    host.twin.both_arrive();
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
    let once = calls(&host).len();
    host.config_by("wrong", "LogLevel QUIET\n");
    host.twin.we_refuse("ssh was not let in: ");
    // For its settings, and aloud.
    let calls = calls(&host);
    assert_eq!(calls.len(), once + once + 2);
    // A server may make a repository that git asks for.
    let aloud = calls.last().unwrap();
    assert!(
        aloud.starts_with("-v ") && aloud.ends_with(" true"),
        "{aloud}"
    );
}

/// Guards that only OpenSSH is asked for its settings: others know no such option, or take it for a host.
#[test]
fn a_program_that_is_no_openssh_is_not_asked_for_its_settings() {
    let Some(mut host) = Host::start() else {
        return;
    };
    counting(&mut host);
    host.config_by("user", "RequestTTY force\n");
    for (variant, is_asked) in [("plink", false), ("ssh", true)] {
        host.set("GIT_SSH_VARIANT", variant);
        host.twin.we_refuse("");
        let calls = calls(&host);
        let of_push = |call: &String| call.contains("git-receive-pack");
        assert!(calls.iter().any(of_push), "{variant}: {calls:?}");
        let asked = calls.iter().any(|call| call.starts_with("-G "));
        assert_eq!(asked, is_asked, "{variant}: {calls:?}");
    }
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

/// Guards that git's question for the HEAD is not the end of it: such an ssh says nothing, and waits.
#[test]
fn an_ssh_that_starts_nothing_is_named() {
    let Some(host) = Host::start() else {
        return;
    };
    host.config_by("user", "SessionType none\n");
    let policy = "[limits]\npush-timeout = \"30s\"\n";
    let sandbox = &host.twin.served.sandbox;
    sandbox.write("home/.config/sendoff/policy.toml", policy);
    let told = "ssh starts nothing on the server (`SessionType none`)";
    // Git waits for it without an end.
    host.twin.we_refuse(told);
    host.config_by("user", "SessionType default\n");
    host.twin.both_arrive();
}

/// Guards that a run which is held for want of the HEAD says why the remote did not tell it.
#[test]
fn what_the_server_says_to_the_question_for_its_head_is_told() {
    let Some(mut host) = Host::start() else {
        return;
    };
    host.wrap(
        "case \"$*\" in *upload-pack*) echo 'this key may not fetch' >&2; exit 1;; esac\nssh",
    );
    let told = host.twin.we_say();
    let sentence = "did not say whether that is its default branch: ";
    let (_, cause) = told
        .split_once(sentence)
        .unwrap_or_else(|| panic!("{told}"));
    assert!(cause.contains("this key may not fetch"), "{told}");
    host.wrap("ssh");
    host.twin.both_arrive();
}

/// Guards against "run again", where the program that is to connect is not there.
#[test]
fn a_proxy_command_that_cannot_be_run_is_a_matter_of_the_configuration() {
    obeyed(
        |host| host.config_by("user", "ProxyCommand no-such-program-here %h %p\n"),
        "correct what ssh names, in ~/.ssh/config or its options",
        |host| host.config_by("user", ""),
    );
}

/// Guards against the start files of the server's shell being blamed for what a command of this machine writes.
#[test]
fn a_local_command_that_writes_is_named() {
    obeyed(
        |host| host.config_by("user", "PermitLocalCommand yes\nLocalCommand echo hello\n"),
        "let `LocalCommand` for this host in ~/.ssh/config write to stderr: end it in `>&2`",
        |host| {
            host.config_by(
                "user",
                "PermitLocalCommand yes\nLocalCommand echo hello >&2\n",
            );
        },
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
