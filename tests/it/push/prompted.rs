//! The terminal and the programs that ask for a login: the same questions in the same order as git's.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use assert_cmd::cargo::CommandCargoExt;

use super::served::{Served, guarded};
use crate::pty;

/// A controlling terminal for one program.
pub(crate) struct Terminal {
    controller: std::fs::File,
    end: OwnedFd,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let (controller, end) = pty::open();
        Self {
            controller,
            end: end.into(),
        }
    }

    /// Returns a program at the head of a session of its own, whose terminal is its standard input, without variables.
    pub(crate) fn session(program: &Command, arguments: &[&str]) -> Command {
        let mut command = Command::new("setsid");
        command
            .arg("--ctty")
            .arg(program.get_program())
            .args(arguments)
            .env_clear();
        command
    }

    /// Runs a program on it, and gives an answer to each question in turn. Returns what the terminal showed.
    fn talk(self, command: Command, answers: &[(&str, &str)]) -> String {
        self.talk_to_end(command, answers).0
    }

    /// Does the same, and returns the exit code too.
    pub(crate) fn talk_to_end(
        self,
        mut command: Command,
        answers: &[(&str, &str)],
    ) -> (String, Option<i32>) {
        let end = || Stdio::from(self.end.try_clone().unwrap());
        let mut child = command
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        drop((command, self.end));
        let mut controller = self.controller;
        let mut shown = Vec::new();
        let mut piece = [0; 4096];
        let mut answers = answers.iter();
        let mut next = answers.next();
        // The last one who has the terminal closes it: that is an error here, and the end.
        while let Ok(read @ 1..) = controller.read(&mut piece) {
            shown.extend_from_slice(&piece[..read]);
            if let Some((question, answer)) = next
                && shown.ends_with(question.as_bytes())
            {
                controller.write_all(answer.as_bytes()).unwrap();
                next = answers.next();
            }
        }
        let status = child.wait().unwrap();
        let shown = String::from_utf8_lossy(&shown).replace("\r\n", "\n");
        (shown, status.code())
    }
}

/// A work tree before a server that wants a login.
struct Asked {
    served: Served,
    url: String,
}

impl Asked {
    fn new() -> Self {
        let served = Served::start(guarded());
        let url = served.url();
        served
            .sandbox
            .git(&served.work, &["remote", "add", "origin", &url]);
        served.sandbox.git(
            &served.work,
            &["update-ref", "refs/remotes/origin/main", "main"],
        );
        Self { served, url }
    }

    fn command(&self, program: &Command, arguments: &[&str]) -> Command {
        let mut command = Terminal::session(program, arguments);
        command
            .envs(self.served.sandbox.variables())
            .env("GIT_TERMINAL_PROMPT", "1")
            .current_dir(&self.served.work);
        command
    }

    fn ours(&self) -> Command {
        self.command(&Command::cargo_bin("sendoff").unwrap(), &["step", "push"])
    }

    fn gits(&self) -> Command {
        self.command(
            &Command::new("git"),
            &["push", "-q", "origin", "HEAD:by-git"],
        )
    }

    /// Both arrived.
    fn arrived(&self, shown: &str) {
        let head = self.served.sandbox.head(&self.served.work);
        for branch in ["feature", "by-git"] {
            let full = format!("refs/heads/{branch}");
            let tip = ["for-each-ref", "--format=%(objectname)", &full];
            let tip = self.served.sandbox.git(&self.served.remote, &tip);
            assert_eq!(tip, head, "{branch}: {shown}");
        }
    }

    /// The questions of git for this server.
    fn questions(&self) -> [String; 2] {
        let host = self.url.replace("/r.git", "");
        [
            format!("Username for '{host}': "),
            format!("Password for '{}': ", host.replace("http://", "http://me@")),
        ]
    }
}

#[test]
fn the_terminal_is_asked_as_git_asks_and_the_password_is_not_shown() {
    let asked = Asked::new();
    let [user, password] = asked.questions();
    let answers = [(user.as_str(), "me\n"), (password.as_str(), "pw\n")];
    let ours = Terminal::new().talk(asked.ours(), &answers);
    let gits = Terminal::new().talk(asked.gits(), &answers);
    asked.arrived(&ours);
    let dialogue = format!("{user}me\n{password}\n");
    assert!(gits.contains(&dialogue), "{gits}");
    assert!(ours.contains(&dialogue), "{ours}");
    assert!(!ours.contains("pw"), "{ours}");
}

