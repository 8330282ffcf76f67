//! The programs that manage git's hooks, as their registries have them: with each of them a commit is shipped.

use std::fs;
use std::path::{Path, PathBuf};

use pretty_assertions::assert_eq;
use sendoff_testing::left_out;

use crate::world::World;

use super::{done, sendoff, tree};

const INSTALL: &[&str] = &["install", "git", "--yes"];
const UNINSTALL: &[&str] = &["uninstall", "git", "--yes"];

/// Returns the directory of a manager's program; none where it was not fetched.
fn fetched(name: &str) -> Option<PathBuf> {
    let managers = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/managers");
    let places = ["node_modules/.bin", "python/bin"];
    let found = places
        .map(|place| managers.join(place))
        .into_iter()
        .find(|place| place.join(name).exists());
    if found.is_none() {
        left_out(name, "run .ci/managers");
    }
    found
}

/// A clone where a manager can be run.
pub(super) struct Managed {
    pub(super) world: World,
    path: String,
}

impl Managed {
    pub(super) fn new(manager: &str) -> Option<Self> {
        let directory = fetched(manager)?;
        let world = World::new();
        Some(Self {
            path: world.sandbox.search_path_from(&directory),
            world,
        })
    }

    /// Puts our program on the manager's search path.
    pub(super) fn with_program(self) -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_sendoff"));
        let path = format!("{}:{}", program.parent().unwrap().display(), self.path);
        Self { path, ..self }
    }

    /// Runs a program in the clone, and returns what it said on standard error.
    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = self.world.sandbox.command(program);
        command
            .args(arguments)
            .current_dir(self.world.work())
            .env("PATH", &self.path);
        // A manager that installs itself where CI runs does nothing.
        command.envs(self.world.variables());
        let output = command.output().unwrap();
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        said
    }

    pub(super) fn write(&self, file: &str, content: &str) {
        self.world.sandbox.write(&format!("clone/{file}"), content);
    }

    /// Commits everything, and says how many runs that was and whether the commit is on the server.
    pub(super) fn commit(&self) -> usize {
        self.run("git", &["add", "--all"]);
        self.ships(&["commit", "-q", "--allow-empty", "-m", "Managed"])
    }

    /// The same for a commit that was shipped already.
    fn amend(&self) -> usize {
        let policy = "[steps.push]\nrewrite = \"lease\"\n";
        self.world.user_policy(policy);
        self.ships(&["commit", "-q", "--allow-empty", "--amend", "-m", "Amended"])
    }

    fn ships(&self, commit: &[&str]) -> usize {
        let count = |world: &World| world.run(&["history", "--json"]).stdout.lines().count();
        let before = count(&self.world);
        self.run("git", commit);
        self.world.run(&["status", "--wait", "60s"]);
        let head = self
            .world
            .sandbox
            .git(self.world.work(), &["rev-parse", "HEAD"]);
        assert_eq!(self.world.tip("feature/x"), head);
        count(&self.world) - before
    }
}

#[test]
fn lefthook_with_hooks_of_its_own_runs_ours_from_the_users_file() {
    let Some(managed) = Managed::new("lefthook") else {
        return;
    };
    managed.write("lefthook.yml", "post-commit:\n  jobs:\n    - run: touch .git/seen\npre-commit:\n  jobs:\n    - run: 'true'\n");
    managed.run("lefthook", &["install"]);
    let before = tree(&managed.world.work());
    let said = done(&managed.world, INSTALL);
    insta::assert_snapshot!(managed.world.normalise(&said.stderr));
    let local = fs::read_to_string(managed.world.work().join("lefthook-local.yml")).unwrap();
    insta::assert_snapshot!(
        "lefthook_local",
        local.replace(env!("CARGO_BIN_EXE_sendoff"), "[SENDOFF]")
    );
    let installed = tree(&managed.world.work());
    done(&managed.world, INSTALL);
    assert_eq!(tree(&managed.world.work()), installed);
    // What is left to do.
    managed.run("lefthook", &["install"]);
    assert_eq!(managed.commit(), 1);
    assert_eq!(managed.amend(), 1, "git calls post-rewrite too");
    assert!(
        managed.world.work().join(".git/seen").exists(),
        "theirs runs as well"
    );
    done(&managed.world, UNINSTALL);
    assert!(!managed.world.work().join("lefthook-local.yml").exists());
    let after = tree(&managed.world.work());
    assert_eq!(after.get("lefthook.yml"), before.get("lefthook.yml"));
}

#[test]
fn lefthook_without_such_hooks_leaves_ours_alone() {
    let Some(managed) = Managed::new("lefthook") else {
        return;
    };
    managed.write(
        "lefthook.yml",
        "pre-commit:\n  jobs:\n    - run: touch .git/seen\n",
    );
    managed.run("lefthook", &["install"]);
    done(&managed.world, INSTALL);
    assert!(!managed.world.work().join("lefthook-local.yml").exists());
    managed.run("lefthook", &["install", "-f"]);
    assert_eq!(managed.commit(), 1);
    assert!(managed.world.work().join(".git/seen").exists());
    let hooks = managed.world.work().join(".git/hooks");
    done(&managed.world, UNINSTALL);
    assert!(!hooks.join("post-commit").exists() && hooks.join("pre-commit").exists());
}

