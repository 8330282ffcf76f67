//! `sendoff run`: the main job, end to end.

use crate::published_schema::assert_fits;
use crate::world::{World, block, step};

const TASK: &str = r#"{"schema":"sendoff.task/1","task":{"input":"paint it blue","ok":true}}"#;

#[test]
fn a_run_ships_everything_and_a_second_run_finds_it_done() {
    let world = World::new();
    let head = world.sandbox.git(world.work(), &["rev-parse", "HEAD"]);
    let said = world.run_with_input(&["run", "--input", "-", "--json"], TASK.as_bytes());
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let report = said.report();
    assert_eq!(report["schema"], "sendoff.report/1");
    assert_eq!(report["verdict"], "done");
    for name in ["memory-commit", "heartbeat-clear", "push", "pr-create"] {
        assert_eq!(step(&report, name)["verdict"], "done", "{report}");
    }
    assert_eq!(step(&report, "push")["outputs"]["action"], "created");
    assert_eq!(step(&report, "push")["outputs"]["new"], head.as_str());
    assert_eq!(world.tip("feature/x"), head);
    let pulls = world.forge.pulls();
    assert_eq!(pulls.len(), 1);
    assert_eq!(
        pulls[0].title, "Add the first file",
        "the oldest new commit's subject"
    );
    assert_eq!(
        block(&pulls[0].body),
        "- Add the first file\n- Add a line to it\n"
    );
    assert_eq!(
        (pulls[0].base.as_str(), pulls[0].head.as_str()),
        ("main", "feature/x")
    );
    assert_eq!(world.platform.memories().len(), 1);
    assert_eq!(
        world.platform.memories()[0]["content"],
        "Conversation: paint it blue"
    );
    assert_eq!(world.platform.heartbeats().len(), 1);
    assert_eq!(world.platform.heartbeats()[0]["active_tasks"], 0);
    let tracking = world.sandbox.git(
        world.work(),
        &["rev-parse", "refs/remotes/origin/feature/x"],
    );
    assert_eq!(tracking, head);
    let reflog = world.sandbox.git(
        world.work(),
        &["reflog", "-1", "refs/remotes/origin/feature/x"],
    );
    assert!(reflog.ends_with("update by push"), "{reflog}");

    let again = world.report(&["run"]);
    assert_eq!(step(&again, "push")["outputs"]["action"], "up-to-date");
    assert_eq!(step(&again, "pr-create")["outputs"]["action"], "found");
    assert_eq!(world.forge.pulls().len(), 1);
}

