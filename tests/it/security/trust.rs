//! What a person allows in a repository, what an agent cannot, and what becomes of it when something changes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sendoff_testing::supervise;
use serde_json::Value;

use super::second_server;
use crate::program::Said;
use crate::pty;
use crate::world::{World, step};

/// Runs the program on a pseudo-terminal, where somebody types.
pub(super) fn typed(world: &World, arguments: &[&str], words: &str, more: &[(&str, &str)]) -> Said {
    let (mut controller, terminal) = pty::open();
    let mut command = world.command(arguments);
    command
        .envs(more.iter().copied())
        .stdin(terminal.try_clone().unwrap())
        .stdout(std::process::Stdio::piped())
        .stderr(terminal);
    controller
        .write_all(format!("{words}\n").as_bytes())
        .unwrap();
    let child = command.spawn().unwrap();
    // It holds the terminal, which would not end before it goes.
    drop(command);
    let reading = pty::read(controller);
    let output = child.wait_with_output().unwrap();
    Said {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: reading.join().unwrap(),
        code: output.status.code(),
    }
}

/// Types the word to `sendoff trust`.
pub(super) fn trust(world: &World, more: &[&str]) {
    let arguments: Vec<&str> = std::iter::once("trust")
        .chain(more.iter().copied())
        .collect();
    let said = typed(world, &arguments, "trust", &[]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
}

/// A repository whose policy runs a script of its own after the push, which leaves a mark.
struct Scripted {
    world: World,
    mark: PathBuf,
}

impl Scripted {
    fn new() -> Self {
        let world = World::new();
        let mark = world.sandbox.path("mark");
        let script = format!("#!/bin/sh\ntouch {}\n", mark.display());
        world.sandbox.executable("clone/notify.sh", script);
        let scripted = Self { world, mark };
        scripted.policy("now");
        scripted
    }

    fn policy(&self, word: &str) {
        let policy = format!(
            "[steps.notify]\nuses = \"exec\"\ncommand = [\"./notify.sh\", \"{word}\"]\n[pipelines]\npost-task = [\"push\", \"notify\"]\n"
        );
        self.world.sandbox.write("clone/.sendoff.toml", policy);
    }

    /// Runs, and says whether the script ran.
    fn runs(&self) -> bool {
        let _absent = std::fs::remove_file(&self.mark);
        let report = self.world.report(&["run"]);
        let ran = self.mark.exists();
        let is_told = codes(&report).contains(&"policy-untrusted".to_owned());
        assert_ne!(ran, is_told, "{report}");
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
        ran
    }
}

fn codes(report: &Value) -> Vec<String> {
    let notes = report["notes"].as_array().unwrap();
    let codes = notes.iter().map(|note| note["code"].as_str().unwrap());
    codes.map(str::to_owned).collect()
}

#[test]
fn a_step_that_runs_a_program_runs_after_a_person_saw_it() {
    supervise!();
    let scripted = Scripted::new();
    let world = &scripted.world;
    assert!(!scripted.runs());
    let report = world.report(&["run"]);
    let notes = report["notes"].to_string();
    // The advice, obeyed.
    assert!(notes.contains("see it: sendoff trust --diff"), "{notes}");
    let shown = world.run(&["trust", "--diff"]).stdout;
    assert!(shown.contains("+ steps.notify = { command = [\"./notify.sh\", \"now\"], uses = \"exec\" }  # work tree\n  runs ./notify.sh "), "{shown}");
    assert!(
        shown.contains("+ pipelines.post-task = [\"push\", \"notify\"]  # work tree"),
        "{shown}"
    );
    trust(world, &[]);
    assert!(scripted.runs());
    let listed = world.run(&["trust", "--list"]).stdout;
    assert!(listed.contains("policy      steps.notify = "), "{listed}");
    let nothing = "the repository's policy asks for nothing that does not count\n";
    assert_eq!(world.run(&["trust", "--diff"]).stdout, nothing);
    // Taken back.
    assert_eq!(
        world.run(&["trust", "--revoke", "steps.notify"]).stdout,
        "1 taken back\n"
    );
    assert!(!scripted.runs());
}

#[test]
fn p16_a_changed_step_does_not_run_and_the_change_is_shown() {
    supervise!();
    let scripted = Scripted::new();
    trust(&scripted.world, &[]);
    assert!(scripted.runs());
    scripted.policy("noW");
    assert!(!scripted.runs());
    let shown = scripted.world.run(&["trust", "--diff"]).stdout;
    assert!(
        shown.contains("- steps.notify = { command = [\"./notify.sh\", \"now\"]"),
        "{shown}"
    );
    assert!(
        shown.contains("+ steps.notify = { command = [\"./notify.sh\", \"noW\"]"),
        "{shown}"
    );
    // The same again counts again, without a question.
    scripted.policy("now");
    assert!(scripted.runs());
}

#[test]
fn p17_a_changed_script_does_not_run() {
    supervise!();
    let scripted = Scripted::new();
    trust(&scripted.world, &[]);
    assert!(scripted.runs());
    let script = format!("#!/bin/sh\ntouch {} # now\n", scripted.mark.display());
    scripted.world.sandbox.executable("clone/notify.sh", script);
    assert!(!scripted.runs());
    let shown = scripted.world.run(&["trust", "--diff"]).stdout;
    assert!(shown.contains("./notify.sh changed\n"), "{shown}");
    trust(&scripted.world, &[]);
    assert!(scripted.runs());
}

/// A policy whose first step runs `./first.sh` and whose second one `./notify.sh`.
const TWO_STEPS: &str = "[steps.first]\nuses = \"exec\"\ncommand = [\"./first.sh\"]\n\
    [steps.notify]\nuses = \"exec\"\ncommand = [\"./notify.sh\"]\n\
    [pipelines]\npost-task = [\"push\", \"first\", \"notify\"]\n";

#[test]
fn p17_a_script_that_an_earlier_step_changed_does_not_run() {
    supervise!();
    let scripted = Scripted::new();
    let world = &scripted.world;
    world.sandbox.write("clone/.sendoff.toml", TWO_STEPS);
    let first = |script: &str| {
        let script = format!("#!/bin/sh\n{script}\n");
        world.sandbox.executable("clone/first.sh", script);
        trust(world, &[]);
    };
    // The control: an honest step leaves the next one as it is.
    first("true");
    assert!(scripted.runs());
    first("echo '#' >>notify.sh");
    std::fs::remove_file(&scripted.mark).unwrap();
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "first")["verdict"], "done", "{report}");
    let notify = step(&report, "notify");
    assert_eq!(notify["reason"], "policy-untrusted", "{report}");
    assert_eq!(
        notify["summary"],
        "`./notify.sh` changed after it was trusted"
    );
    assert!(!scripted.mark.exists());
    // The advice, obeyed, with a first step that changes nothing any more.
    let shown = world.run(&["trust", "--diff"]).stdout;
    assert!(shown.contains("./notify.sh changed\n"), "{shown}");
    first("true");
    assert!(scripted.runs());
}

