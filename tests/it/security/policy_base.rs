//! The repository's policy: what changes other people's view counts from the policy base on the remote, and not from
//! what lies in the clone.

use sendoff_testing::supervise;
use serde_json::Value;

use crate::sandbox::succeed;
use crate::world::{World, step};

/// Runs a script in the sandbox.
fn shell(world: &World, script: &str) {
    let mut command = world.sandbox.command("sh");
    let command = command.args(["-euc", script]);
    succeed(command.current_dir(world.sandbox.path("")));
}

/// A policy that puts a label on pull requests.
pub(super) fn labels(name: &str) -> String {
    format!("[steps.pr-create]\nlabels = [\"{name}\"]\n")
}

/// Commits a policy to `main` on the server, which the clone does not hear of.
pub(super) fn policy_on_server(world: &World, text: &str) {
    on_server(world, ".sendoff.toml", text);
}

pub(super) fn on_server(world: &World, file: &str, text: &str) {
    let other = world.sandbox.path("other");
    if !other.exists() {
        shell(world, "git clone -q served/acme/rocket.git other");
    }
    world.sandbox.git(&other, &["switch", "-q", "main"]);
    world
        .sandbox
        .commit(&other, file, text, "Change the policy");
    world.sandbox.git(&other, &["push", "-q", "origin", "main"]);
}

/// Fetches `main` into the clone, as `git fetch` would.
fn fetch(world: &World) {
    let bare = world.bare();
    let spec = "+refs/heads/main:refs/remotes/origin/main";
    let arguments = ["fetch", "-q", bare.to_str().unwrap(), spec];
    world.sandbox.git(world.work(), &arguments);
}

/// Lets a branch have a pull request after its last one was closed.
pub(super) fn pull_requests_may_follow(world: &World) {
    world.user_policy("[steps.pr-create]\nwhen-merged = \"new-pr\"\n");
}

/// Returns the labels of the newest pull request.
pub(super) fn labels_of_newest(world: &World) -> Vec<String> {
    world.forge.pulls().pop().unwrap().labels
}

/// Returns the codes of the notes about the policy.
pub(super) fn notes(report: &Value) -> Vec<&str> {
    let notes = report["notes"].as_array().unwrap();
    let codes = notes.iter().map(|note| note["code"].as_str().unwrap());
    codes.filter(|code| code.starts_with("policy")).collect()
}

/// Returns the note about the policy.
pub(super) fn policy_note(report: &Value) -> &Value {
    let mut notes = report["notes"].as_array().unwrap().iter();
    let is_of_policy = |note: &&Value| note["code"].as_str().unwrap().starts_with("policy");
    notes.find(is_of_policy).unwrap()
}

/// Says whether anybody asked the server for objects or refs.
fn was_fetched_from(world: &World) -> bool {
    let log = world.git.log();
    log.iter().any(|request| {
        request.path.contains("upload-pack") || request.query.contains("upload-pack")
    })
}

#[test]
fn what_others_see_is_said_by_the_policy_base_and_not_by_the_work_tree() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, &labels("merged"));
    world.sandbox.write("clone/.sendoff.toml", labels("mine"));
    // The clone does not have the commit: it is fetched, and not into the repository.
    let report = world.report(&["run"]);
    assert_eq!(report["verdict"], "done", "{report}");
    assert_eq!(labels_of_newest(world), ["merged"]);
    assert_eq!(notes(&report), ["policy-untrusted"], "{report}");
    assert_eq!(
        policy_note(&report)["message"],
        "the repository's policy asks for `steps.pr-create.labels`, which does not count yet"
    );
    let here = world
        .sandbox
        .git(world.work(), &["rev-parse", "refs/remotes/origin/main"]);
    assert_ne!(here, world.tip("main"));
    // The advice, obeyed.
    let shown = world.run(&["policy", "show"]).stdout;
    assert!(
        shown.contains("labels = [\"merged\"]") && shown.contains("# policy base"),
        "{shown}"
    );
    let left_out = "# steps.pr-create.labels = [\"mine\"]  # repository: counts from the policy base on the remote only";
    assert!(shown.contains(left_out), "{shown}");
}

