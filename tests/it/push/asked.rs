//! Logins that nobody keeps: a program of the user's is asked, and helpers hear what worked.

use std::time::Duration;

use sendoff::git::credentials::Asking;
use sendoff_testing::supervise;

use super::logins::recording;
use super::rig::{helpers, inheritance, script};
use super::served::{Served, guarded};

#[test]
fn a_program_is_asked_last_and_what_worked_is_kept() {
    supervise!();
    let served = Served::start(guarded());
    let log = served.sandbox.path("prompts");
    let text = format!(
        "echo \"$1\" >> {}; case $1 in User*) echo me;; *) echo pw;; esac",
        log.display()
    );
    let program = script(&served.sandbox, "ask", &text);
    let program = program.to_str().unwrap().to_owned();
    let mut options = served.options();
    options.helpers = helpers(&served.sandbox, &[&recording(&served.sandbox, "")]);
    options.asking = Asking::new(inheritance(&served.sandbox), Duration::from_secs(20))
        .by_program(Some(program));
    served.push(&options).unwrap();
    let url = served.server.url();
    let prompts = std::fs::read_to_string(log).unwrap();
    let user = url.replace("http://", "http://me@");
    // The helper knows the user, and not the password.
    assert_eq!(prompts, format!("Password for '{user}': \n"));
    let heard = served.heard();
    assert!(
        heard.contains("store\n") && heard.contains("password=pw\n"),
        "{heard}"
    );
}

#[test]
fn a_program_that_says_nothing_leaves_no_login() {
    supervise!();
    let served = Served::start(guarded());
    for text in ["exit 1", "echo"] {
        let program = script(&served.sandbox, "ask", text);
        let mut options = served.options();
        options.asking = Asking::new(inheritance(&served.sandbox), Duration::from_secs(20))
            .by_program(program.to_str().map(str::to_owned));
        let error = served.push(&options).unwrap_err();
        assert_eq!(
            error.to_string(),
            "127.0.0.1 wants a login, and no credential helper knows one"
        );
    }
}