#[test]
fn p18_nothing_is_recorded_without_a_person() {
    supervise!();
    let scripted = Scripted::new();
    let world = &scripted.world;
    let said = world.run_with_input(&["trust"], b"trust\n");
    assert_eq!(said.code, Some(78), "{}", said.stderr);
    let expected = "nothing is recorded: this needs a terminal, and a person who types";
    assert!(said.stderr.contains(expected), "{}", said.stderr);
    for mark in [
        "CLAUDECODE",
        "CODEX_SANDBOX",
        "CODEX_THREAD_ID",
        "GEMINI_CLI",
        "CURSOR_AGENT",
    ] {
        let said = typed(world, &["trust"], "trust", &[(mark, "1")]);
        assert_eq!(said.code, Some(78), "{}", said.stderr);
        let expected = format!("nothing is recorded: {mark} is set, so an agent asks");
        assert!(said.stderr.contains(&expected), "{}", said.stderr);
    }
    let said = typed(world, &["trust"], "yes", &[]);
    assert_eq!(said.code, Some(78), "{}", said.stderr);
    assert!(!scripted.runs());
    // The control.
    trust(world, &[]);
    assert!(scripted.runs());
}

#[test]
fn p19_trust_does_not_travel_with_a_copy() {
    supervise!();
    let scripted = Scripted::new();
    let world = &scripted.world;
    trust(world, &[]);
    assert!(scripted.runs());
    let (here, away) = (world.work(), world.sandbox.path("away"));
    copy(&here, &away);
    let asked = |world: &World, at: &Path| {
        let said = world.run_in(at, &["trust", "--diff"], &world.variables());
        said.stdout.contains("+ steps.notify")
    };
    assert!(asked(world, &away));
    assert!(!asked(world, &here));
    // Another one in its place.
    std::fs::rename(&here, world.sandbox.path("gone")).unwrap();
    copy(&away, &here);
    assert!(asked(world, &here));
}

