//! Pull requests of a fork: a person's go to the repository that it is a fork of, an agent's where the policy says.

use sendoff::demo::forge_server::{Branches, ForgeServer, KeptPull, Repository};
use serde_json::Value;

use crate::sandbox::succeed;
use crate::world::{TOKEN, World, block, step};

/// A clone of `me/rocket`, a fork of `acme/rocket`, which is the remote `upstream`.
pub(crate) struct Fork(pub(crate) World);

fn sh(world: &World, script: &str) {
    let mut sh = world.sandbox.command("sh");
    sh.current_dir(world.sandbox.path(""));
    succeed(sh.args(["-euc", script]));
}

impl Fork {
    pub(crate) fn new() -> Self {
        Self::with_remote("upstream")
    }

    fn with_remote(name: &str) -> Self {
        let mut world = World::new();
        let script = "mkdir served/me && git clone -q --bare served/acme/rocket.git served/me/rocket.git && \
             git -C served/me/rocket.git config http.receivepack true";
        sh(&world, script);
        let mut upstream = Repository::new("acme", "rocket");
        upstream.branches = Branches::Bare(world.bare());
        let mut fork = Repository::new("me", "rocket");
        fork.branches = Branches::Bare(world.sandbox.path("served/me/rocket.git"));
        fork.fork_of = Some(upstream.full_name());
        world.forge = ForgeServer::start(Some(TOKEN), [upstream, fork]).unwrap();
        world.user_policy("");
        world.point_to(&format!("{}/me/rocket.git", world.git.url()));
        let url = format!("{}/acme/rocket.git", world.git.url());
        world
            .sandbox
            .git(world.work(), &["remote", "add", name, &url]);
        Self(world)
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.0.sandbox.git(self.0.work(), arguments)
    }

    /// The one pull request that is open.
    pub(crate) fn pull(&self, report: &Value) -> KeptPull {
        let pulls = self.0.forge.pulls();
        assert_eq!(pulls.len(), 1, "{report}");
        assert_eq!(pulls[0].head_repository, "me/rocket");
        assert_eq!(pulls[0].head, "feature/x");
        pulls[0].clone()
    }

    fn opened_in(&self, arguments: &[&str]) -> (String, Value) {
        let report = self.0.report(arguments);
        (self.pull(&report).repository, report)
    }
}

const AGENT: &[&str] = &["run", "--trigger", "executor"];

#[test]
fn a_persons_pull_request_goes_to_the_repository_of_upstream() {
    let fork = Fork::new();
    let (place, report) = fork.opened_in(&["run"]);
    assert_eq!(place, "acme/rocket");
    assert_eq!(fork.pull(&report).title, "Add the first file");
    // It is closed by the undoing of the run, and opened again.
    let said = fork.0.run(&["undo", "--yes"]);
    let text = said.stdout + &said.stderr;
    assert!(fork.0.forge.pulls().is_empty(), "{text}");
    fork.opened_in(&["run"]);
    // It is found the next time.
    fork.0.commit("b.txt", "b\n", "Add another file");
    let report = fork.0.report(&["run"]);
    let found = step(&report, "pr-create");
    assert_eq!(found["outputs"]["action"], "found", "{report}");
    fork.pull(&report);
}

#[test]
fn the_plan_says_where_the_pull_request_goes() {
    let fork = Fork::new();
    let said = fork.0.run(&["plan"]);
    let line = "opens it in acme/rocket, the repository of the remote upstream, from the branch in me/rocket";
    assert!(said.stdout.contains(line), "{}{}", said.stdout, said.stderr);
}

#[test]
fn the_mark_of_gh_counts_above_the_name_upstream() {
    let fork = Fork::with_remote("parent");
    let (place, _) = fork.opened_in(&["run"]);
    assert_eq!(place, "me/rocket");
    let fork = Fork::with_remote("parent");
    fork.git(&["config", "remote.parent.gh-resolved", "base"]);
    let (place, _) = fork.opened_in(&["run"]);
    assert_eq!(place, "acme/rocket");
    // The fork itself was chosen.
    let fork = Fork::new();
    fork.git(&["config", "remote.origin.gh-resolved", "base"]);
    let (place, _) = fork.opened_in(&["run"]);
    assert_eq!(place, "me/rocket");
}

#[test]
fn an_agents_pull_request_stays_in_the_fork_and_the_note_names_the_key() {
    let fork = Fork::new();
    let (place, report) = fork.opened_in(AGENT);
    assert_eq!(place, "me/rocket");
    let opened = step(&report, "pr-create")["outputs"]["warnings"].to_string();
    assert!(opened.contains("steps.pr-create.remote = "), "{report}");
    // The note, obeyed.
    let fork = Fork::new();
    fork.0
        .user_policy("[steps.pr-create]\nremote = \"upstream\"\n");
    let (place, report) = fork.opened_in(AGENT);
    assert_eq!(place, "acme/rocket", "{report}");
    assert!(
        !report.to_string().contains("steps.pr-create.remote"),
        "{report}"
    );
}

