//! The guards about the remote: where a push may go, which branch is its default, and who chooses it.

use crate::world::World;

use super::held;

#[test]
fn a_repository_without_a_remote_is_held() {
    let world = World::new();
    world
        .sandbox
        .git(world.work(), &["remote", "remove", "origin"]);
    let (reason, text) = held(&world);
    assert_eq!(reason, "no-remote");
    insta::assert_snapshot!(text);
}

/// Guards that a remote without an address is not called absent: git says which key lacks its value, and so do we.
#[test]
fn a_remote_whose_address_has_no_value_is_held_until_it_has_one() {
    for (file, key, place, option) in [
        ("clone/.git/config", "url", "the repository's", "--local"),
        (
            "clone/.git/config",
            "pushurl",
            "the repository's",
            "--local",
        ),
        ("home/.gitconfig", "url", "the user's", "--global"),
    ] {
        let world = World::new();
        let path = world.sandbox.path(file);
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{before}[remote \"origin\"]\n\t{key}\n")).unwrap();
        let mut git = world.sandbox.command("git");
        let git = git.current_dir(world.work()).args(["push", "--dry-run"]);
        let says = String::from_utf8(git.output().unwrap().stderr).unwrap();
        let missing = format!("missing value for 'remote.origin.{key}'");
        assert!(says.contains(&missing), "{says}");
        let report = world.report(&["run"]);
        let push = crate::world::step(&report, "push");
        assert_eq!(push["reason"], "remote-url", "{report}");
        let sentence = format!("`remote.origin.{key}` in {place} git configuration has no value");
        assert_eq!(push["summary"], sentence.as_str());
        let advice = push["advice"].as_str().unwrap();
        let command =
            format!("give it one: git config {option} --replace-all remote.origin.{key} URL");
        assert_eq!(advice, command);
        // The advice, obeyed.
        let url = format!("{}/acme/rocket.git", world.git.url());
        let set = ["config", option, "--replace-all"];
        let key = format!("remote.origin.{key}");
        world
            .sandbox
            .git(world.work(), &[&set[..], &[&key, &url]].concat());
        let report = world.report(&["run"]);
        assert_eq!(
            crate::world::step(&report, "push")["verdict"],
            "done",
            "{report}"
        );
    }
}

/// Guards that nothing is pushed to `origin` where the configuration chooses nothing: git pushes nowhere.
#[test]
fn a_remote_that_is_chosen_by_an_empty_key_is_held_until_one_is_named() {
    let keys = [
        "branch.feature/x.pushRemote",
        "remote.pushDefault",
        "branch.feature/x.remote",
    ];
    for key in keys {
        let world = World::new();
        world.sandbox.git(world.work(), &["config", key, ""]);
        let mut git = world.sandbox.command("git");
        let git = git.current_dir(world.work());
        let pushed = git
            .args(["-c", "push.default=current", "push", "--dry-run"])
            .output();
        let says = String::from_utf8(pushed.unwrap().stderr).unwrap();
        assert!(says.contains("No configured push destination"), "{says}");
        let report = world.report(&["run"]);
        let push = crate::world::step(&report, "push");
        assert_eq!(push["reason"], "remote-absent", "{report}");
        let sentence = format!("`{key}` in the git configuration is empty: it chooses no remote");
        assert_eq!(push["summary"], sentence.as_str());
        let advice = push["advice"].as_str().unwrap();
        assert_eq!(advice, format!("name one with `git config {key} NAME`"));
        // The advice, obeyed.
        world.sandbox.git(world.work(), &["config", key, "origin"]);
        let report = world.report(&["run"]);
        assert_eq!(
            crate::world::step(&report, "push")["verdict"],
            "done",
            "{report}"
        );
    }
}

/// A file of configuration does not help there: the environment's counts before it.
#[test]
fn a_remote_that_the_environment_chooses_by_an_empty_key_is_held_until_one_is_named_there() {
    let world = World::new();
    let run = |value: &str| {
        let mut variables = world.variables();
        let parameters = format!("'remote.pushDefault'='{value}'");
        variables.push(("GIT_CONFIG_PARAMETERS", parameters));
        let said = world.run_in(&world.work(), &["run", "--json"], &variables);
        said.report()
    };
    let set = ["config", "remote.pushDefault", "origin"];
    world.sandbox.git(world.work(), &set);
    let report = run("");
    let push = crate::world::step(&report, "push");
    assert_eq!(push["reason"], "remote-absent", "{report}");
    assert_eq!(
        push["summary"],
        "`remote.pushDefault` in the environment's git configuration is empty: it chooses no remote"
    );
    assert_eq!(
        push["advice"],
        "name one there, as by `git -c remote.pushDefault=NAME`, or unset it there"
    );
    // The advice, obeyed.
    let report = run("origin");
    assert_eq!(
        crate::world::step(&report, "push")["verdict"],
        "done",
        "{report}"
    );
}

