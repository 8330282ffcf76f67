//! `sendoff doctor`: what it finds, what it says to do, and that it changes nothing.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use sendoff::demo::forge_server::{ForgeServer, ProtectedBranch, ProtectedBy, Repository};
use sendoff::demo::{Answer, Fault};

use crate::program::Said;
use crate::published_schema::assert_fits;
use crate::world::{TOKEN, World};

/// Returns a check by its name.
fn check<'a>(diagnosis: &'a Value, name: &str) -> &'a Value {
    let checks = diagnosis["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {diagnosis:#}"))
}

fn doctor(world: &World) -> Said {
    world.run(&["doctor", "--json"])
}

/// Returns the result, message and advice of a check, without what differs from run to run.
fn told(world: &World, said: &Said, name: &str) -> String {
    let diagnosis = said.report();
    let check = check(&diagnosis, name);
    let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let program = assert_cmd::cargo::cargo_bin("sendoff");
    let told = format!(
        "{}: {}\n  {}",
        text("result"),
        text("message"),
        text("advice")
    );
    world.normalise(&told.replace(program.to_str().unwrap(), "[SENDOFF]"))
}

#[test]
fn everything_that_is_set_up_passes_and_nothing_is_changed() {
    let world = World::new();
    world.run(&["install", "git", "--yes"]);
    let before = world.sandbox.git(world.bare(), &["for-each-ref"]);
    let said = doctor(&world);
    let diagnosis = said.report();
    assert_eq!(said.code, Some(0), "{diagnosis:#}{}", said.stderr);
    assert_eq!(diagnosis["schema"], "sendoff.doctor/1");
    assert_eq!(diagnosis["ok"], true);
    let names: Vec<&str> = diagnosis["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "switch",
            "policy",
            "repository",
            "state",
            "store",
            "disk",
            "clock",
            "hook.sendoff",
            "post-commit",
            "remote",
            "login",
            "base",
            "forge",
            "platform"
        ]
    );
    for check in diagnosis["checks"].as_array().unwrap() {
        assert_eq!(check["result"], "pass", "{check:#}");
    }
    assert!(
        check(&diagnosis, "remote")["message"]
            .as_str()
            .unwrap()
            .ends_with("answers over HTTP/1.1")
    );
    assert_eq!(world.sandbox.git(world.bare(), &["for-each-ref"]), before);
    assert!(world.forge.pulls().is_empty() && world.platform.memories().is_empty());
    assert!(world.platform.heartbeats().is_empty());
    assert_eq!(
        world.run(&["history"]).stdout,
        "",
        "a hook that is tried hands nothing over"
    );
    assert!(!said.stdout.contains(TOKEN));
}

#[test]
fn the_document_is_that_of_its_schema() {
    let world = World::new();
    assert_fits("doctor", &doctor(&world).report());
}