#[test]
fn the_same_policy_in_the_work_tree_is_no_news() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, &labels("merged"));
    world.sandbox.write("clone/.sendoff.toml", labels("merged"));
    let report = world.report(&["run"]);
    assert_eq!(labels_of_newest(world), ["merged"]);
    assert_eq!(notes(&report), [""; 0], "{report}");
}

#[test]
fn a_work_tree_can_tighten_what_the_policy_base_says() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, &labels("merged"));
    let stricter = "[branches]\nprotected = [\"feature/*\"]\n";
    world.sandbox.write("clone/.sendoff.toml", stricter);
    let report = world.report(&["run"]);
    assert_eq!(
        step(&report, "push")["reason"],
        "protected-branch",
        "{report}"
    );
    // The guards: a pattern is one more, and a number is a smaller one.
    world.user_policy("[guard]\nbranch = \"feature/*\"\nfiles = 9\n");
    for (stricter, expected) in [
        ("[guard]\nbranch = \"*/y\"\n", "branch-pattern"),
        ("[guard]\nfiles = 1\n", "too-many-files"),
    ] {
        world.commit("more.txt", stricter, "Add more");
        world.sandbox.write("clone/.sendoff.toml", stricter);
        let report = world.report(&["run"]);
        assert_eq!(step(&report, "push")["reason"], expected, "{report}");
    }
    // What the user is stricter about stays.
    world
        .sandbox
        .write("clone/.sendoff.toml", "[guard]\nfiles = 50\n");
    let shown = world.run(&["policy", "show"]).stdout;
    let outdone = "# guard.files = 50  # repository: a lower layer is stricter";
    assert!(shown.contains(outdone), "{shown}");
    // The control.
    world.sandbox.write("clone/.sendoff.toml", "");
    assert_eq!(world.report(&["run"])["verdict"], "done");
    assert_eq!(labels_of_newest(world), ["merged"]);
}

#[test]
fn a_tracking_ref_that_somebody_moved_is_not_believed() {
    supervise!();
    let world = &World::new();
    pull_requests_may_follow(world);
    let work = world.work();
    // What an agent can write: a commit with a policy, and a ref that says that the remote has it.
    world.sandbox.write("clone/.sendoff.toml", labels("evil"));
    shell(
        world,
        "cd clone && git add .sendoff.toml && git commit -qm policy
         git update-ref refs/remotes/origin/main HEAD
         git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main",
    );
    world
        .sandbox
        .git(&work, &["rm", "-q", "--cached", ".sendoff.toml"]);
    std::fs::remove_file(work.join(".sendoff.toml")).unwrap();
    world.commit("more.txt", "more", "Add more");
    let report = world.report(&["run"]);
    assert_eq!(report["verdict"], "done", "{report}");
    assert_eq!(labels_of_newest(world), [""; 0]);
    // The control: what the server says counts.
    policy_on_server(world, &labels("merged"));
    world.forge.close(world.forge.pulls().pop().unwrap().number);
    world.commit("again.txt", "again", "Add again");
    world.report(&["run"]);
    world.report(&["run"]);
    assert_eq!(labels_of_newest(world), ["merged"]);
}

#[test]
fn a_replaced_policy_is_not_read() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, &labels("merged"));
    fetch(world);
    let work = world.work();
    world.sandbox.write("evil.toml", labels("evil"));
    let evil = world
        .sandbox
        .git(&work, &["hash-object", "-w", "../evil.toml"]);
    let file = "refs/remotes/origin/main:.sendoff.toml";
    let blob = world.sandbox.git(&work, &["rev-parse", file]);
    world.sandbox.git(&work, &["replace", &blob, &evil]);
    shell(world, "cd clone && git remote set-head origin main");
    let report = world.report(&["run"]);
    assert_eq!(report["verdict"], "done", "{report}");
    assert_eq!(labels_of_newest(world), ["merged"]);
}

