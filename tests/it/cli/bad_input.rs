//! Bad input: each gets a sentence that names the thing and says what to do, and what can still be
//! done is done.

use std::os::unix::fs::PermissionsExt;

use sendoff_testing::supervise;
use serde_json::Value;

use crate::world::{World, step};

/// Renders what a person is told about a step.
fn told(world: &World, step: &Value) -> String {
    let advice = step["advice"].as_str().unwrap_or("-");
    let summary = step["summary"].as_str().unwrap();
    world.normalise(&format!(
        "{}: {summary}\n-> {advice}",
        step["reason"].as_str().unwrap_or("-")
    ))
}

#[test]
fn a_bad_user_policy_stops_the_push_and_puts_messages_off() {
    supervise!();
    let world = World::new();
    world.user_policy("[branches]\nprotectd = [\"x\"]\n");
    let said = world.run_task("x");
    assert_eq!(said.code, Some(78));
    let report = said.report();
    assert_eq!(step(&report, "push")["reason"], "policy-error");
    assert_eq!(step(&report, "pr-create")["reason"], "policy-error");
    assert_eq!(step(&report, "memory-commit")["verdict"], "queued");
    assert_eq!(step(&report, "heartbeat-clear")["verdict"], "skipped");
    assert!(world.git.log().is_empty());
    insta::assert_snapshot!(world.normalise(report["notes"][0]["message"].as_str().unwrap()));
}

#[test]
fn a_user_policy_that_everybody_can_write_fails_closed() {
    supervise!();
    let world = World::new();
    let path = world.home_policy();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let said = world.run(&["run", "--json"]);
    assert_eq!(said.code, Some(78));
    assert!(world.git.log().is_empty());
    let note = said.report()["notes"][0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    insta::assert_snapshot!(world.normalise(&note));
}

#[test]
fn a_bad_repository_policy_is_left_out_and_the_work_ships() {
    supervise!();
    let world = World::new();
    for bad in [
        "[branches\n",
        "[forge]\napi-url = \"https://evil.example\"\n",
        "[limits]\ndeadline = \"1h\"\n",
    ] {
        std::fs::write(world.work().join(".sendoff.toml"), bad).unwrap();
        let said = world.run(&["run", "--json"]);
        assert_eq!(said.code, Some(0), "{}", said.stdout);
        let report = said.report();
        assert_eq!(step(&report, "push")["verdict"], "done");
        assert!(
            report["notes"].to_string().contains("policy-dropped"),
            "{report}"
        );
    }
}

#[test]
fn a_repository_policy_that_is_a_link_is_not_followed() {
    supervise!();
    let world = World::new();
    world.sandbox.write("secret", "canary = \"CANARY\"");
    std::os::unix::fs::symlink("../secret", world.work().join(".sendoff.toml")).unwrap();
    let said = world.run(&["run", "--json"]);
    assert_eq!(said.code, Some(0));
    assert!(!said.stdout.contains("CANARY"));
    assert!(said.stdout.contains("policy-dropped"), "{}", said.stdout);
}

#[test]
fn a_repository_can_protect_more_branches() {
    supervise!();
    let world = World::new();
    std::fs::write(
        world.work().join(".sendoff.toml"),
        "[branches]\nprotected = [\"feature/*\"]\n",
    )
    .unwrap();
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "push")["reason"], "protected-branch");
}

#[test]
fn a_bad_set_or_policy_file_does_nothing() {
    supervise!();
    let world = World::new();
    let file = world.sandbox.write("bad.toml", "[limits]\ndeadline = 5\n");
    for arguments in [
        &["run", "--set", "limits.deadlin=5s"][..],
        &["run", "--set", "nonsense"],
        &["run", "--policy", file.to_str().unwrap()],
        &["run", "--policy", "/no/such/policy.toml"],
        &["step", "push", "--with", "remot=x"],
    ] {
        let said = world.run(arguments);
        assert_eq!(said.code, Some(78), "{arguments:?}: {}", said.stderr);
        assert_eq!(said.stdout, "", "{arguments:?}");
        assert!(!said.stderr.is_empty());
    }
    assert!(world.git.log().is_empty() && world.platform.log().is_empty());
}