fn copy(from: &Path, to: &Path) {
    let mut command = std::process::Command::new("cp");
    let status = command.arg("-R").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

#[test]
fn g28_an_agent_ships_to_the_remote_of_before_and_to_no_other() {
    supervise!();
    let world = World::new();
    let agent = ["run", "--trigger", "claude-code"];
    assert_eq!(step(&world.report(&agent), "push")["verdict"], "done");
    let other = second_server(&world);
    let url = format!("{}/acme/rocket.git", other.url());
    world.point_to(&url);
    world.commit("more.txt", "more", "Add more");
    let before = world.tip("feature/x");
    for trigger in ["claude-code", "executor", "git-post-commit"] {
        let report = world.report(&["run", "--trigger", trigger]);
        let push = step(&report, "push");
        assert_eq!(push["reason"], "remote-unknown", "{report}");
        assert_eq!(
            push["summary"],
            format!("this repository was never pushed to {url}")
        );
        let command = format!("sendoff trust remote {url}");
        assert!(
            push["advice"].as_str().unwrap().ends_with(&command),
            "{report}"
        );
    }
    assert_eq!(world.tip("feature/x"), before);
    assert_eq!(other.log().len(), 0);
    // The advice, obeyed.
    trust(&world, &["remote", &url]);
    world.user_policy_with_git_at(&other.url(), "");
    let report = world.report(&agent);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    // And taken back.
    world.run(&["trust", "--revoke", &url]);
    world.commit("again.txt", "again", "Add again");
    assert_eq!(
        step(&world.report(&agent), "push")["reason"],
        "remote-unknown"
    );
}

/// Guards the record of remotes against an agent that gives the work tree another git directory.
#[test]
fn g28_another_git_directory_does_not_choose_the_remote_anew() {
    supervise!();
    let world = World::new();
    let agent = ["run", "--trigger", "claude-code"];
    assert_eq!(step(&world.report(&agent), "push")["verdict"], "done");
    let other = second_server(&world);
    world.user_policy_with_git_at(&other.url(), "");
    let url = format!("{}/acme/rocket.git", other.url());
    world.commit("more.txt", "more", "Add more");
    let (work, elsewhere) = (world.work(), world.sandbox.path("elsewhere"));
    // A linked work tree, known to have been pushed from.
    let linked = world.linked("linked", "feature/linked");
    world.sandbox.commit(&linked, "l.txt", "l", "Add l");
    let push_of = |directory: &Path| {
        let arguments = ["run", "--trigger", "claude-code", "--json"];
        let report = world.run_in(directory, &arguments, &world.variables());
        step(&report.report(), "push").clone()
    };
    world.user_policy("");
    assert_eq!(push_of(&linked)["verdict"], "done");
    world.user_policy_with_git_at(&other.url(), "");
    // The git directory goes elsewhere, as `git init --separate-git-dir` does it, and names another remote.
    std::fs::rename(work.join(".git"), &elsewhere).unwrap();
    std::fs::write(
        work.join(".git"),
        format!("gitdir: {}\n", elsewhere.display()),
    )
    .unwrap();
    world.point_to(&url);
    let push = push_of(&work);
    assert_eq!(push["reason"], "remote-unknown", "{push}");
    // A repository of its own in the place of the linked work tree's file.
    std::fs::remove_file(linked.join(".git")).unwrap();
    world
        .sandbox
        .git(&linked, &["init", "-q", "-b", "feature/linked"]);
    world
        .sandbox
        .git(&linked, &["remote", "add", "origin", &url]);
    world.sandbox.commit(&linked, "l.txt", "m", "Change l");
    let push = push_of(&linked);
    assert_eq!(push["reason"], "remote-unknown", "{push}");
    assert_eq!(other.log().len(), 0);
    // The control: the remote of before is known.
    world.point_to(&format!("{}/acme/rocket.git", world.git.url()));
    world.user_policy("");
    assert_eq!(push_of(&work)["verdict"], "done");
    assert_eq!(world.tip("feature/x"), world.sandbox.head(&work));
}

#[test]
fn a_run_by_hand_adds_a_remote_and_says_so() {
    supervise!();
    let world = World::new();
    world.report(&["run"]);
    let other = second_server(&world);
    world.point_to(&format!("{}/acme/rocket.git", other.url()));
    world.user_policy_with_git_at(&other.url(), "");
    world.commit("more.txt", "more", "Add more");
    // An agent that has a terminal is no person.
    let marked = typed(&world, &["run", "--json"], "", &[("CLAUDECODE", "1")]);
    assert_eq!(step(&marked.report(), "push")["reason"], "remote-unknown");
    // A terminal is not needed: a script of the caller is the caller.
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert!(
        codes(&report).contains(&"remote-added".to_owned()),
        "{report}"
    );
    assert!(
        report["notes"]
            .to_string()
            .contains("is recorded as a remote of this repository")
    );
    // It is known from now on, to agents too.
    world.commit("again.txt", "again", "Add again");
    let report = world.report(&["run", "--trigger", "claude-code"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}

#[test]
fn a_list_of_remotes_replaces_the_record() {
    supervise!();
    let world = World::new();
    world.report(&["run"]);
    let other = second_server(&world);
    let lists = format!("[remotes]\nallowed = [\"{}/**\"]\n", other.url());
    world.user_policy_with_git_at(&other.url(), &lists);
    world.point_to(&format!("{}/acme/rocket.git", other.url()));
    world.commit("more.txt", "more", "Add more");
    let report = world.report(&["run", "--trigger", "claude-code"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}

/// The login of the git server, as HTTP's basic authentication has it.
const LOGIN: &str = "eC1hY2Nlc3MtdG9rZW46d29ybGQtdG9rZW4tMDEyMzQ1Njc4OQ==";

/// Writes a login into the repository's own configuration, as `actions/checkout` does.
fn local_header(world: &World) {
    let header = format!("Authorization: Basic {LOGIN}");
    let arguments = ["config", "http.extraHeader", &header];
    world.sandbox.git(world.work(), &arguments);
}

/// Pushes without a token in the environment.
fn push_report(world: &World) -> Value {
    let variables = world.variables().into_iter();
    let variables: Vec<_> = variables
        .filter(|(name, _)| *name != "SENDOFF_TOKEN")
        .collect();
    world
        .run_in(&world.work(), &["step", "push", "--json"], &variables)
        .report()
}

#[test]
fn the_repositorys_git_configuration_counts_as_long_as_it_is_what_was_seen() {
    supervise!();
    let world = World::new();
    local_header(&world);
    let report = push_report(&world);
    assert_eq!(report["reason"], "auth", "{report}");
    let advice = report["advice"].as_str().unwrap();
    assert!(
        advice.ends_with("the repository's own http.extraheader did not count; if it has to, run on a terminal: sendoff trust git-config"),
        "{advice}"
    );
    // The advice, obeyed. The value is shown, and the token in it is not.
    let said = typed(&world, &["trust", "git-config"], "trust", &[]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(
        said.stderr.contains("http.extraheader = "),
        "{}",
        said.stderr
    );
    let report = push_report(&world);
    assert_eq!(report["verdict"], "done", "{report}");
    // What has no power may change.
    world.sandbox.git(
        world.work(),
        &["config", "branch.feature/x.merge", "refs/heads/feature/x"],
    );
    world.commit("more.txt", "more", "Add more");
    assert_eq!(push_report(&world)["verdict"], "done");
    // Another value, and another key, are ignored again.
    world
        .sandbox
        .git(world.work(), &["config", "core.sshCommand", "touch evil"]);
    world.commit("again.txt", "again", "Add again");
    assert_eq!(push_report(&world)["reason"], "auth");
    world
        .sandbox
        .git(world.work(), &["config", "--unset", "core.sshCommand"]);
    assert_eq!(push_report(&world)["verdict"], "done");
    let listed = world.run(&["trust", "--list"]).stdout;
    assert!(listed.contains("git-config  http.extraheader"), "{listed}");
    world.run(&["trust", "--revoke", "git-config"]);
    world.commit("last.txt", "last", "Add the last");
    assert_eq!(push_report(&world)["reason"], "auth");
}

#[test]
fn what_an_included_file_says_is_part_of_what_is_trusted() {
    supervise!();
    let world = World::new();
    local_header(&world);
    world
        .sandbox
        .write("clone/.git/more", "[core]\n\tabbrev = 12\n");
    world
        .sandbox
        .git(world.work(), &["config", "include.path", "more"]);
    trust(&world, &["git-config"]);
    assert_eq!(push_report(&world)["verdict"], "done");
    world
        .sandbox
        .write("clone/.git/more", "[core]\n\tsshCommand = evil\n");
    world.commit("more.txt", "more", "Add more");
    assert_eq!(push_report(&world)["reason"], "auth");
}

#[test]
fn records_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    supervise!();
    let world = World::new();
    world.report(&["run"]);
    let directory = world.sandbox.path("home/.local/state/sendoff/trust");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let records: Vec<_> = std::fs::read_dir(&directory).unwrap().collect();
    assert_eq!(records.len(), 1);
    let record = records.into_iter().next().unwrap().unwrap().path();
    assert_eq!(mode(&record), 0o600);
    // A damaged one lets nothing out by itself, and the advice works.
    std::fs::write(&record, "{").unwrap();
    world.commit("more.txt", "more", "Add more");
    let agent = ["run", "--trigger", "claude-code"];
    let report = world.report(&agent);
    assert_eq!(step(&report, "push")["reason"], "trust-record", "{report}");
    std::fs::remove_file(record).unwrap();
    assert_eq!(step(&world.report(&agent), "push")["verdict"], "done");
}

#[test]
fn an_agent_is_told_where_no_remote_can_be_recorded() {
    supervise!();
    let world = World::new();
    let mut variables = world.variables();
    variables.extend([("HOME", String::new()), ("XDG_STATE_HOME", String::new())]);
    let agent = ["run", "--trigger", "claude-code", "--json"];
    let report = world.run_in(&world.work(), &agent, &variables).report();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let notes = report["notes"].as_array().unwrap();
    let note = notes.iter().find(|note| note["code"] == "unpinned");
    let note = note.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(
        note["message"],
        "there is no state directory, so the repository's remotes are not recorded"
    );
    // The advice, obeyed.
    assert_eq!(
        note["advice"],
        "set HOME, or list them in `remotes.allowed`"
    );
    world.commit("more.txt", "more", "Add more");
    let report = world
        .run_in(&world.work(), &agent, &world.variables())
        .report();
    assert!(!codes(&report).contains(&"unpinned".to_owned()), "{report}");
}