#[test]
fn without_the_policy_on_the_remote_no_pull_request_is_opened() {
    supervise!();
    let world = &World::new();
    pull_requests_may_follow(world);
    policy_on_server(world, &labels("merged"));
    world.sandbox.write("clone/.sendoff.toml", "");
    let bare = world.bare();
    let fetching = |value| {
        world
            .sandbox
            .git(&bare, &["config", "http.uploadpack", value]);
    };
    fetching("false");
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let held = step(&report, "pr-create");
    assert_eq!(held["reason"], "policy-unavailable", "{report}");
    let summary = held["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("the repository's policy on the remote is not known: "),
        "{summary}"
    );
    assert_eq!(
        held["advice"],
        "check that the remote can be fetched from, then run again"
    );
    // The advice, obeyed.
    fetching("true");
    world.report(&["run"]);
    assert_eq!(labels_of_newest(world), ["merged"]);
    // A copy that the remote had has to do where the remote says nothing now.
    fetching("false");
    world.forge.withhold_objects();
    on_server_directly(world);
    world.forge.close(world.forge.pulls().pop().unwrap().number);
    world.commit("more.txt", "more", "Add more");
    let report = world.report(&["run"]);
    let pull_request = step(&report, "pr-create");
    assert_eq!(pull_request["verdict"], "done", "{report}");
    assert_eq!(labels_of_newest(world), ["merged"]);
    assert_eq!(notes(&report), ["policy-stale"], "{report}");
}

/// Moves `main` on the server to a commit that the clone cannot know.
fn on_server_directly(world: &World) {
    let bare = world.bare();
    let tree = world.sandbox.git(&bare, &["rev-parse", "main^{tree}"]);
    let arguments = ["commit-tree", "-m", "Move", "-p", "main", &tree];
    let commit = world.sandbox.git(&bare, &arguments);
    world
        .sandbox
        .git(&bare, &["update-ref", "refs/heads/main", &commit]);
}

#[test]
fn a_broken_policy_of_the_policy_base_loses_only_its_layer() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, "[steps.pr-create\nlabels = [\"merged\"]\n");
    world
        .sandbox
        .write("clone/.sendoff.toml", "[limits]\ncommits = 50\n");
    let report = world.report(&["run"]);
    assert_eq!(report["verdict"], "done", "{report}");
    assert_eq!(notes(&report), ["policy-dropped"], "{report}");
    let message = policy_note(&report)["message"].as_str().unwrap();
    let expected = "the repository policy is left out: .sendoff.toml of main at ";
    assert!(message.starts_with(expected), "{message}");
    assert_eq!(labels_of_newest(world), [""; 0]);
}

#[test]
fn another_branch_can_be_the_policy_base_and_is_protected() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, &labels("of-main"));
    shell(
        world,
        "cd other && git switch -qc rules && git rm -q .sendoff.toml && git commit -qm Remove
         printf '[steps.pr-create]\\nlabels = [\"of-rules\"]\\n' > .sendoff.toml
         git add .sendoff.toml && git commit -qm Rules && git push -q origin rules",
    );
    world.user_policy("[branches]\npolicy-base = \"rules\"\n");
    world.sandbox.write("clone/.sendoff.toml", "");
    world.report(&["run"]);
    assert_eq!(labels_of_newest(world), ["of-rules"]);
    world.sandbox.git(world.work(), &["switch", "-qc", "rules"]);
    world.commit("more.txt", "more", "Add more");
    let report = world.report(&["run"]);
    assert_eq!(
        step(&report, "push")["reason"],
        "protected-branch",
        "{report}"
    );
}

#[test]
fn a_repository_without_a_policy_asks_nobody_for_one() {
    supervise!();
    let world = &World::new();
    assert_eq!(world.report(&["run"])["verdict"], "done");
    assert!(!was_fetched_from(world), "{:?}", world.git.log());
}

#[test]
fn what_runs_programs_does_not_count_from_any_copy() {
    supervise!();
    let world = &World::new();
    let marker = world.sandbox.path("marker");
    let policy = format!(
        "[steps.notify]\nuses = \"exec\"\ncommand = [\"touch\", \"{}\"]\n[pipelines]\npost-task = [\"push\", \"notify\"]\n{}",
        marker.display(),
        labels("merged"),
    );
    policy_on_server(world, &policy);
    world.sandbox.write("clone/.sendoff.toml", &policy);
    let report = world.report(&["run"]);
    assert!(!marker.exists(), "{report}");
    // The rest of the file counts.
    assert_eq!(labels_of_newest(world), ["merged"]);
    assert_eq!(
        policy_note(&report)["message"],
        "the repository's policy asks for `pipelines.post-task`, `steps.notify`, which does not count yet"
    );
    // The control: the user can say the same.
    world.user_policy(&policy.replace(&labels("merged"), ""));
    world.report(&["run"]);
    assert!(marker.exists());
}