#[test]
fn the_errors_of_the_command_line_name_the_argument() {
    supervise!();
    let world = World::new();
    let said = world.run(&["run", "--set", "limits.deadlin=5s"]);
    insta::assert_snapshot!("set_unknown_key", world.normalise(&said.stderr));
    let said = world.run(&["run", "post-tsak"]);
    assert_eq!(said.code, Some(64));
    insta::assert_snapshot!("unknown_pipeline", world.normalise(&said.stderr));
    let said = world.run(&["step", "psuh"]);
    assert_eq!(said.code, Some(64));
    insta::assert_snapshot!("unknown_step", world.normalise(&said.stderr));
    let said = world.run(&["run", "--set", "limits.deadline="]);
    insta::assert_snapshot!("set_nothing", world.normalise(&said.stderr));
}

#[test]
fn a_step_that_a_broken_policy_might_have_is_the_policys_mistake() {
    supervise!();
    let world = World::new();
    world.user_policy("[steps.notify\n");
    let said = world.run(&["step", "notify"]);
    assert_eq!(said.code, Some(78), "{}", said.stderr);
}

#[test]
fn a_template_with_an_unknown_name_fails_its_step_only() {
    supervise!();
    let world = World::new();
    world.user_policy("[steps.pr-create]\ntitle = \"{{ repo.brunch }}\"\n");
    let said = world.run(&["run", "--json"]);
    assert_eq!(said.code, Some(1));
    let report = said.report();
    assert_eq!(step(&report, "push")["verdict"], "done");
    let line = step(&report, "pr-create");
    assert_eq!(line["verdict"], "failed");
    insta::assert_snapshot!(told(&world, line));
}

#[test]
fn a_remote_that_is_gone_is_told_with_advice() {
    supervise!();
    let world = World::new();
    let gone = format!("{}/acme/gone.git", world.git.url());
    world.point_to(&gone);
    let said = world.run(&["run", "--json"]);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(told(&world, step(&said.report(), "push")));
}

#[test]
fn a_remote_that_does_not_answer_is_told_with_advice() {
    supervise!();
    let world = World::new();
    world.point_to("http://127.0.0.1:9/o/r.git");
    let said = world.run(&["run", "--json"]);
    let report = said.report();
    let line = step(&report, "push");
    assert_eq!(line["verdict"], "queued");
    insta::assert_snapshot!(told(&world, line));
}

#[test]
fn a_missing_base_keeps_the_push() {
    supervise!();
    let world = World::new();
    world.user_policy("[branches]\nbase = \"no-such-base\"\n");
    let said = world.run(&["run", "--json"]);
    let report = said.report();
    assert_eq!(step(&report, "push")["verdict"], "done");
    insta::assert_snapshot!(told(&world, step(&report, "pr-create")));
}

