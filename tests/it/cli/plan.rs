//! `sendoff plan` and `--dry-run`: what would run, and no side effect at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::published_schema::assert_fits;
use crate::world::{World, step};

/// Reads every file below a directory.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Takes out of a plan what differs from run to run.
fn shown(world: &World, plan: &str) -> String {
    let commits = ["log", "--format=%h", "--abbrev=8", "main.."];
    let commits = world.sandbox.git(world.work(), &commits);
    let plan = world.normalise(plan);
    commits
        .lines()
        .fold(plan, |plan, commit| plan.replace(commit, "[COMMIT]"))
}

#[test]
fn a_plan_changes_nothing_and_asks_nobody() {
    let world = World::new();
    for arguments in [
        &["plan"][..],
        &["plan", "--json"],
        &["run", "--dry-run"],
        &["plan", "post-commit"],
    ] {
        let before = files(&world.sandbox.path(""));
        let said = world.run(arguments);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(!said.stdout.is_empty());
        assert_eq!(
            files(&world.sandbox.path("")),
            before,
            "{arguments:?} wrote something"
        );
    }
    assert!(world.git.log().is_empty());
    assert!(world.forge.log().is_empty());
    assert!(world.platform.log().is_empty());
}

#[test]
fn a_plan_says_what_would_run_and_where_to() {
    let world = World::new();
    let said = world.run(&["plan", "--set", "branches.base=main"]);
    insta::assert_snapshot!(shown(&world, &said.stdout));
}

#[test]
fn a_plan_fits_its_published_schema() {
    let world = World::new();
    for arguments in [
        &["plan"][..],
        &["plan", "pre-task"],
        &["plan", "--set", "branches.protected=[\"feature/*\"]"],
        &["run", "--dry-run"],
    ] {
        let plan = world.report(arguments);
        assert_fits("plan", &plan);
        assert_eq!(plan["schema"], "sendoff.plan/1");
    }
}

#[test]
fn a_plan_tells_the_pull_request_that_a_run_opens() {
    for (trigger, draft) in [("manual", false), ("claude-code", true)] {
        let world = World::new();
        world.user_policy("[branches]\nbase = \"main\"\n");
        let plan = world.report(&["plan", "--trigger", trigger]);
        let steps: Vec<&Value> = plan["groups"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|group| group.as_array().unwrap())
            .collect();
        let step = steps
            .iter()
            .find(|step| step["name"] == "pr-create")
            .unwrap();
        world.report(&["run", "--trigger", trigger]);
        let pull = &world.forge.pulls()[0];
        let opened = json!({"title": pull.title, "base": pull.base, "draft": pull.draft});
        assert_eq!(step["expects"], opened);
        assert_eq!(pull.draft, draft);
    }
}

#[test]
fn a_plan_leaves_out_what_a_run_leaves_out() {
    let world = World::new();
    let plan = |arguments: &[&str]| world.run_in(&world.work(), arguments, &[]).stdout;
    assert!(!plan(&["plan"]).contains("memory-commit"));
    assert!(plan(&["plan", "-v"]).contains("memory-commit"));
    assert!(!plan(&["run", "--dry-run"]).contains("memory-commit"));
    assert!(plan(&["run", "--dry-run", "-v"]).contains("memory-commit"));
}

#[test]
fn a_plan_says_why_nothing_would_be_pushed() {
    let world = World::new();
    world.sandbox.git(world.work(), &["switch", "-q", "main"]);
    let said = world.run_in(&world.work(), &["plan", "post-task"], &[]);
    insta::assert_snapshot!(world.normalise(&said.stdout));
}