#[test]
fn lefthooks_own_file_is_edited_where_it_is_safe_and_shown_where_not() {
    let world = World::new();
    let at = |name: &str| world.work().join(name);
    let main = "# ours\npre-commit:\n  jobs:\n    - run: make\n";
    world.sandbox.write("clone/lefthook.yml", main);
    let project = ["install", "lefthook", "--scope", "project", "--yes"];
    done(&world, &project);
    let text = fs::read_to_string(at("lefthook.yml")).unwrap();
    insta::assert_snapshot!("lefthook_project", text);
    done(&world, &["uninstall", "lefthook", "--yes"]);
    assert_eq!(fs::read_to_string(at("lefthook.yml")).unwrap(), main);
    // Into a user's file that is there.
    world
        .sandbox
        .write("clone/lefthook-local.yml", "output: false");
    done(&world, &["install", "lefthook", "--yes"]);
    assert!(
        fs::read_to_string(at("lefthook-local.yml"))
            .unwrap()
            .starts_with("output: false\n# sendoff: begin")
    );
    done(&world, &["uninstall", "--yes", "lefthook"]);
    assert_eq!(
        fs::read_to_string(at("lefthook-local.yml")).unwrap(),
        "output: false"
    );
    let refused = |name: &str, arguments: &[&str]| {
        let said = sendoff(&world, arguments);
        assert_eq!(said.code, Some(1));
        let text = world
            .normalise(&said.stderr)
            .replace(env!("CARGO_BIN_EXE_sendoff"), "[SENDOFF]");
        insta::assert_snapshot!(name, text);
    };
    world
        .sandbox
        .write("clone/lefthook-local.yml", "post-commit:\n  jobs: []\n");
    refused("lefthook_taken", &["install", "lefthook", "--yes"]);
    world
        .sandbox
        .write("clone/lefthook-local.yml", "# sendoff: end\n");
    refused("lefthook_marks", &["install", "lefthook", "--yes"]);
    fs::remove_file(at("lefthook-local.yml")).unwrap();
    world.sandbox.write("clone/lefthook-local.toml", "");
    refused("lefthook_toml", &["install", "lefthook", "--yes"]);
    refused(
        "lefthook_user",
        &["install", "lefthook", "--scope", "user", "--yes"],
    );
    fs::remove_file(at("lefthook.yml")).unwrap();
    refused("lefthook_absent", &["install", "lefthook", "--yes"]);
}

#[test]
fn husky_gets_its_scripts() {
    let Some(managed) = Managed::new("husky") else {
        return;
    };
    managed.run("husky", &[]);
    managed.write(".husky/post-merge", "echo theirs");
    let before = tree(&managed.world.work());
    let said = done(&managed.world, INSTALL);
    insta::assert_snapshot!(managed.world.normalise(&said.stderr));
    let script = fs::read_to_string(managed.world.work().join(".husky/post-commit")).unwrap();
    insta::assert_snapshot!(
        "husky_script",
        script.replace(env!("CARGO_BIN_EXE_sendoff"), "[SENDOFF]")
    );
    let installed = tree(&managed.world.work());
    done(&managed.world, INSTALL);
    managed.run("husky", &[]);
    assert_eq!(tree(&managed.world.work()), installed);
    done(&managed.world, UNINSTALL);
    assert_eq!(tree(&managed.world.work()), before);
    done(&managed.world, INSTALL);
    assert_eq!(managed.commit(), 1);
    done(&managed.world, UNINSTALL);
    assert!(!managed.world.work().join(".husky/post-commit").exists());
    assert_eq!(
        managed
            .world
            .sandbox
            .git(managed.world.work(), &["config", "core.hooksPath"]),
        ".husky/_"
    );
}

/// What pre-commit and prek read alike.
const PRE_COMMIT: &str = "repos:\n  - repo: local\n    hooks:\n      - {id: seen, name: seen, language: system, entry: touch .git/seen, stages: [STAGE], always_run: true, pass_filenames: false}\n";

fn beside(manager: &str) {
    for stage in ["pre-commit", "post-commit"] {
        let Some(managed) = Managed::new(manager) else {
            return;
        };
        let hooks = managed.world.work().join(".git/hooks");
        managed.write(
            ".pre-commit-config.yaml",
            &PRE_COMMIT.replace("STAGE", stage),
        );
        managed.run(manager, &["install", "-t", stage]);
        let theirs = fs::read(hooks.join(stage)).unwrap();
        done(&managed.world, INSTALL);
        assert_eq!(managed.commit(), 1, "{manager}, {stage}");
        assert!(managed.world.work().join(".git/seen").exists());
        done(&managed.world, UNINSTALL);
        assert_eq!(fs::read(hooks.join(stage)).unwrap(), theirs);
        // The other way round: the manager finds ours there, and runs it.
        fs::remove_file(hooks.join(stage)).unwrap();
        done(&managed.world, INSTALL);
        managed.run(manager, &["install", "-t", stage]);
        assert_eq!(managed.commit(), 1, "{manager} afterwards, {stage}");
        done(&managed.world, INSTALL);
        assert_eq!(
            managed.commit(),
            1,
            "{manager} afterwards and again, {stage}"
        );
        done(&managed.world, UNINSTALL);
        let left: Vec<String> = tree(&hooks)
            .into_keys()
            .filter(|name| !name.ends_with(".sample"))
            .collect();
        assert_eq!(left, [stage]);
    }
}

#[test]
fn pre_commit_and_we_run_beside_each_other() {
    beside("pre-commit");
}

#[test]
fn prek_and_we_run_beside_each_other() {
    beside("prek");
}