#[test]
fn without_a_token_the_pull_request_is_skipped_with_advice() {
    supervise!();
    let world = World::new();
    world.point_to(&format!("{}/acme/rocket.git", world.url_with_login()));
    let said = world.run_in(&world.work(), &["run", "--json"], &[]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    let report = said.report();
    assert_eq!(step(&report, "push")["verdict"], "done");
    insta::assert_snapshot!(told(&world, step(&report, "pr-create")));
    let said = world.run_in(&world.work(), &["run"], &[]);
    assert!(
        said.stdout.contains("there is no token for the forge\n")
            && said.stdout.contains("-> set SENDOFF_TOKEN"),
        "{}",
        said.stdout
    );
    assert!(
        !said.stdout.contains("platform"),
        "nobody expects one: {}",
        said.stdout
    );
}

#[test]
fn a_platform_that_refuses_is_a_failed_step() {
    supervise!();
    let world = World::new();
    world.platform.fail_with(&[422, 422]);
    let said = world.run_task("x");
    assert_eq!(said.code, Some(1));
    let report = said.report();
    assert_eq!(step(&report, "push")["verdict"], "done");
    assert_eq!(step(&report, "memory-commit")["verdict"], "failed");
}

#[test]
fn a_bad_platform_url_is_noted() {
    supervise!();
    let world = World::new();
    let mut variables = world.variables();
    variables.retain(|(name, _)| *name != "PLATFORM_URL");
    variables.push(("PLATFORM_URL", "not a url".into()));
    let said = world.run_in(&world.work(), &["run", "--json"], &variables);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    insta::assert_snapshot!(said.report()["notes"][0]["message"].as_str().unwrap());
}

#[test]
fn a_directory_that_does_not_exist_is_a_wrong_argument() {
    supervise!();
    let world = World::new();
    let file = world.sandbox.write("file", "");
    for (directory, why) in [
        (
            "/no/such/directory",
            "No such file or directory (os error 2)",
        ),
        (file.to_str().unwrap(), "it is not a directory"),
    ] {
        for command in [
            &["step", "push"][..],
            &["policy", "show"],
            &["policy", "check"],
            &["policy", "init", "--repo"],
        ] {
            let mut arguments = command.to_vec();
            arguments.extend(["-C", directory]);
            let said = world.run(&arguments);
            assert_eq!(said.code, Some(64), "{arguments:?}");
            let wanted = format!("-C names {directory}, which cannot be used: {why}\n");
            assert_eq!(said.stderr, wanted, "{arguments:?}");
            assert_eq!(said.stdout, "", "{arguments:?}");
        }
        // What needs no directory is done: the memory of a task outlives its work tree.
        let said = world.run(&["run", "--json", "-C", directory]);
        assert_eq!(said.code, Some(64), "{}", said.stdout);
        let report = said.report();
        assert_eq!(step(&report, "heartbeat-clear")["verdict"], "done");
        assert_eq!(step(&report, "push")["reason"], "no-directory");
        let wanted = format!("-C names {directory}, which cannot be used: {why}");
        assert_eq!(report["notes"][0]["message"], *wanted);
        let said = world.run(&["plan", "-C", directory]);
        assert_eq!(said.code, Some(64), "{}", said.stdout);
        assert!(said.stdout.contains(&wanted), "{}", said.stdout);
    }
}

#[test]
fn a_directory_without_a_repository_is_a_skip() {
    supervise!();
    let world = World::new();
    let empty = world.sandbox.path("home");
    let said = world.run(&["run", "--json", "-C", empty.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(step(&said.report(), "push")["reason"], "not-a-repository");
}

#[test]
fn a_push_that_is_larger_than_the_policy_lets_out_is_stopped() {
    supervise!();
    let world = World::new();
    world.user_policy("[limits]\npush-size = \"2KB\"\n");
    let mut noise = String::new();
    for n in 0..4000_u64 {
        noise.push_str(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string());
    }
    world.commit("noise.txt", &noise, "Add noise");
    let said = world.run(&["run", "--json"]);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    assert_eq!(world.tip("feature/x"), "", "a part of it arrived");
    insta::assert_snapshot!(told(&world, step(&said.report(), "push")));
}

#[test]
fn a_silent_server_ends_at_the_deadline_and_the_rest_is_told() {
    supervise!();
    let world = World::new();
    // Connections are taken by the system and never answered.
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/o/r.git", silent.local_addr().unwrap());
    world.point_to(&url);
    let began = std::time::Instant::now();
    let said = world.run(&["run", "--json", "--set", "limits.deadline=3s"]);
    assert!(
        began.elapsed() < std::time::Duration::from_secs(30),
        "the deadline did not hold"
    );
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    let report = said.report();
    assert_eq!(step(&report, "heartbeat-clear")["verdict"], "done");
    assert_eq!(step(&report, "push")["reason"], "deadline");
    assert_eq!(step(&report, "pr-create")["reason"], "deadline");
    insta::assert_snapshot!(told(&world, step(&report, "push")));
}
