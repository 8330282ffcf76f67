//! Agents' files: what is written for each of them, and where.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use pretty_assertions::assert_eq;
use sendoff::install::{InstallContext, Target, find};

use crate::sandbox::environment;
use crate::world::World;

use super::{done, sendoff, tree};

/// Each agent with its file in the user's directory, below the home.
const AGENTS: &[(&str, &str)] = &[
    ("claude-code", ".claude/settings.json"),
    ("codex", ".codex/hooks.json"),
    ("codex-notify", ".codex/config.toml"),
    ("copilot", ".copilot/hooks/sendoff.json"),
    ("cursor", ".cursor/hooks.json"),
    ("gemini", ".gemini/settings.json"),
    ("goose", ".agents/plugins/sendoff/hooks/hooks.json"),
    ("opencode", ".config/opencode/plugins/sendoff.js"),
    ("pi", ".pi/agent/extensions/sendoff.ts"),
];

fn target(name: &str) -> Target {
    let mut all = Target::all().iter();
    *all.find(|target| target.name() == name).unwrap()
}

/// Returns the files that call us for an agent.
fn found(world: &World, agent: &str) -> Vec<PathBuf> {
    let environment = environment(&world.sandbox, &world.work());
    let context = InstallContext::new(environment, None, "/opt/sendoff".into()).unwrap();
    let entries = find(target(agent), &context).unwrap();
    assert!(
        entries
            .iter()
            .all(|entry| entry.command.as_ref().unwrap().surface == agent)
    );
    entries.into_iter().map(|entry| entry.path).collect()
}

#[test]
fn every_agent_is_tried_here() {
    let mut names = Target::all().iter().map(|target| target.name());
    for other in ["git", "lefthook", "husky", "pre-commit", "prek", "hk"] {
        assert_eq!(names.next(), Some(other));
    }
    let mut tried: Vec<&str> = AGENTS.iter().map(|(name, _)| *name).collect();
    let mut all: Vec<&str> = names.filter(|name| *name != "completions").collect();
    tried.sort_unstable();
    all.sort_unstable();
    assert_eq!(all, tried);
}

#[test]
fn each_agent_gets_one_call_and_loses_it_again() {
    let world = World::new();
    let home = world.sandbox.path("home");
    for (agent, file) in AGENTS {
        let mut before = tree(&home);
        before.retain(|name, _| !name.starts_with(".local"));
        let said = done(&world, &["install", agent, "--yes"]);
        let path = home.join(file);
        let text = fs::read_to_string(&path).unwrap();
        let text = text.replace(env!("CARGO_BIN_EXE_sendoff"), "[SENDOFF]");
        let said = world.normalise(&said.stderr);
        insta::assert_snapshot!(format!("user_{agent}"), format!("{said}---\n{text}"));
        assert_eq!(found(&world, agent), [path]);
        let installed = tree(&home);
        done(&world, &["install", agent, "--yes"]);
        assert_eq!(tree(&home), installed, "{agent}");
        done(&world, &["uninstall", agent, "--yes"]);
        assert!(found(&world, agent).is_empty());
        let mut after = tree(&home);
        after.retain(|name, _| !name.starts_with(".local"));
        assert_eq!(after, before, "{agent}");
    }
}

#[test]
fn a_file_that_is_committed_names_no_path_and_disturbs_nobody() {
    let world = World::new();
    for (agent, _) in AGENTS {
        let before = tree(&world.work());
        let said = sendoff(&world, &["install", agent, "--scope", "project", "--yes"]);
        if *agent == "codex-notify" {
            assert_eq!(said.code, Some(1));
            insta::assert_snapshot!("no_project", said.stderr);
            continue;
        }
        assert_eq!(said.code, Some(0), "{agent}: {}", said.stderr);
        let [path] = found(&world, agent).try_into().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(env!("CARGO_BIN_EXE_sendoff")), "{text}");
        let name = world.normalise(path.to_str().unwrap());
        insta::assert_snapshot!(format!("project_{agent}"), format!("{name}\n---\n{text}"));
        done(&world, &["uninstall", agent, "--scope", "project", "--yes"]);
        assert_eq!(tree(&world.work()), before);
    }
    let said = done(
        &world,
        &["install", "claude-code", "--scope", "local", "--yes"],
    );
    assert_eq!(
        found(&world, "claude-code"),
        [world.work().join(".claude/settings.local.json")],
        "{}",
        said.stderr
    );
}

