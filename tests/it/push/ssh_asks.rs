//! What ssh asks: a person at the terminal answers in `run` by hand, a program where the user's own command starts one.

use std::path::PathBuf;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;

use crate::sandbox::succeed;

use super::as_git::Twin;
use super::prompted::Terminal;
use super::sshd::{Ssh, behind_sshd};

const PASSPHRASE: &str = "of the key";

/// A remote behind a real sshd, and the key with a passphrase that opens it; nothing where there is no sshd.
fn locked() -> Option<(Twin, Ssh, PathBuf)> {
    let (twin, ssh) = behind_sshd()?;
    let sandbox = &twin.served.sandbox;
    let key = sandbox.path("ssh/user");
    let mut keygen = sandbox.command("ssh-keygen");
    succeed(keygen.args(["-q", "-p", "-N", PASSPHRASE, "-f"]).arg(&key));
    Some((twin, ssh, key))
}

#[test]
fn ssh_asks_at_the_terminal_of_a_run_by_hand_as_under_git() {
    let Some((twin, ssh, key)) = locked() else {
        return;
    };
    let sandbox = &twin.served.sandbox;
    let question = format!("Enter passphrase for key '{}': ", key.display());
    let ours = Command::cargo_bin("sendoff").unwrap();
    let programs = [
        (ours.get_program(), &["step", "push"][..], "feature"),
        (
            "git".as_ref(),
            &["push", "-q", "origin", "HEAD:by-git"],
            "by-git",
        ),
    ];
    for (program, arguments, branch) in programs {
        let mut command = Command::new("setsid");
        command
            .arg("--ctty")
            .arg(program)
            .args(arguments)
            .env_clear()
            .envs(sandbox.variables())
            .env("GIT_SSH_COMMAND", &ssh.command)
            .current_dir(&twin.served.work);
        let answer = format!("{PASSPHRASE}\n");
        // The branch is there already: we ask what HEAD names as well, once a day.
        let answers = [(question.as_str(), answer.as_str()); 3];
        let (shown, _) = Terminal::new().talk_to_end(command, &answers);
        assert!(shown.contains(&question), "{shown}");
        assert!(!shown.contains(PASSPHRASE), "{shown}");
        let tip = ["rev-parse", &format!("refs/heads/{branch}")];
        assert_eq!(
            sandbox.git(&twin.served.remote, &tip),
            sandbox.head(&twin.served.work),
            "{shown}"
        );
    }
}

/// As with `sshpass`: the command of the user's has an answer for ssh, and ssh may ask.
#[test]
fn a_command_that_answers_what_ssh_asks_may_do_so() {
    let Some((mut twin, ssh, _)) = locked() else {
        return;
    };
    let sandbox = &twin.served.sandbox;
    let ask = sandbox.executable("ask", format!("#!/bin/sh\necho {PASSPHRASE}\n"));
    let wrapper = format!(
        "#!/bin/sh\nexport SSH_ASKPASS='{}' SSH_ASKPASS_REQUIRE=force\nexec {} \"$@\"\n",
        ask.display(),
        ssh.command
    );
    let wrapper = sandbox.executable("with answer", wrapper);
    let command = format!("'{}'", wrapper.display());
    twin.variables.push(("GIT_SSH_COMMAND", command));
    twin.both_arrive();
}