#[test]
fn a_repository_cannot_choose_where_pull_requests_go() {
    let fork = Fork::new();
    let policy = "[steps.pr-create]\nremote = \"upstream\"\n";
    fork.0.sandbox.write("clone/.sendoff.toml", policy);
    let (place, _) = fork.opened_in(AGENT);
    assert_eq!(place, "me/rocket");
}

#[test]
fn a_policy_can_keep_a_persons_pull_requests_in_the_fork() {
    let fork = Fork::new();
    fork.0
        .user_policy("[steps.pr-create]\nremote = \"origin\"\n");
    let (place, report) = fork.opened_in(&["run"]);
    assert_eq!(place, "me/rocket");
    assert!(!report.to_string().contains("upstream"), "{report}");
}

#[test]
fn a_target_that_the_policy_does_not_list_is_left_alone_and_the_advice_works() {
    let fork = Fork::new();
    let (own, theirs) = (
        format!("{}/me/**", fork.0.git.url()),
        format!("{}/acme/**", fork.0.git.url()),
    );
    let only = |more: &str| format!("[remotes]\nallowed = [\"{own}\"{more}]\n");
    fork.0.user_policy(&only(""));
    let (place, report) = fork.opened_in(&["run"]);
    assert_eq!(place, "me/rocket");
    assert!(
        report.to_string().contains("steps.pr-create.remote"),
        "{report}"
    );

    let fork_policy =
        |more: &str| format!("{}[steps.pr-create]\nremote = \"upstream\"\n", only(more));
    fork.0.forge.close(fork.pull(&report).number);
    fork.0.user_policy(&fork_policy(""));
    fork.0.commit("b.txt", "b\n", "Add another file");
    let report = fork.0.report(&["run"]);
    let held = step(&report, "pr-create");
    assert_eq!(held["reason"], "remote-not-allowed", "{report}");
    let advice = held["advice"].as_str().unwrap();
    assert!(
        advice.contains("add its URL to `remotes.allowed`"),
        "{advice}"
    );
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    fork.0.user_policy(&fork_policy(&format!(", \"{theirs}\"")));
    let (place, _) = fork.opened_in(&["run"]);
    assert_eq!(place, "acme/rocket");
}

#[test]
fn a_remote_of_another_host_is_no_target_and_the_advice_works() {
    let fork = Fork::new();
    fork.git(&[
        "remote",
        "set-url",
        "upstream",
        "https://elsewhere.example/acme/rocket",
    ]);
    let (place, _) = fork.opened_in(&["run"]);
    assert_eq!(place, "me/rocket");

    let fork = Fork::new();
    fork.git(&[
        "remote",
        "set-url",
        "upstream",
        "https://elsewhere.example/acme/rocket",
    ]);
    fork.0
        .user_policy("[steps.pr-create]\nremote = \"upstream\"\n");
    let report = fork.0.report(&["run"]);
    let held = step(&report, "pr-create");
    assert_eq!(held["reason"], "no-forge", "{report}");
    let said = held["summary"].as_str().unwrap();
    assert!(
        said.contains("they are not repositories of one forge"),
        "{said}"
    );
    let advice = held["advice"].as_str().unwrap();
    assert!(advice.contains("leave it at \"auto\""), "{advice}");
    fork.0.user_policy("[steps.pr-create]\nremote = \"auto\"\n");
    let (place, _) = fork.opened_in(&["run"]);
    assert_eq!(place, "me/rocket");
}

#[test]
fn a_remote_that_is_not_there_is_named_and_the_push_goes_out() {
    let fork = Fork::new();
    fork.0
        .user_policy("[steps.pr-create]\nremote = \"nobody\"\n");
    let report = fork.0.report(&["run"]);
    let held = step(&report, "pr-create");
    assert!(held.to_string().contains("nobody"), "{report}");
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}

#[test]
fn the_commits_are_those_that_the_target_lacks() {
    let fork = Fork::new();
    // The fork's base is behind the target's, where the branch begins.
    let script = "cd clone && git switch -q main && git commit -q --allow-empty -m Theirs && \
         git push -q ../served/acme/rocket.git main && git update-ref refs/remotes/upstream/main main && \
         git switch -q -c newer && git commit -q --allow-empty -m Mine";
    sh(&fork.0, script);
    let report = fork.0.report(&["run"]);
    let pulls = fork.0.forge.pulls();
    assert_eq!(pulls.len(), 1, "{report}");
    assert_eq!(
        (pulls[0].repository.as_str(), pulls[0].title.as_str()),
        ("acme/rocket", "Mine")
    );
    assert_eq!(block(&pulls[0].body), "- Mine\n");
}