#[test]
fn the_call_of_a_committed_file_works_with_and_without_the_program() {
    let world = World::new();
    done(
        &world,
        &["install", "claude-code", "--scope", "project", "--yes"],
    );
    let text = fs::read_to_string(world.work().join(".claude/settings.json")).unwrap();
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    let call = settings["hooks"]["Stop"][0]["hooks"][0]["command"]
        .as_str()
        .unwrap();
    let payload = serde_json::json!({"hook_event_name": "Stop", "cwd": world.work()}).to_string();
    let run = |path: String| {
        let mut shell = world.sandbox.command("sh");
        shell
            .args(["-c", call])
            .current_dir(world.work())
            .env("PATH", path)
            .envs(world.variables());
        let input = world.sandbox.write("payload.json", &payload);
        shell
            .stdin(fs::File::open(input).unwrap())
            .output()
            .unwrap()
    };
    let output = run("/usr/bin:/bin".into());
    assert!(
        output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
        "{output:?}"
    );
    let program = PathBuf::from(env!("CARGO_BIN_EXE_sendoff"));
    let output = run(format!(
        "{}:/usr/bin:/bin",
        program.parent().unwrap().display()
    ));
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{output:?}"
    );
    world.run(&["status", "--wait", "60s"]);
    assert_ne!(world.tip("feature/x"), "", "{output:?}");
}

#[test]
fn variables_say_where_agents_look() {
    let world = World::new();
    for (agent, variable, file) in [
        ("claude-code", "CLAUDE_CONFIG_DIR", "settings.json"),
        ("codex", "CODEX_HOME", "hooks.json"),
        ("codex-notify", "CODEX_HOME", "config.toml"),
        ("copilot", "COPILOT_HOME", "hooks/sendoff.json"),
    ] {
        let place = world.sandbox.path("elsewhere");
        let mut variables = world.variables();
        variables.push((variable, place.to_str().unwrap().to_owned()));
        let said = world.run_in(&world.work(), &["install", agent, "--yes"], &variables);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(place.join(file).exists(), "{agent}");
        let said = world.run_in(&world.work(), &["uninstall", agent, "--yes"], &variables);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(!place.exists(), "{agent}");
    }
}

#[test]
fn links_are_followed_in_the_home_and_not_out_of_the_repository() {
    let world = World::new();
    let home = world.sandbox.path("home");
    let real = world.sandbox.write("home/dotfiles/claude.json", "{}\n");
    fs::create_dir(home.join(".claude")).unwrap();
    symlink(
        "../dotfiles/claude.json",
        home.join(".claude/settings.json"),
    )
    .unwrap();
    done(&world, &["install", "claude-code", "--yes"]);
    assert!(fs::read_to_string(&real).unwrap().contains("sendoff"));
    done(&world, &["uninstall", "claude-code", "--yes"]);
    assert_eq!(fs::read_to_string(&real).unwrap(), "{}\n");
    assert!(home.join(".claude/settings.json").is_symlink());
    // A repository that wants its reader to write somewhere else.
    let bait = world.sandbox.write("home/bait.json", "{}\n");
    fs::create_dir(world.work().join(".claude")).unwrap();
    symlink(&bait, world.work().join(".claude/settings.json")).unwrap();
    symlink(home.join("nowhere"), world.work().join(".opencode")).unwrap();
    for agent in ["claude-code", "opencode"] {
        let said = sendoff(&world, &["install", agent, "--scope", "project", "--yes"]);
        assert_eq!(said.code, Some(1));
        insta::assert_snapshot!(format!("link_{agent}"), world.normalise(&said.stderr));
    }
    assert_eq!(fs::read_to_string(&bait).unwrap(), "{}\n");
    assert!(!home.join("nowhere").exists());
}

