//! The advice on each failure of a real ssh, obeyed: then the push arrives, and git's does.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::ssh_host::{Host, obeyed};

#[test]
fn a_host_that_is_not_known_is_compared_by_hand() {
    obeyed(
        |host| fs::write(host.file("known"), "").unwrap(),
        "connect once by hand, and compare the key that ssh shows with the host's: git push --dry-run REMOTE HEAD",
        |host| host.compares_the_key(),
    );
}

#[test]
fn the_old_key_of_a_host_is_taken_out_by_the_command_of_the_advice() {
    let command = |host: &Host| {
        let known = host.file("known").display().to_string();
        format!("ssh-keygen -R '[127.0.0.1]:{}' -f {known}", host.ssh.port)
    };
    obeyed(
        |host| {
            let other = host.key("other").with_extension("pub");
            let other = fs::read_to_string(other).unwrap();
            let line = format!("[127.0.0.1]:{} {other}", host.ssh.port);
            fs::write(host.file("known"), line).unwrap();
        },
        "then take the old one out: ssh-keygen -R '[127.0.0.1]:",
        |host| {
            host.twin.we_refuse(&command(host));
            host.shell(&command(host));
            host.compares_the_key();
        },
    );
}

#[test]
fn a_key_that_others_can_read_is_hidden_from_them() {
    let mode = |host: &Host, mode| {
        fs::set_permissions(host.file("user"), fs::Permissions::from_mode(mode)).unwrap();
    };
    obeyed(
        |host| mode(host, 0o644),
        "let nobody else read the key: chmod 600 on its file",
        |host| mode(host, 0o600),
    );
}

#[test]
fn an_agent_that_asks_is_told_yes() {
    obeyed(
        |host| {
            host.agent();
            host.shell("ssh-add -c user && mv user kept");
        },
        "unlock the key in the agent, or touch it when it asks",
        |host| fs::write(host.file("touched"), "").unwrap(),
    );
}

#[test]
fn of_many_keys_in_the_agent_the_one_of_the_host_is_named() {
    obeyed(
        |host| {
            host.agent();
            for number in 0..7 {
                let key = host.key(&format!("more{number}"));
                host.shell(&format!("ssh-add {}", key.display()));
            }
            host.config("");
        },
        "name the one key of the host in ~/.ssh/config: IdentityFile, with IdentitiesOnly yes",
        |host| host.config_by("user", ""),
    );
}

#[test]
fn a_key_that_is_not_there_is_put_where_ssh_looks() {
    obeyed(
        |host| fs::rename(host.file("user"), host.file("elsewhere")).unwrap(),
        "put the key where ssh looks for it, or name it where it is: IdentityFile in ~/.ssh/config",
        |host| host.config_by("elsewhere", ""),
    );
}

#[test]
fn the_file_of_a_key_that_lost_its_end_is_written_again() {
    obeyed(
        |host| {
            fs::copy(host.file("user"), host.file("kept")).unwrap();
            let text = fs::read_to_string(host.file("user")).unwrap();
            fs::write(host.file("user"), text.trim_end()).unwrap();
        },
        "write the file of the private key again as it was made: plain line breaks, one at its end",
        |host| {
            fs::copy(host.file("kept"), host.file("user")).unwrap();
        },
    );
}

#[test]
fn a_key_that_the_server_does_not_know_is_made_known() {
    obeyed(
        |host| fs::write(host.file("authorized"), "").unwrap(),
        "make `ssh -o BatchMode=yes` to the host work first",
        |host| {
            fs::copy(host.file("user.pub"), host.file("authorized")).unwrap();
        },
    );
}

#[test]
fn what_the_server_offers_is_taken_by_the_line_of_the_advice() {
    obeyed(
        |host| host.config_by("user", "HostKeyAlgorithms rsa-sha2-512\n"),
        "take what it offers, in ~/.ssh/config: HostKeyAlgorithms +ssh-ed25519",
        |host| host.config_by("user", "HostKeyAlgorithms +ssh-ed25519\n"),
    );
}

#[test]
fn a_configuration_that_ssh_does_not_read_is_mended() {
    obeyed(
        |host| host.config_by("user", "NoSuchOption yes\n"),
        "correct what ssh names, in ~/.ssh/config or its options: `ssh -o BatchMode=yes` to the host has to work",
        |host| host.config_by("user", ""),
    );
}

#[test]
fn a_command_whose_program_is_not_there_is_corrected() {
    obeyed(
        |host| host.wrap("exec /nonexistent"),
        "correct GIT_SSH_COMMAND: each program that it runs has to be there",
        |host| host.wrap("exec ssh"),
    );
}

/// A wrapper stands for the account's shell: sshd runs the one of whoever runs the test.
#[test]
fn a_shell_that_greets_is_told_to_be_silent() {
    obeyed(
        |host| host.wrap("echo Welcome; exec ssh"),
        "let the shell of the account on the remote print nothing for commands",
        |host| host.wrap("exec ssh"),
    );
}

/// Has the server run `command` for the key, whatever is asked for.
fn forced(host: &Host, command: &str) {
    let key = fs::read_to_string(host.file("user.pub")).unwrap();
    let line = format!("command=\"{command}\" {key}");
    fs::write(host.file("authorized"), line).unwrap();
}

#[test]
fn a_command_that_the_server_lacks_is_corrected_there_whatever_starts_ssh() {
    for wrap in [false, true] {
        obeyed(
            |host| {
                if wrap {
                    host.wrap("exec ssh");
                }
                forced(host, "/nonexistent");
            },
            "have the server's administrator correct the command that it runs for this key or account",
            |host| forced(host, "eval $SSH_ORIGINAL_COMMAND"),
        );
    }
}

#[test]
fn an_account_that_may_not_log_in_gets_a_shell_that_runs_git() {
    obeyed(
        |host| {
            forced(
                host,
                "echo This account is currently not available.; exit 1",
            );
        },
        "push by an account that may log in, or have the server's administrator give this one a shell that runs git",
        |host| forced(host, "git-shell -c \\\"$SSH_ORIGINAL_COMMAND\\\""),
    );
}