#[test]
fn a_hook_that_is_missing_is_named_with_the_command_that_installs_it() {
    let world = World::new();
    let said = doctor(&world);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    insta::assert_snapshot!(told(&world, &said, "post-commit"), @r"
    warn: git does not call sendoff after a commit
      sendoff install git
    ");
    world.run(&["install", "git", "--yes"]);
    insta::assert_snapshot!(told(&world, &doctor(&world), "post-commit"), @"pass: git's post-commit hook reaches [SENDOFF]");
}

#[test]
fn a_hook_that_does_not_reach_us_fails_and_the_advice_mends_it() {
    let world = World::new();
    world.run(&["install", "git", "--yes"]);
    let hook = world.work().join(".git/hooks/post-commit");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = doctor(&world);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(told(&world, &said, "post-commit"), @r"
    fail: git's post-commit hook does not reach sendoff: [ROOT]/clone/.git/hooks/post-commit is not executable
      sendoff install git --yes
    ");
    // What the advice says.
    world.run(&["install", "git", "--yes"]);
    assert_eq!(doctor(&world).code, Some(0));
    // One that ends before it calls.
    let text = std::fs::read_to_string(&hook).unwrap();
    std::fs::write(&hook, text.replacen('\n', "\nexit 0\n", 1)).unwrap();
    insta::assert_snapshot!(told(&world, &doctor(&world), "post-commit"), @r"
    fail: git's post-commit hook does not reach sendoff: [ROOT]/clone/.git/hooks/post-commit calls sendoff, and the call does not arrive
      sendoff install git --yes
    ");
}

#[test]
fn a_half_written_section_fails_and_the_advice_removes_it() {
    let world = World::new();
    world.sandbox.git(
        world.work(),
        &["config", "hook.sendoff.event", "post-commit"],
    );
    let said = doctor(&world);
    assert_eq!(said.code, Some(1), "{}", said.stdout);
    insta::assert_snapshot!(told(&world, &said, "hook.sendoff"), @r"
    fail: hook.sendoff in [ROOT]/clone/.git/config has an event and no command: git 2.54 and newer refuses to commit
      sendoff install git --yes, or: git config --file '[ROOT]/clone/.git/config' --remove-section hook.sendoff
    ");
    world.sandbox.git(
        world.work(),
        &["config", "--remove-section", "hook.sendoff"],
    );
    let half = "[hook \"sendoff\"]\n\tevent = post-commit\n";
    // The other advice, where the hooks were installed before as well.
    for _ in 0..2 {
        let config = world.work().join(".git/config");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("{text}{half}")).unwrap();
        assert_eq!(doctor(&world).code, Some(1));
        let said = world.run(&["install", "git", "--yes"]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert_eq!(doctor(&world).code, Some(0));
    }
    world.run(&["uninstall", "git", "--yes"]);
    // In the user's own file, which an installation here leaves alone.
    world.sandbox.git(
        world.work(),
        &["config", "--global", "hook.sendoff.event", "post-commit"],
    );
    insta::assert_snapshot!(told(&world, &doctor(&world), "hook.sendoff"), @r"
    fail: hook.sendoff in [ROOT]/home/.gitconfig has an event and no command: git 2.54 and newer refuses to commit
      git config --file '[ROOT]/home/.gitconfig' --remove-section hook.sendoff
    ");
    world.sandbox.git(
        world.work(),
        &["config", "--global", "--remove-section", "hook.sendoff"],
    );
    insta::assert_snapshot!(told(&world, &doctor(&world), "hook.sendoff"), @"pass: no section of git's configuration is half-written");
    world.sandbox.git(
        world.work(),
        &[
            "config",
            "hook.sendoff.command",
            "sendoff hook git-post-commit",
        ],
    );
    insta::assert_snapshot!(told(&world, &doctor(&world), "hook.sendoff"), @r"
    warn: hook.sendoff in [ROOT]/clone/.git/config has a command and no event: git never calls it
      sendoff install git --yes
    ");
}

#[test]
fn an_agents_entry_is_found_and_its_program_looked_for() {
    let world = World::new();
    let said = world.run(&["install", "claude-code", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let said = doctor(&world);
    let whole = told(&world, &said, "claude-code");
    let file = whole
        .strip_prefix("pass: ")
        .and_then(|told| told.split_once(" calls "));
    let (file, _) = file.unwrap_or_else(|| panic!("{whole}"));
    let file = file.replace("[ROOT]", world.sandbox.path("").to_str().unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    let program = assert_cmd::cargo::cargo_bin("sendoff");
    let moved = text
        .replace(program.to_str().unwrap(), "/no/such/sendoff")
        .replace("\"sendoff hook", "\"/no/such/sendoff hook");
    std::fs::write(&file, moved).unwrap();
    let said = doctor(&world);
    assert_eq!(said.code, Some(1));
    let told = told(&world, &said, "claude-code");
    assert!(
        told.contains("calls /no/such/sendoff, which is not there"),
        "{told}"
    );
    assert!(told.contains("sendoff install claude-code --yes"), "{told}");
}

/// Returns what doctor says, each check on a line.
fn lines(world: &World) -> String {
    world.normalise(&world.run(&["doctor"]).stdout)
}

#[test]
fn a_hook_that_codex_does_not_trust_is_told_until_it_does() {
    let world = World::new();
    let said = world.run(&["install", "codex", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let told = lines(&world);
    let warning = "Codex trusts no hook of [ROOT]/home/.codex/hooks.json yet, and skips what it does not trust without a word";
    assert!(
        told.contains(warning) && told.contains("-> in Codex, run `/hooks` and trust sendoff"),
        "{told}"
    );
    let place = world.sandbox.path("home/.codex/hooks.json:stop:0:0");
    let trust = format!(
        "[hooks.state.\"{}\"]\ntrusted_hash = \"sha256:00\"\n",
        place.display()
    );
    world.sandbox.write("home/.codex/config.toml", trust);
    let told = lines(&world);
    assert!(
        !told.contains("Codex trusts") && told.contains("pass  codex"),
        "{told}"
    );
}

#[test]
fn an_entry_that_two_agents_read_is_told_and_the_advice_ends_it() {
    let world = World::new();
    for install in [
        &["install", "claude-code", "--scope", "project", "--yes"][..],
        &["install", "cursor", "copilot", "--yes"],
    ] {
        let said = world.run(install);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
    }
    let twice = "each of its turns calls twice, which ships once";
    let told = lines(&world);
    assert_eq!(told.matches(twice).count(), 2, "{told}");
    for reader in ["cursor", "copilot"] {
        let advice = format!("sendoff uninstall {reader}");
        assert!(told.contains(&format!("-> {advice}")), "{told}");
        let said = world.run(&["uninstall", reader, "--yes"]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
    }
    assert!(!lines(&world).contains(twice));
}

#[test]
fn a_clock_that_is_far_from_the_forges_is_told() {
    let world = World::new();
    let details =
        serde_json::json!({"id": 1, "default_branch": "main", "permissions": {"push": true}});
    let answer = Answer::json(200, &details).header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
    world.forge.inject([Fault::Pass, Fault::Instead(answer)]);
    let told = lines(&world);
    let warning = told.lines().find(|line| line.starts_with("warn  clock"));
    assert!(
        warning.is_some_and(|line| line.ends_with("minutes ahead of the forge's")),
        "{told}"
    );
    assert!(
        !lines(&world).contains("warn  clock"),
        "the forge's own clock is this one"
    );
}

#[test]
fn a_login_that_is_missing_or_wrong_fails_without_asking_anybody() {
    let world = World::new();
    for token in ["wrong-token-0123456789", ""] {
        let mut variables = world.variables();
        variables.retain(|(name, _)| *name != "SENDOFF_TOKEN");
        variables.push(("SENDOFF_TOKEN", token.into()));
        // What would ask a person is not asked.
        variables.push(("GIT_ASKPASS", "/no/such/program".into()));
        let said = world.run_in(&world.work(), &["doctor", "--json"], &variables);
        assert_eq!(said.code, Some(1), "{}", said.stdout);
        let diagnosis = said.report();
        assert_eq!(check(&diagnosis, "remote")["result"], "pass");
        assert_eq!(
            check(&diagnosis, "login")["result"],
            "fail",
            "{diagnosis:#}"
        );
        assert!(check(&diagnosis, "login")["advice"].is_string());
        let forge = &check(&diagnosis, "forge")["result"];
        assert_eq!(forge, if token.is_empty() { "warn" } else { "fail" });
    }
}

#[test]
fn a_remote_that_is_gone_a_base_that_is_not_there_and_a_platform_that_refuses_fail() {
    let world = World::new();
    world.user_policy("[branches]\nbase = \"stagng\"\n");
    world.sandbox.write("configs/.auth_token", "another-token");
    let said = doctor(&world);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(told(&world, &said, "base"), @r"
    fail: stagng is not on the remote
      set `branches.base` in the policy to a branch that is there
    ");
    assert!(
        told(&world, &said, "platform").starts_with("fail: "),
        "{}",
        said.stdout
    );
    world.point_to("http://127.0.0.1:9/acme/rocket.git");
    let said = doctor(&world);
    assert!(
        told(&world, &said, "remote").starts_with("fail: "),
        "{}",
        said.stdout
    );
}

#[test]
fn mistakes_of_the_policy_and_of_the_state_directory_fail() {
    let world = World::new();
    world.user_policy("[limits]\ncomits = 3\n");
    let said = doctor(&world);
    insta::assert_snapshot!(told(&world, &said, "policy"), @r"
    fail: [ROOT]/home/.config/sendoff/policy.toml:2:1: `limits` has no key `comits`
      sendoff policy check
    ");
    world.user_policy("");
    let store = world.sandbox.path("home/.local/state/sendoff/store.db");
    world.run_task("paint it blue");
    assert!(store.exists());
    std::fs::write(
        &store,
        "no database, and long enough to be read as one".repeat(100),
    )
    .unwrap();
    for log in ["store.db-wal", "store.db-shm"] {
        let _absent = std::fs::remove_file(store.with_file_name(log));
    }
    let before = std::fs::read(&store).unwrap();
    let said = doctor(&world);
    assert!(
        told(&world, &said, "store").starts_with("fail: "),
        "{}",
        said.stdout
    );
    assert_eq!(
        std::fs::read(&store).unwrap(),
        before,
        "it is only looked at"
    );
}

#[test]
fn outside_of_a_repository_and_switched_off_are_warnings() {
    let world = World::new();
    let mut variables = world.variables();
    variables.push(("SENDOFF", "0".into()));
    let said = world.run_in(&world.sandbox.home(), &["doctor", "--json"], &variables);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    insta::assert_snapshot!(told(&world, &said, "repository"), @r"
    warn: there is no git repository here
      run in a work tree, or name one with -C
    ");
    insta::assert_snapshot!(told(&world, &said, "switch"), @r"
    warn: SENDOFF=0 switches sendoff off
      unset SENDOFF
    ");
}

#[test]
fn the_table_for_people_has_a_line_a_check() {
    let world = World::new();
    let said = world.run(&["doctor"]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    let line = said
        .stdout
        .lines()
        .find(|line| line.contains("hook.sendoff"));
    assert_eq!(
        line,
        Some("pass  hook.sendoff  no section of git's configuration is half-written")
    );
    assert!(
        said.stdout.contains("      -> sendoff install git\n")
            || said.stdout.contains("-> sendoff install git")
    );
}

#[test]
fn a_branch_that_the_forge_protects_is_told_and_is_no_mistake() {
    let world = World::new();
    let mut rocket = Repository::new("acme", "rocket");
    rocket.protected = vec![ProtectedBranch {
        name: "feature/x".into(),
        by: ProtectedBy::Ruleset,
    }];
    let forge = ForgeServer::start(Some(TOKEN), [rocket]).unwrap();
    world.user_policy_with_forge_at(forge.url(), "");
    let said = doctor(&world);
    let told = told(&world, &said, "forge");
    assert!(told.starts_with("pass: "), "{told}");
    assert!(
        told.contains("; it protects `feature/x` by a ruleset"),
        "{told}"
    );
}