#[test]
fn a_file_of_ours_that_somebody_changed_stays() {
    let world = World::new();
    let path = world
        .sandbox
        .write("home/.config/opencode/plugins/sendoff.js", "// mine\n");
    let said = sendoff(&world, &["install", "opencode", "--yes"]);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(world.normalise(&said.stderr));
    let said = done(&world, &["uninstall", "opencode", "--yes"]);
    insta::assert_snapshot!(world.normalise(&said.stderr));
    assert_eq!(fs::read_to_string(&path).unwrap(), "// mine\n");
    // The advice, followed.
    fs::rename(&path, path.with_extension("bak")).unwrap();
    done(&world, &["install", "opencode", "--yes"]);
}

/// What was there before the second installation had our entry, so it is not what to go back to.
#[test]
fn a_removal_after_a_repair_leaves_nothing_of_ours() {
    let world = World::new();
    let home = world.sandbox.path("home");
    for (agent, file, theirs) in [
        (
            "claude-code",
            ".claude/settings.json",
            "{\"model\": \"x\",\n",
        ),
        ("codex-notify", ".codex/config.toml", "model = \"x\"\n"),
    ] {
        done(&world, &["install", agent, "--yes"]);
        let path = home.join(file);
        let text = fs::read_to_string(&path).unwrap();
        let moved = text.replace(env!("CARGO_BIN_EXE_sendoff"), "/opt/moved/sendoff");
        let edited = match moved.strip_prefix('{') {
            Some(rest) => format!("{theirs}{rest}"),
            None => format!("{theirs}{moved}"),
        };
        fs::write(&path, &edited).unwrap();
        done(&world, &["install", agent, "--yes"]);
        assert!(!fs::read_to_string(&path).unwrap().contains("/opt/moved"));
        done(&world, &["uninstall", agent, "--yes"]);
        let left = fs::read_to_string(&path).unwrap();
        assert!(
            !left.contains("sendoff") && left.contains("model"),
            "{left}"
        );
    }
}

#[test]
fn a_project_needs_a_repository_and_a_user_a_home() {
    let world = World::new();
    let outside = world.sandbox.path("home");
    let said = world.run_in(
        &outside,
        &["install", "gemini", "--scope", "project", "--yes"],
        &world.variables(),
    );
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr
            .starts_with("sendoff: there is no git repository at"),
        "{}",
        said.stderr
    );
    let mut variables = world.variables();
    variables.push(("HOME", "nowhere".into()));
    let said = world.run_in(&world.work(), &["install", "gemini", "--yes"], &variables);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(said.stderr);
}

#[test]
fn several_targets_are_installed_at_once_and_none_where_one_is_refused() {
    let world = World::new();
    let home = world.sandbox.path("home");
    let before = tree(&home);
    world.sandbox.write("home/.gemini/settings.json", "{");
    let said = sendoff(&world, &["install", "claude-code", "gemini", "--yes"]);
    assert_eq!(said.code, Some(1));
    assert!(!home.join(".claude").exists());
    fs::remove_dir_all(home.join(".gemini")).unwrap();
    done(&world, &["install", "claude-code", "gemini", "--yes"]);
    done(&world, &["uninstall", "claude-code", "gemini", "--yes"]);
    let mut after = tree(&home);
    after.retain(|name, _| !name.starts_with(".local"));
    assert_eq!(after, before);
}

#[test]
fn modes_are_kept_and_a_file_that_cannot_be_replaced_is_named() {
    let world = World::new();
    let path = world
        .sandbox
        .write("home/.claude/settings.json", "{\"a\": 1}\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    done(&world, &["install", "claude-code", "--yes"]);
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    done(&world, &["uninstall", "claude-code", "--yes"]);
    assert_eq!(mode(&path), 0o600);
    let said = sendoff(&world, &["install", "codex-notify", "--yes"]);
    assert_eq!(said.code, Some(0));
    assert_eq!(mode(&world.sandbox.path("home/.codex/config.toml")), 0o600);
}

#[test]
fn the_plugin_makes_the_call_that_install_writes_for_a_project() {
    let world = World::new();
    done(
        &world,
        &["install", "claude-code", "--scope", "project", "--yes"],
    );
    let read = |path: PathBuf| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let plugin = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("hooks/claude-plugin");
    let settings = read(world.work().join(".claude/settings.json"));
    let hooks = read(plugin.join("hooks/hooks.json"));
    assert_eq!(hooks["hooks"], settings["hooks"]);
    assert_eq!(
        read(plugin.join(".claude-plugin/plugin.json"))["name"],
        "sendoff"
    );
}
