//! The repository's policy where the remote lists its branches and gives no objects: the forge's API tells it, and only
//! what is what its object id says is believed.

use sendoff::demo::git_server::{FaultKind, GitServer, RequestFault};
use sendoff::demo::{Answer, Fault};
use sendoff_testing::supervise;
use serde_json::{Value, json};

use crate::world::{World, step};

use super::policy_base::{labels, labels_of_newest, notes, policy_on_server};
use super::server_with;

/// Starts a server that says where its branches are, and fails when objects are asked for; points the clone to it.
fn without_objects(world: &World) -> GitServer {
    // The question where HEAD is counts as well.
    let server = server_with(world, |options| {
        options.faults = vec![RequestFault {
            path_end: "/git-upload-pack",
            after: 1,
            times: 1,
            kind: FaultKind::Status(500, "no objects today"),
        }];
    });
    world.point_to(&format!("{}/acme/rocket.git", server.url()));
    world.user_policy_with_git_at(&server.url(), "");
    server
}

/// Asks for a policy that the clone has, so that the remote's counts.
fn with_policy_here(world: &World) {
    world.sandbox.write("clone/.sendoff.toml", "");
}

/// Says how often the forge was asked for objects.
fn asked_for_objects(world: &World) -> usize {
    let log = world.forge.log();
    log.iter()
        .filter(|logged| logged.path.contains("/git/"))
        .count()
}

/// Puts an answer in the place of one that the forge gives for an object.
fn answer_for_objects(world: &World, answers: impl IntoIterator<Item = Value>) {
    let answers = answers.into_iter().map(|body| match body {
        Value::String(text) => Answer::text(200, "application/vnd.github.raw+json", text),
        body => Answer::json(200, &body),
    });
    world.forge.inject(answers.map(Fault::Instead));
}

#[test]
fn where_the_remote_gives_no_objects_the_forge_tells_the_policy() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, &labels("merged"));
    with_policy_here(world);
    let _server = without_objects(world);
    let report = world.report(&["run"]);
    assert_eq!(report["verdict"], "done", "{report}");
    assert_eq!(labels_of_newest(world), ["merged"]);
    assert_eq!(notes(&report), [""; 0], "{report}");
    assert_eq!(asked_for_objects(world), 2);
}

#[test]
fn a_usual_run_asks_the_forge_for_no_objects() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, &labels("merged"));
    with_policy_here(world);
    assert_eq!(world.report(&["run"])["verdict"], "done");
    assert_eq!(labels_of_newest(world), ["merged"]);
    assert_eq!(asked_for_objects(world), 0);
}

#[test]
fn what_the_forge_gives_is_compared_with_its_id() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, &labels("merged"));
    with_policy_here(world);
    let entry = |mode: &str, id: &str| json!({"tree": [{"path": ".sendoff.toml", "mode": mode, "sha": id}], "truncated": false});
    let id = "1".repeat(40);
    for (answers, expected) in [
        // Another content under the id.
        (
            vec![entry("100644", &id), labels("evil").into()],
            "has another hash",
        ),
        // An id that is none.
        (
            vec![entry("100644", "../../../x")],
            "names no object for the policy",
        ),
        (
            vec![entry("100644", &"1".repeat(64))],
            "names no object for the policy",
        ),
        (vec![json!("<html>")], "is not the JSON that was expected"),
    ] {
        let _server = without_objects(world);
        answer_for_objects(world, answers);
        let report = world.report(&["run"]);
        let held = step(&report, "pr-create");
        assert_eq!(held["reason"], "policy-unavailable", "{report}");
        let summary = held["summary"].as_str().unwrap();
        assert!(summary.contains(expected), "{summary}");
        assert!(world.forge.pulls().is_empty());
    }
    // The control.
    let _server = without_objects(world);
    world.report(&["run"]);
    assert_eq!(labels_of_newest(world), ["merged"]);
}

#[test]
fn a_link_in_the_place_of_the_policy_is_none() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, &labels("merged"));
    let other = world.sandbox.path("other");
    std::fs::rename(other.join(".sendoff.toml"), other.join("target.toml")).unwrap();
    std::os::unix::fs::symlink("target.toml", other.join(".sendoff.toml")).unwrap();
    world.sandbox.git(&other, &["add", "--all"]);
    world.sandbox.git(&other, &["commit", "-qm", "Link"]);
    world.sandbox.git(&other, &["push", "-q", "origin", "main"]);
    with_policy_here(world);
    let _server = without_objects(world);
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    assert_eq!(labels_of_newest(world), [""; 0]);
    assert_eq!(asked_for_objects(world), 1);
}

/// Lets ssh lead to the server's repositories, and log each connection.
fn over_ssh(world: &World) {
    let served = world.sandbox.path("served");
    let log = world.sandbox.path("ssh.log");
    let script = format!(
        "#!/bin/sh\nfor last; do :; done\ncase $last in git-*) ;; *) exit 1 ;; esac\n\
         service=${{last%% *}}\npath=${{last#*\\'}}\n\
         echo \"$service\" >> {}\nexec $service {}\"${{path%\\'}}\"\n",
        log.display(),
        served.display()
    );
    let ssh = world.sandbox.executable("fake-ssh", &script);
    let command = [
        "config",
        "--global",
        "core.sshCommand",
        ssh.to_str().unwrap(),
    ];
    world.sandbox.git(world.work(), &command);
    world.point_to("ssh://git.example.test/acme/rocket.git");
    world.user_policy_with_git_at("https://git.example.test", "");
}

fn connections(world: &World) -> Vec<String> {
    let log = std::fs::read_to_string(world.sandbox.path("ssh.log")).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

#[test]
fn over_ssh_the_forge_is_asked_instead_of_another_connection() {
    supervise!();
    let world = &World::new();
    policy_on_server(world, &labels("old"));
    with_policy_here(world);
    over_ssh(world);
    let report = world.report(&["run"]);
    assert_eq!(report["verdict"], "done", "{report}");
    assert_eq!(labels_of_newest(world), ["old"]);
    // Where HEAD is, and the push; no third one for objects.
    assert_eq!(connections(world), ["git-upload-pack", "git-receive-pack"]);
    // The push hears of another policy though it has one connection only.
    world.commit("more.txt", "more", "Add more");
    let protecting = "[branches]\nprotected = [\"feature/x\"]\n";
    policy_on_server(world, protecting);
    let report = world.report(&["run"]);
    let push = step(&report, "push");
    assert_eq!(push["reason"], "protected-branch", "{report}");
}
