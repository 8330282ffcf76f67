//! `sendoff undo`: only what a run of this machine pushed, only where it is there still, and its pull request.

use serde_json::json;

use crate::push::prompted::Terminal;
use crate::world::{World, step};

use super::somebody_pushes;

fn shipped() -> (World, String) {
    let world = World::new();
    let report = world.report(&["run", "post-commit"]);
    let run = report["run_id"].as_str().unwrap().to_owned();
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    (world, run)
}

#[test]
fn the_push_and_the_pull_request_of_a_run_are_taken_back() {
    let (world, run) = shipped();
    let said = world.run(&["undo", "--dry-run"]);
    let tip = world.tip("feature/x");
    let wanted = format!(
        "delete feature/x at [GIT]/acme/rocket.git, where it is at {} still\nclose the pull request [FORGE]/acme/rocket/pull/1\n",
        &tip[..8]
    );
    assert_eq!(
        (world.normalise(&said.stdout), said.code),
        (wanted.clone(), Some(0))
    );
    let planned = world.run(&["undo", "--dry-run", "--json"]).report();
    assert_eq!(
        (&planned["run_id"], &planned["branch"]),
        (&json!(run), &json!("feature/x"))
    );
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(planned["plan"], json!(lines));
    // Nobody is there to be asked: nothing is done, and the advice holds.
    let said = world.run(&["undo"]);
    let advice = format!("nothing is done; to do it: sendoff undo {run} --yes\n");
    assert_eq!(
        (world.normalise(&said.stderr), said.code),
        (format!("{wanted}{advice}"), Some(64))
    );
    assert_eq!(
        (world.tip("feature/x"), world.forge.pulls().len()),
        (tip, 1)
    );
    let said = world.run(&["undo", &run, "--yes"]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert_eq!(
        (world.tip("feature/x").as_str(), world.forge.pulls().len()),
        ("", 0)
    );
    let tracking = ["for-each-ref", "refs/remotes/origin/feature"];
    assert_eq!(world.sandbox.git(world.work(), &tracking), "");
    // It is in the history, and a second time there is nothing left to do.
    let history = world.run(&["history"]).stdout;
    assert!(
        history.lines().next().unwrap().ends_with("undo  feature/x"),
        "{history}"
    );
    let again = world.run(&["undo", &run, "--yes", "--json"]).report();
    assert_eq!(again["verdict"], "done", "{again}");
    assert_eq!(step(&again, "push-undo")["outputs"]["action"], "up-to-date");
    // The branch here is as it was, and can be shipped again.
    assert_eq!(world.run(&["run", "post-commit"]).code, Some(0));
    assert_eq!(world.forge.pulls().len(), 1);
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    assert_eq!(world.tip("feature/x"), head);
}

#[test]
fn a_branch_that_was_there_before_is_moved_back() {
    let (world, first) = shipped();
    let before = world.tip("feature/x");
    world.commit("c.txt", "more\n", "Add more");
    let report = world.report(&["run", "post-commit"]);
    let second = report["run_id"].as_str().unwrap();
    // The first run's push is under the second one's.
    let said = world.run(&["undo", &first, "--yes", "--json"]);
    let refused = said.report();
    let line = step(&refused, "push-undo");
    assert_eq!(
        (&line["verdict"], &line["reason"], said.code),
        (&json!("failed"), &json!("lease-broken"), Some(1)),
        "{refused}"
    );
    assert_eq!(step(&refused, "pr-close")["reason"], "needs");
    assert_eq!(world.forge.pulls().len(), 1);
    let advice = line["advice"].as_str().unwrap();
    assert!(
        advice.starts_with("a later push moved feature/x: undo a later run"),
        "{advice}"
    );
    // The advice, obeyed: the pull request is the first run's.
    assert_eq!(world.run(&["undo", second, "--yes"]).code, Some(0));
    assert_eq!(
        (world.tip("feature/x"), world.forge.pulls().len()),
        (before, 1)
    );
    assert_eq!(world.run(&["undo", &first, "--yes"]).code, Some(0));
    assert_eq!(
        (world.tip("feature/x").as_str(), world.forge.pulls().len()),
        ("", 0)
    );
}

#[test]
fn what_somebody_else_pushed_stays() {
    let (world, _) = shipped();
    let theirs = somebody_pushes(&world);
    assert_eq!(world.run(&["undo", "--yes"]).code, Some(1));
    assert_eq!(
        (world.tip("feature/x"), world.forge.pulls().len()),
        (theirs, 1)
    );
}

#[test]
fn a_protected_branch_is_never_taken_back() {
    let (world, _) = shipped();
    let tip = world.tip("feature/x");
    world.user_policy("[branches]\nprotected = [\"feature/*\"]\n");
    let report = world.run(&["undo", "--yes", "--json"]).report();
    assert_eq!(
        (
            &step(&report, "push-undo")["reason"],
            &report["exit_code"],
            &report["verdict"]
        ),
        (&json!("protected-branch"), &json!(1), &json!("failed")),
        "{report}"
    );
    assert_eq!(world.tip("feature/x"), tip);
    world.user_policy("");
    // Nor the branch that the remote's HEAD names by now.
    world.sandbox.git(
        world.bare(),
        &["symbolic-ref", "HEAD", "refs/heads/feature/x"],
    );
    let report = world.run(&["undo", "--yes", "--json"]).report();
    assert_eq!(step(&report, "push-undo")["verdict"], "failed", "{report}");
    assert_eq!(
        (world.tip("feature/x"), world.forge.pulls().len()),
        (tip, 1)
    );
}

#[test]
fn what_cannot_be_taken_back_is_told() {
    let (world, run) = shipped();
    let said = |arguments: &[&str]| {
        let said = world.run(arguments);
        assert_eq!(said.code, Some(64), "{}", said.stderr);
        said.stderr.trim_end().to_owned()
    };
    assert_eq!(
        said(&["undo", "nothing"]),
        "no run that was kept has an id that begins with `nothing`; `sendoff history` lists them"
    );
    assert_eq!(world.run(&["undo", &run, "--yes"]).code, Some(0));
    let history = world.run(&["history", "--json"]).stdout;
    let undo: serde_json::Value = serde_json::from_str(history.lines().next().unwrap()).unwrap();
    let undo = undo["run_id"].as_str().unwrap();
    assert_eq!(
        said(&["undo", undo, "--yes"]),
        format!("the run {undo} is an undo: to ship the branch again, run `sendoff run`")
    );
    world
        .sandbox
        .git(world.work(), &["switch", "-q", "-c", "feature/y"]);
    assert_eq!(
        said(&["undo"]),
        "no run that pushed `feature/y` from here is kept; `sendoff history` lists those that are"
    );
    // The remote is somewhere else by now.
    let (world, _) = shipped();
    let url = format!("{}/acme/rocket.git", world.git.url());
    world.point_to(&format!("{}/acme/else.git", world.git.url()));
    let report = world.run(&["undo", "--yes", "--json"]).report();
    let line = step(&report, "push-undo");
    assert_eq!(
        (&line["verdict"], &line["reason"]),
        (&json!("failed"), &json!("remote-url"))
    );
    let advice = line["advice"].as_str().unwrap();
    let (_, command) = advice.split_once("git ").unwrap();
    let arguments: Vec<&str> = command.split(' ').collect();
    world.sandbox.git(world.work(), &arguments);
    assert!(
        world
            .sandbox
            .git(world.work(), &["remote", "get-url", "origin"])
            == url
    );
    assert_eq!(world.run(&["undo", "--yes"]).code, Some(0));
    assert_eq!(world.tip("feature/x"), "");
}

/// Guards that a server that deletes nothing keeps the pull request open, too.
#[test]
fn a_server_that_refuses_is_believed() {
    let (world, _) = shipped();
    world
        .sandbox
        .git(world.bare(), &["config", "receive.denyDeletes", "true"]);
    let said = world.run(&["undo", "--yes", "--json"]);
    let report = said.report();
    assert_eq!(
        (&step(&report, "push-undo")["verdict"], said.code),
        (&json!("failed"), Some(1)),
        "{report}"
    );
    assert_eq!(world.forge.pulls().len(), 1);
}

/// Guards that a person is asked before something is taken back, and that only a yes is one.
#[test]
fn a_person_at_a_terminal_is_asked() {
    let (world, _) = shipped();
    let tip = world.tip("feature/x");
    for answer in ["n\n", "\n", "nothing\n", "\u{4}"] {
        let asked = Terminal::new();
        let (shown, code) =
            asked.talk_to_end(world.command(&["undo"]), &[("Do it? [y/N]\r\n", answer)]);
        assert!(shown.contains("close the pull request"), "{shown}");
        assert_eq!(code, Some(64), "{answer:?}: {shown}");
        assert_eq!(world.tip("feature/x"), tip, "{answer:?}");
        assert_eq!(world.forge.pulls().len(), 1, "{answer:?}");
    }
    let asked = Terminal::new();
    let (shown, code) = asked.talk_to_end(world.command(&["undo"]), &[("Do it? [y/N]\r\n", "y\n")]);
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(world.tip("feature/x"), "");
    assert_eq!(world.forge.pulls().len(), 0);
}

/// Guards that a push to several URLs is taken back at each, and that one that moved since keeps the others' turn.
#[test]
fn a_push_to_several_urls_is_taken_back_at_each() {
    for moved in [false, true] {
        let world = World::new();
        let (bare, mirror) = (world.bare(), world.sandbox.path("served/acme/mirror.git"));
        let top = world.sandbox.path("");
        let paths = [bare.to_str().unwrap(), mirror.to_str().unwrap()];
        world
            .sandbox
            .git(&top, &["clone", "-q", "--bare", paths[0], paths[1]]);
        world
            .sandbox
            .git(&mirror, &["config", "http.receivepack", "true"]);
        let there = || {
            let tips = [
                "for-each-ref",
                "--format=%(objectname)",
                "refs/heads/feature/x",
            ];
            world.sandbox.git(&mirror, &tips)
        };
        for name in ["rocket", "mirror"] {
            let url = format!("{}/acme/{name}.git", world.git.url());
            let arguments = ["remote", "set-url", "--add", "--push", "origin", &url];
            world.sandbox.git(world.work(), &arguments);
        }
        let report = world.report(&["run", "post-commit"]);
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
        let head = world.sandbox.head(&world.work());
        assert_eq!(
            (world.tip("feature/x"), there()),
            (head.clone(), head.clone())
        );
        let said = world.run(&["undo", "--dry-run"]);
        assert_eq!(
            said.stdout.matches("delete feature/x at ").count(),
            2,
            "{}",
            said.stdout
        );
        let theirs = world.sandbox.git(&mirror, &["rev-parse", "main"]);
        if moved {
            world
                .sandbox
                .git(&mirror, &["update-ref", "refs/heads/feature/x", &theirs]);
        }
        let said = world.run(&["undo", "--yes", "--json"]);
        let report = said.report();
        let line = step(&report, "push-undo");
        assert_eq!(world.tip("feature/x"), "", "{report}");
        if moved {
            assert_eq!(there(), theirs, "{report}");
            assert_eq!(
                (&line["verdict"], said.code),
                (&json!("failed"), Some(1)),
                "{report}"
            );
        } else {
            assert_eq!(there(), "", "{report}");
            assert_eq!(
                (&line["verdict"], said.code),
                (&json!("done"), Some(0)),
                "{report}"
            );
            assert_eq!(world.forge.pulls().len(), 0);
        }
    }
}
