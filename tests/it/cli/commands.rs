//! The smaller commands: policy, manual, completions, help; and what a wrong command line gets.

use crate::program::{Said, run};
use crate::sandbox::Sandbox;
use crate::world::World;

fn sendoff(sandbox: &Sandbox, arguments: &[&str]) -> Said {
    run(sandbox, &sandbox.home(), arguments, &[], b"")
}

#[test]
fn a_wrong_command_line_is_64_and_never_2() {
    let sandbox = Sandbox::new();
    for arguments in [
        &["rnu"][..],
        &["run", "--no-such-option"],
        &["step"],
        &["run", "--trigger", "nobody"],
        &["step", "push", "--input", "/no/such/file"],
        &["policy", "show", "-C", "/no/such/directory"],
        &["policy", "init", "--preset", "none"],
        &["manual", "--page", "none"],
        &[],
    ] {
        let said = sendoff(&sandbox, arguments);
        assert_eq!(said.code, Some(64), "{arguments:?}: {}", said.stderr);
        assert!(
            !said.stderr.is_empty() && said.stdout.is_empty(),
            "{arguments:?}"
        );
    }
}

#[test]
fn help_and_version_are_data() {
    let sandbox = Sandbox::new();
    for arguments in [&["--help"][..], &["--version"], &["run", "--help"]] {
        let said = sendoff(&sandbox, arguments);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
        assert!(!said.stdout.is_empty());
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = sendoff(&sandbox, &["completions", shell]);
        assert_eq!(said.code, Some(0));
        assert!(
            said.stdout.contains("pr-create") || said.stdout.contains("sendoff"),
            "{shell}"
        );
    }
}

#[test]
fn the_manual_writes_every_page() {
    let sandbox = Sandbox::new();
    let said = sendoff(&sandbox, &["manual", "out"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for page in sendoff::manual::ARTEFACTS {
        let written = std::fs::read_to_string(sandbox.home().join("out").join(page.name)).unwrap();
        let printed = sendoff(&sandbox, &["manual", "--page", page.name]).stdout;
        assert_eq!(written, printed, "{}", page.name);
    }
}

#[test]
fn policy_show_tells_which_layer_a_value_comes_from() {
    let world = World::new();
    world.user_policy("[limits]\ndeadline = \"90s\"\n");
    std::fs::write(
        world.work().join(".sendoff.toml"),
        "[steps.pr-create]\ntitle = \"T\"\n",
    )
    .unwrap();
    let said = world.run(&["policy", "show", "--set", "branches.base=main"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for (key, layer) in [
        ("limits.deadline", "user"),
        ("steps.pr-create.title", "repository"),
        ("branches.base", "--set"),
        ("limits.http-timeout", "built-in"),
    ] {
        let line = said.stdout.lines().find(|line| line.starts_with(key));
        let line = line.unwrap_or_else(|| panic!("no {key} in {}", said.stdout));
        assert!(line.ends_with(&format!("# {layer}")), "{line}");
    }
}

#[test]
fn policy_check_names_the_mistake_and_its_place() {
    let world = World::new();
    let file = world
        .sandbox
        .write("bad.toml", "[steps.pr-create]\ntitel = \"x\"\n");
    let said = world.run(&["policy", "check", file.to_str().unwrap()]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(78), ""));
    insta::assert_snapshot!(world.normalise(&said.stderr));
    let good = world
        .sandbox
        .write("good.toml", "[limits]\ndeadline = \"9s\"\n");
    let said = world.run(&["policy", "check", good.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let said = world.run(&["policy", "check"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    insta::assert_snapshot!(world.normalise(&said.stdout), @"policy OK: built-in, [ROOT]/home/.config/sendoff/policy.toml");
}

#[test]
fn policy_init_writes_a_preset_that_is_a_policy_and_never_overwrites() {
    for preset in ["default", "molecule", "solo", "agents", "events"] {
        let sandbox = Sandbox::new();
        let work = sandbox.repository("clone");
        let path = sandbox.home().join(".config/sendoff/policy.toml");
        let said = run(
            &sandbox,
            &work,
            &["policy", "init", "--preset", preset],
            &[],
            b"",
        );
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        let said = run(&sandbox, &work, &["policy", "check"], &[], b"");
        assert_eq!(said.code, Some(0), "{preset}: {}", said.stderr);
        let before = std::fs::read(&path).unwrap();
        let said = run(
            &sandbox,
            &work,
            &["policy", "init", "--preset", "solo"],
            &[],
            b"",
        );
        assert_eq!(said.code, Some(1));
        assert!(said.stderr.contains("exists"), "{}", said.stderr);
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_preset_for_a_repository_is_one_that_it_can_carry() {
    for preset in ["default", "molecule", "solo", "agents", "events"] {
        let sandbox = Sandbox::new();
        let work = sandbox.repository("clone");
        let said = run(
            &sandbox,
            &work,
            &["policy", "init", "--preset", preset, "--repo"],
            &[],
            b"",
        );
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(work.join(".sendoff.toml").exists());
        let said = run(&sandbox, &work, &["policy", "check"], &[], b"");
        assert_eq!(said.code, Some(0), "{preset}: {}", said.stderr);
    }
}

#[test]
fn the_schema_is_that_of_the_reference() {
    let sandbox = Sandbox::new();
    let printed = sendoff(&sandbox, &["policy", "schema"]).stdout;
    let kept =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/policy.schema.json");
    assert_eq!(printed, std::fs::read_to_string(kept).unwrap());
}

#[test]
fn policy_path_names_the_files_and_init_can_print() {
    let world = World::new();
    let said = world.run(&["policy", "path"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let lines = world.normalise(&said.stdout);
    let user = lines.lines().find(|line| line.starts_with("user"));
    assert_eq!(
        user,
        Some("user        [ROOT]/home/.config/sendoff/policy.toml")
    );
    let repository = lines.lines().find(|line| line.starts_with("repository"));
    assert_eq!(
        repository,
        Some("repository  [ROOT]/clone/.sendoff.toml  (not there)")
    );

    let before = std::fs::read(world.home_policy()).unwrap();
    let said = world.run(&["policy", "init", "--preset", "solo", "--print"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(
        said.stdout.trim_end(),
        sendoff::policy::preset("solo").unwrap().trim_end()
    );
    assert_eq!(std::fs::read(world.home_policy()).unwrap(), before);
    let said = world.run(&["policy", "init", "--preset", "solo"]);
    assert_eq!(
        world.normalise(&said.stderr).trim_end(),
        "[ROOT]/home/.config/sendoff/policy.toml already exists; not overwritten"
    );
    let said = world.run(&["policy", "init", "--preset", "sole"]);
    assert_eq!(said.code, Some(64));
    assert!(
        said.stderr.contains("default, molecule, agents, solo"),
        "{}",
        said.stderr
    );
}