#[test]
fn a_path_as_remote_is_held_unless_the_policy_allows_it() {
    let world = World::new();
    let bare = world.bare();
    world.point_to(bare.to_str().unwrap());
    let (reason, text) = held(&world);
    assert_eq!(reason, "file-remote");
    insta::assert_snapshot!(text);
    let report = world.report(&["run", "--set", "remotes.allow-file=true"]);
    assert_eq!(report["steps"][2]["verdict"], "done", "{report}");
    assert_ne!(world.tip("feature/x"), "");
}

#[test]
fn a_remote_that_is_not_listed_is_held() {
    let world = World::new();
    world.user_policy("[remotes]\nallowed = [\"https://github.com/acme/*\"]\n");
    let (reason, text) = held(&world);
    assert_eq!(reason, "remote-not-allowed");
    insta::assert_snapshot!(text);
}

#[test]
fn http_to_another_host_is_held() {
    let world = World::new();
    world.point_to("http://git.example/o/r.git");
    let (reason, text) = held(&world);
    assert_eq!(reason, "plain-http");
    insta::assert_snapshot!(text);
}

#[test]
fn dangerous_remotes_are_held() {
    for url in [
        "ext::sh -c id",
        "git://h/o/r",
        "ssh://-oProxyCommand=x/o/r",
        "https://evil?@github.com/o/r",
    ] {
        let world = World::new();
        world
            .sandbox
            .git(world.work(), &["config", "remote.origin.url", url]);
        let (reason, text) = held(&world);
        assert!(
            ["remote-url", "unsupported"].contains(&reason.as_str()),
            "{url}: {reason} {text}"
        );
    }
}

#[test]
fn the_default_branch_that_the_clone_knows_is_held() {
    let world = World::new();
    world
        .sandbox
        .git(world.work(), &["switch", "-q", "-c", "trunk"]);
    let directory = world.work().join(".git/refs/remotes/origin");
    std::fs::write(directory.join("HEAD"), "ref: refs/remotes/origin/trunk\n").unwrap();
    let (reason, text) = held(&world);
    assert_eq!(reason, "base-is-head");
    insta::assert_snapshot!(text, @r"
    trunk is the base branch itself: its work goes out from another branch
    -> work on a branch of your own: git switch -c NAME
    ");
}

#[test]
fn the_repositorys_own_git_configuration_has_no_power() {
    let world = World::new();
    let marker = world.sandbox.path("pwned");
    let touch = format!("!touch {}", marker.display());
    for (key, value) in [
        ("credential.helper", touch.as_str()),
        ("core.sshCommand", touch.trim_start_matches('!')),
        ("core.askPass", touch.trim_start_matches('!')),
        ("core.fsmonitor", touch.trim_start_matches('!')),
        ("http.proxy", "http://127.0.0.1:9"),
        ("url.http://127.0.0.1:9/.insteadOf", "http://"),
        ("url.http://127.0.0.1:9/.pushInsteadOf", "http://"),
    ] {
        world.sandbox.git(world.work(), &["config", key, value]);
    }
    let report = world.report(&["run"]);
    assert_eq!(report["steps"][2]["verdict"], "done", "{report}");
    assert_ne!(world.tip("feature/x"), "");
    assert!(!marker.exists());
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("core.sshcommand") || notes.contains("core.sshCommand"),
        "{notes}"
    );
}

#[test]
fn the_default_branch_of_the_remote_is_skipped_as_protected() {
    let world = World::new();
    // Only the server knows: the clone has no hint, and the name is not on any list.
    let head = ["symbolic-ref", "HEAD", "refs/heads/feature/x"];
    world
        .sandbox
        .git(world.bare(), &["branch", "feature/x", "main"]);
    world.sandbox.git(world.bare(), &head);
    let before = world.tip("feature/x");
    let said = world.run(&["run", "--json", "--set", "branches.base=main"]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    let report = said.report();
    let push = &report["steps"][2];
    assert_eq!(push["verdict"], "skipped", "{push}");
    assert_eq!(push["reason"], "protected-branch");
    assert_eq!(
        push["summary"],
        "not pushed: `feature/x` is the default branch of the remote"
    );
    assert_eq!(world.tip("feature/x"), before);
    assert!(world.forge.pulls().is_empty());
}