#[test]
fn a_plan_lists_only_what_the_remotes_branch_lacks() {
    let world = World::new();
    let plan = ["plan", "post-commit", "--set", "branches.base=main"];
    world.run(&["step", "push"]);
    insta::assert_snapshot!(shown(&world, &world.run(&plan).stdout), @r"
    plan: post-commit (trigger: manual)
    in       [ROOT]/clone
    branch   feature/x, base main
    push to  [GIT]/acme/rocket.git
             the remote has the branch already, as of the last push or fetch
      1. run  push
      2. run  pr-create
              title: Add the first file
              base: main
              draft: no
    ");
    world.commit("b.txt", "new\n", "Add what is not pushed");
    insta::assert_snapshot!(shown(&world, &world.run(&plan).stdout), @r"
    plan: post-commit (trigger: manual)
    in       [ROOT]/clone
    branch   feature/x, base main
    push to  [GIT]/acme/rocket.git
             [COMMIT] Add what is not pushed
      1. run  push
      2. run  pr-create
              title: Add the first file
              base: main
              draft: no
    ");
    // What is here is there, and more, which was taken back here.
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    git(&["update-ref", "refs/remotes/origin/feature/x", "HEAD"]);
    git(&["reset", "-q", "--hard", "HEAD~1"]);
    let said = world.run(&["plan", "--json", "--set", "branches.base=main"]);
    let plan: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(plan["already_pushed"], true, "{plan}");
    assert_eq!(plan["commits"], serde_json::json!([]));
    assert_eq!(plan["notes"][0]["code"], "diverged", "{plan}");
    let behind = "the remote has all of it, and more: git pull --ff-only origin feature/x";
    let there = git(&["rev-parse", "refs/remotes/origin/feature/x"]);
    let advice = format!(
        "{behind}; or, if that was taken back on purpose: git push --force-with-lease=feature/x:{there} origin feature/x"
    );
    assert_eq!(plan["notes"][0]["advice"], advice);
    // Somebody else pushed, and it was fetched.
    git(&["reflog", "expire", "--expire=now", "--all"]);
    let said = world.run(&["plan", "--json", "--set", "branches.base=main"]);
    let plan: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(plan["notes"][0]["advice"], behind);
    // Where nothing is known of the remote's branch, all of it would leave.
    git(&["update-ref", "-d", "refs/remotes/origin/feature/x"]);
    let said = world.run(&["plan", "--json", "--set", "branches.base=main"]);
    let plan: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(plan["already_pushed"], false, "{plan}");
    assert_eq!(plan["commits"].as_array().unwrap().len(), 2);
}

#[test]
fn a_plan_says_that_the_remotes_branch_has_commits_that_are_not_here() {
    let world = World::new();
    world.run(&["step", "push"]);
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    // It was rewritten here after it was pushed.
    let there = git(&["rev-parse", "HEAD"]);
    git(&["reset", "-q", "--hard", "HEAD~1"]);
    world.commit("b.txt", "other\n", "Add something else");
    let plan = ["plan", "post-commit", "--set", "branches.base=main"];
    let said = world.run(&plan).stdout.replace(&there, "[THERE]");
    insta::assert_snapshot!(shown(&world, &said), @r"
    plan: post-commit (trigger: manual)
    in       [ROOT]/clone
    branch   feature/x, base main
    push to  [GIT]/acme/rocket.git
             [COMMIT] Add something else
      1. run  push
      2. run  pr-create
              title: Add the first file
              base: main
              draft: no
    note     feature/x on origin has 1 commit that feature/x here has not, as far as the last push or fetch tells: the push would fail as diverged
             -> it was rewritten here after it was pushed: git push --force-with-lease=feature/x:[THERE] origin feature/x
    ");
    let json: Value =
        serde_json::from_str(&world.run(&["plan", "post-commit", "--json"]).stdout).unwrap();
    assert_eq!(json["notes"][0]["code"], "diverged");
    // That is what a run finds.
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(step(&report, "push")["reason"], "diverged", "{report}");
    // What pushes nothing does not speak of it.
    for arguments in [
        &["plan", "pre-task"][..],
        &["plan", "post-commit", "--set", "steps.push.enabled=false"],
    ] {
        let said = world.run(arguments).stdout;
        assert!(!said.contains("diverged"), "{said}");
    }
    // The remote's branch went back to what is here.
    git(&["update-ref", "refs/remotes/origin/feature/x", "HEAD~1"]);
    let said = world.run(&plan).stdout;
    assert!(!said.contains("diverged"), "{said}");
}

#[test]
fn a_plan_knows_that_there_is_no_forge_or_no_token() {
    let world = World::new();
    world.sandbox.write(
        "home/.config/sendoff/policy.toml",
        "[branches]\nbase = \"main\"\n",
    );
    let said = world.run(&["plan", "post-commit"]);
    insta::assert_snapshot!(shown(&world, &said.stdout), @r"
    plan: post-commit (trigger: manual)
    in       [ROOT]/clone
    branch   feature/x, base main
    push to  [GIT]/acme/rocket.git
             [COMMIT] Add the first file
             [COMMIT] Add a line to it
      1. run  push
      2. skip pr-create (no-forge)
              no forge is known for 127.0.0.1
              -> set `forge.kind` and `forge.api-url` in the user's policy
    ");
    world.user_policy("");
    let said = world.run_in(&world.work(), &["plan", "post-commit"], &[]);
    insta::assert_snapshot!(shown(&world, &said.stdout), @r"
    plan: post-commit (trigger: manual)
    in       [ROOT]/clone
    branch   feature/x, the base is asked for at run time
    push to  [GIT]/acme/rocket.git
             [COMMIT] Add the first file
             [COMMIT] Add a line to it
      1. run  push
      2. skip pr-create (no-token)
              there is no token for the forge
              -> set SENDOFF_TOKEN, or configure a git credential helper for its host
    ");
    // A helper may know one: it is asked by the run and not by the plan.
    let helper = "[credential]\n\thelper = \"!touch $HOME/asked; false\"\n";
    world.sandbox.write("home/.config/git/config", helper);
    let said = world.run_in(&world.work(), &["plan", "post-commit"], &[]);
    assert!(said.stdout.contains("run  pr-create"), "{}", said.stdout);
    assert!(!world.sandbox.path("home/asked").exists());
}

/// Changes a world in a way that makes steps be skipped.
type Change = fn(&World);

#[test]
fn what_a_plan_skips_a_run_skips_in_the_same_words() {
    let worlds: [(&str, Change); 6] = [
        ("no-forge", |world| {
            world.sandbox.write("home/.config/sendoff/policy.toml", "");
        }),
        ("no-token", |world| {
            world.user_policy("[platform]\nurl = \"http://127.0.0.1:9\"\n");
        }),
        ("protected-branch", |world| {
            world.sandbox.git(world.work(), &["switch", "-q", "main"]);
        }),
        ("policy-error", |world| world.user_policy("nonsense = 1\n")),
        ("disabled", |world| {
            world.user_policy("[steps.push]\nenabled = false\n");
        }),
        ("no-platform", |world| {
            world.user_policy("[steps.heartbeat-clear]\nenabled = false\n");
        }),
    ];
    for (reason, change) in worlds {
        let world = World::new();
        world.point_to(&format!("{}/acme/rocket.git", world.url_with_login()));
        change(&world);
        let json = |arguments: &[&str]| -> Value {
            let said = world.run_in(&world.work(), arguments, &[]);
            serde_json::from_str(&said.stdout).unwrap()
        };
        let plan = json(&["plan", "--json"]);
        let report = json(&["run", "--json"]);
        let groups = plan["groups"].as_array().unwrap();
        let steps = groups.iter().flat_map(|group| group.as_array().unwrap());
        let skipped: Vec<_> = steps.filter(|step| step["runs"] == false).collect();
        assert!(
            skipped.iter().any(|planned| planned["reason"] == reason),
            "{reason}: {plan}"
        );
        for planned in skipped {
            let done = step(&report, planned["name"].as_str().unwrap());
            assert_eq!(done["verdict"], "skipped", "{report}");
            assert_eq!(done["reason"], planned["reason"], "{reason}: {done}");
            assert_eq!(done["summary"], planned["why"], "{reason}");
            assert_eq!(done["advice"], planned["advice"], "{reason}");
        }
    }
}

#[test]
fn a_plan_as_json_has_a_version() {
    let world = World::new();
    let said = world.run(&["plan", "--json"]);
    let plan: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(plan["schema"], "sendoff.plan/1");
    assert_eq!(plan["groups"][0][2]["name"], "push");
    assert_eq!(plan["groups"][0][2]["runs"], true);
}

#[test]
fn a_plan_says_what_the_policy_has_the_push_do_besides() {
    let world = World::new();
    world.user_policy(
        "[branches]\nbase = \"main\"\n[limits]\nhook-timeout = \"90s\"\n\
         [steps.push]\noptions = [\"ci.skip\", \"topic=x\"]\nset-upstream = true\n",
    );
    std::fs::write(world.work().join(".gitmodules"), "").unwrap();
    world
        .sandbox
        .executable("clone/.git/hooks/pre-push", "#!/bin/sh\n");
    let push = |arguments: &[&str]| {
        let said = world.run(arguments);
        let plan: Value = serde_json::from_str(&said.stdout).unwrap();
        let lines = plan["groups"][0][2]["details"].as_array().unwrap().clone();
        let lines: Vec<&str> = lines.iter().map(|line| line.as_str().unwrap()).collect();
        world.normalise(&lines.join("\n"))
    };
    insta::assert_snapshot!(push(&["plan", "--json"]), @r"
    runs the pre-push hook [ROOT]/clone/.git/hooks/pre-push first, for at most 90s (limits.hook-timeout)
    checks first that the submodules are pushed (steps.push.submodules)
    tells the server's hooks: ci.skip, topic=x (steps.push.options)
    makes the pushed branch the upstream of the local one (steps.push.set-upstream)
    ");
    insta::assert_snapshot!(push(&["plan", "--json", "--trigger", "executor", "--set", "steps.push.submodules=ignore"]), @r"
    the pre-push hook was skipped: an agent asked for the push (steps.push.hooks)
    does not look whether the submodules are pushed (steps.push.submodules)
    tells the server's hooks: ci.skip, topic=x (steps.push.options)
    makes the pushed branch the upstream of the local one (steps.push.set-upstream)
    ");
    let text = world.run(&["plan"]).stdout;
    assert!(
        text.contains(
            "          tells the server's hooks: ci.skip, topic=x (steps.push.options)\n"
        ),
        "{text}"
    );
}