#[test]
fn the_report_for_people_is_a_line_a_step() {
    let world = World::new();
    let said = world.run(&["run"]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let text = world.normalise(&said.stdout);
    let head = world
        .sandbox
        .git(world.work(), &["rev-parse", "--short=8", "HEAD"]);
    insta::assert_snapshot!(text.replace(&head, "[HEAD]"));
    assert_eq!(said.stderr, "", "off a terminal nothing but the report");
}

#[test]
fn the_report_fits_its_published_schema() {
    let world = World::new();
    for arguments in [
        &["run"][..],
        &["run", "on-failure"],
        &["run", "post-commit", "--set", "forge.kind=github"],
    ] {
        assert_fits("report", &world.report(arguments));
    }
}

#[test]
fn a_failed_task_that_asks_for_post_task_runs_on_failure_as_a_draft() {
    let world = World::new();
    let task = br#"{"task":{"input":"x","ok":false}}"#;
    let said = world.run_with_input(&["run", "post-task", "--input", "-", "--json"], task);
    let report = said.report();
    assert_eq!(report["pipeline"], "on-failure");
    assert!(world.forge.pulls()[0].draft, "whoever asked");
}

#[test]
fn a_failed_task_runs_on_failure_and_ships_too() {
    let world = World::new();
    let task = br#"{"task":{"input":"x","ok":false}}"#;
    let said = world.run_with_input(
        &["run", "--trigger", "executor", "--input", "-", "--json"],
        task,
    );
    let report = said.report();
    assert_eq!(report["pipeline"], "on-failure");
    assert_eq!(step(&report, "pr-create")["outputs"]["action"], "created");
    assert!(
        world.forge.pulls()[0].draft,
        "an agent's pull request is a draft"
    );
}

#[test]
fn a_person_opens_ready_pull_requests() {
    let world = World::new();
    world.report(&["run"]);
    assert!(!world.forge.pulls()[0].draft);
}

#[test]
fn the_base_rule_that_matches_first_wins() {
    let world = World::new();
    world
        .sandbox
        .git(world.bare(), &["branch", "production", "main"]);
    world.user_policy("[[branches.rule]]\nmatch = \"feature/*\"\nbase = \"production\"\n");
    let report = world.report(&["run"]);
    assert_eq!(
        step(&report, "pr-create")["outputs"]["base"],
        "production",
        "{report}"
    );
}

#[test]
fn the_repositorys_pull_request_template_comes_first() {
    let world = World::new();
    world.commit(
        ".github/pull_request_template.md",
        "## Why\n\nBecause.\n",
        "Add a template",
    );
    world.report(&["run"]);
    let body = &world.forge.pulls()[0].body;
    assert!(body.starts_with("## Why\n\nBecause.\n\n<!-- "), "{body}");
    assert!(block(body).starts_with("- Add the first file"), "{body}");
}

#[test]
fn labels_that_cannot_be_added_are_warnings() {
    let world = World::new();
    world.user_policy("[steps.pr-create]\nlabels = [\"bug\"]\nreviewers = [\"nobody\"]\n");
    let report = world.report(&["run"]);
    let step = step(&report, "pr-create");
    assert_eq!(step["verdict"], "done", "{report}");
    assert!(
        step["outputs"]["warnings"].to_string().contains("nobody"),
        "{report}"
    );
    assert_eq!(world.forge.pulls()[0].labels, ["bug"]);
}

#[test]
fn secrets_in_the_task_reach_no_server_and_no_report() {
    let world = World::new();
    let secret = format!("ghp_{}", "a1B2".repeat(9));
    let said = world.run_task(&format!("use {secret} for it"));
    assert!(!said.stdout.contains(&secret));
    let memories = world.platform.memories();
    assert_eq!(
        memories[0]["content"],
        "Conversation: use [REDACTED] for it"
    );
}

#[test]
fn a_token_is_in_no_output_whatever_happens() {
    let world = World::new();
    world.point_to(&format!("{}/acme/none.git", world.url_with_login()));
    let said = world.run(&["run", "--json", "-v"]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    assert!(
        !said.stdout.contains(crate::world::TOKEN),
        "{}",
        said.stdout
    );
    assert!(
        !said.stderr.contains(crate::world::TOKEN),
        "{}",
        said.stderr
    );
}

#[test]
fn best_effort_exits_with_0_and_still_tells() {
    let world = World::new();
    let gone = format!("{}/acme/gone.git", world.git.url());
    world.point_to(&gone);
    let said = world.run(&["run", "--json", "--best-effort"]);
    assert_eq!(said.code, Some(0));
    let report = said.report();
    assert_eq!(report["exit_code"], 1);
    assert_eq!(step(&report, "push")["verdict"], "failed");
    assert_eq!(step(&report, "pr-create")["reason"], "needs");
    assert_eq!(step(&report, "heartbeat-clear")["verdict"], "done");
}

#[test]
fn sendoff_0_switches_it_off() {
    let world = World::new();
    let said = world.run_in(&world.work(), &["run"], &[("SENDOFF", "0".into())]);
    assert_eq!(
        (said.stdout.as_str(), said.stderr.as_str(), said.code),
        ("", "", Some(0))
    );
    assert_eq!(world.tip("feature/x"), "");
}

#[test]
fn a_token_in_a_template_or_a_commit_is_not_shown_in_the_report() {
    let world = World::new();
    world.commit("b.txt", "b", &format!("Mention {}", crate::world::TOKEN));
    world.user_policy(&format!(
        "[steps.pr-create]\nwhen = \"'{0}' == '{0}' and nonsense\"\n",
        crate::world::TOKEN
    ));
    let said = world.run(&["run", "--json", "-v"]);
    assert!(
        !said.stdout.contains(crate::world::TOKEN),
        "{}",
        said.stdout
    );
}

#[test]
fn a_task_that_is_told_twice_under_one_id_is_remembered_once() {
    let world = World::new();
    let remembered = |id: &str, input: &str| {
        let task = serde_json::json!({ "task": { "id": id, "input": input } });
        let said = world.run_with_input(
            &["run", "--input", "-", "--json"],
            task.to_string().as_bytes(),
        );
        let report = said.report();
        assert_eq!(
            step(&report, "memory-commit")["verdict"],
            "done",
            "{report}"
        );
        world.platform.memories().len()
    };
    assert_eq!(remembered("task-1", "paint it blue"), 1);
    assert_eq!(remembered("task-1", "paint it blue"), 1);
    assert_eq!(
        remembered("task-1", "paint it red"),
        2,
        "other words are not lost"
    );
    assert_eq!(remembered("task-2", "paint it blue"), 3);
}

#[test]
fn a_quiet_run_speaks_only_when_something_is_wrong() {
    let world = World::new();
    let said = world.run(&["run", "-q"]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(0), ""),
        "{}",
        said.stderr
    );
    world.user_policy("[limits]\ncomits = 3\n");
    let said = world.run(&["run", "-q"]);
    assert_eq!(said.code, Some(78));
    assert!(said.stdout.contains("comits"), "{}", said.stdout);
}

#[test]
fn the_directory_may_stand_before_the_command() {
    let world = World::new();
    let work = world.work();
    let home = world.sandbox.home();
    let arguments = ["-C", work.to_str().unwrap(), "plan", "--json"];
    let said = world.run_in(&home, &arguments, &world.variables());
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(said.report()["repo"]["branch"], "feature/x");
    let said = world.run_in(&home, &["-C", "nowhere", "plan"], &world.variables());
    assert_eq!(said.code, Some(64));
    assert!(
        said.stderr
            .starts_with("-C names nowhere, which cannot be used"),
        "{}",
        said.stderr
    );
}

#[test]
fn the_body_of_one_commit_is_the_body_of_its_pull_request() {
    let world = World::new();
    world
        .sandbox
        .git(world.work(), &["switch", "-q", "-c", "feature/one", "main"]);
    world.commit(
        "b.txt",
        "b",
        "Add b\n\nBecause a is not enough.\nAnd c is too much.",
    );
    let said = world.run(&["run"]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let pulls = world.forge.pulls();
    assert_eq!(pulls[0].title, "Add b");
    assert_eq!(
        block(&pulls[0].body).trim_end(),
        "Because a is not enough.\nAnd c is too much."
    );
}