#[test]
fn a_program_that_does_not_answer_leaves_the_question_to_the_terminal() {
    let asked = Asked::new();
    let program = asked
        .served
        .sandbox
        .executable("bin/ask", "#!/bin/sh\nexit 1\n");
    let [user, password] = asked.questions();
    let answers = [(user.as_str(), "me\n"), (password.as_str(), "pw\n")];
    let mut shown = String::new();
    for mut command in [asked.ours(), asked.gits()] {
        command.env("GIT_ASKPASS", &program);
        shown = Terminal::new().talk(command, &answers);
        assert!(shown.contains(&password), "{shown}");
    }
    asked.arrived(&shown);
}

#[test]
fn the_program_that_is_asked_is_the_one_that_git_asks() {
    for (variable, configured, ssh) in [
        (true, true, true),
        (false, true, true),
        (false, false, true),
        (true, false, false),
        (false, true, false),
    ] {
        let asked = Asked::new();
        let sandbox = &asked.served.sandbox;
        let log = sandbox.path("asked.log");
        let program = |name: &str| {
            let text = format!(
                "#!/bin/sh\necho \"{name} $1\" >> '{}'\ncase \"$1\" in User*) echo me;; *) echo pw;; esac\n",
                log.display()
            );
            sandbox
                .executable(format!("bin/{name}"), text)
                .display()
                .to_string()
        };
        let (git, core, of_ssh) = (program("git"), program("core"), program("ssh"));
        if configured {
            sandbox.git(
                &asked.served.work,
                &["config", "--global", "core.askPass", &core],
            );
        }
        let said = |mut command: Command| {
            if variable {
                command.env("GIT_ASKPASS", &git);
            }
            if ssh {
                command.env("SSH_ASKPASS", &of_ssh);
            }
            let shown = Terminal::new().talk(command, &[]);
            let said = std::fs::read_to_string(&log).unwrap_or(shown);
            std::fs::remove_file(&log).unwrap_or_default();
            said
        };
        let (ours, gits) = (said(asked.ours()), said(asked.gits()));
        assert_eq!(ours, gits, "{variable} {configured} {ssh}");
        asked.arrived(&ours);
    }
}

/// Guards that only what is not known is asked for, in git's words: a user that the configuration or a helper names, and the
/// path where helpers see it.
#[test]
fn a_program_is_asked_for_what_is_not_known_alone() {
    let user = "!f() { test \"$1\" = get && echo username=me; }; f";
    let settings: [(&str, &str); 3] = [
        ("credential.username", "me"),
        ("credential.helper", user),
        ("credential.useHttpPath", "true"),
    ];
    for (key, value) in settings {
        let asked = Asked::new();
        let sandbox = &asked.served.sandbox;
        sandbox.git(&asked.served.work, &["config", "--global", key, value]);
        let log = sandbox.path("asked.log");
        let text = format!(
            "#!/bin/sh\necho \"$1\" >> '{}'\ncase \"$1\" in User*) echo me;; *) echo pw;; esac\n",
            log.display()
        );
        let program = sandbox.executable("bin/asks", text);
        let said = |mut command: Command| {
            command.env("GIT_ASKPASS", &program);
            let shown = Terminal::new().talk(command, &[]);
            let said = std::fs::read_to_string(&log).unwrap_or(shown);
            std::fs::remove_file(&log).unwrap_or_default();
            said
        };
        let (ours, gits) = (said(asked.ours()), said(asked.gits()));
        assert_eq!(ours, gits, "{key}");
        asked.arrived(&ours);
    }
}

/// Guards a script without an interpreter line: git lets the shell read it.
#[test]
fn a_program_that_asks_can_be_a_script_without_an_interpreter_line() {
    let asked = Asked::new();
    let script = "case $1 in User*) echo me;; *) echo pw;; esac\n";
    let program = asked.served.sandbox.executable("bin/ask", script);
    let mut shown = String::new();
    for mut command in [asked.ours(), asked.gits()] {
        command.env("GIT_ASKPASS", &program);
        shown = Terminal::new().talk(command, &[]);
    }
    asked.arrived(&shown);
}
