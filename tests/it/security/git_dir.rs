//! What leads to the git directory of somebody else, and every set-up of git's own that leads elsewhere.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use sendoff_testing::supervise;
use serde_json::Value;

use crate::world::{World, step};

use super::trust::typed;

/// Runs in a directory, with the report.
fn run(world: &World, directory: &Path) -> Value {
    world
        .run_in(directory, &["run", "--json"], &world.variables())
        .report()
}

/// Commits in a directory and asserts that the branch of it is shipped.
fn assert_ships(world: &World, directory: &Path) {
    let sandbox = &world.sandbox;
    let before = sandbox.head(directory);
    let head = sandbox.commit(directory, "work", &before, "Work");
    let branch = sandbox.git(directory, &["branch", "--show-current"]);
    let report = run(world, directory);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_eq!(world.tip(&branch), head, "{report}");
}

/// Asserts that nothing is shipped from a directory, and returns what is said.
fn assert_refused(world: &World, directory: &Path) -> (String, String) {
    let report = run(world, directory);
    let push = step(&report, "push");
    assert_eq!(push["reason"], "git-dir-untrusted", "{report}");
    assert_eq!(world.tip("feature/x"), "", "{report}");
    let text = |name: &str| world.normalise(push[name].as_str().unwrap());
    (text("summary"), text("advice"))
}

/// Types the word to `sendoff trust git-dir` in a directory.
fn trust(world: &World, directory: &Path) {
    let directory = directory.to_str().unwrap();
    let said = typed(world, &["trust", "git-dir", "-C", directory], "trust", &[]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains(" leads to "), "{}", said.stderr);
}

const ADVICE: &str = "if it is meant so, run on a terminal: sendoff trust git-dir";

/// Asserts that a directory is refused until its owner trusts where it leads, and again when that is taken back.
fn assert_needs_trust(world: &World, directory: &Path, sentence: &str) {
    let (said, advice) = assert_refused(world, directory);
    assert_eq!(said, sentence);
    assert!(
        advice.ends_with("run on a terminal: sendoff trust git-dir"),
        "{advice}"
    );
    trust(world, directory);
    let report = run(world, directory);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_ne!(world.tip("feature/x"), "");
    let all = world.variables();
    let listed = world.run_in(directory, &["trust", "--list"], &all).stdout;
    assert!(listed.contains("git-dir     "), "{listed}");
    let revoked = world.run_in(directory, &["trust", "--revoke", "git-dir"], &all);
    assert_eq!(revoked.stdout, "1 taken back\n", "{}", revoked.stderr);
    world
        .sandbox
        .git(world.bare(), &["update-ref", "-d", "refs/heads/feature/x"]);
    assert_refused(world, directory);
}

fn directory(world: &World, name: &str) -> PathBuf {
    let path = world.sandbox.path(name);
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn a_git_file_does_not_lead_to_the_repository_of_somebody_else() {
    supervise!();
    let world = World::new();
    let agent = directory(&world, "agent");
    world.sandbox.write("agent/.git", "gitdir: ../clone/.git\n");
    let sentence =
        "`[ROOT]/agent/.git` leads to `[ROOT]/clone/.git`, which does not name it as its work tree";
    assert_eq!(assert_refused(&world, &agent).1, ADVICE);
    assert_needs_trust(&world, &agent, sentence);
}

#[test]
fn a_git_file_does_not_lead_to_the_work_tree_of_somebody_else() {
    supervise!();
    let world = World::new();
    let agent = directory(&world, "agent");
    let add = ["worktree", "add", "-q", "-b", "side", "../linked"];
    world.sandbox.git(world.work(), &add);
    let content = fs::read_to_string(world.sandbox.path("linked/.git")).unwrap();
    world.sandbox.write("agent/.git", content);
    let (said, _) = assert_refused(&world, &agent);
    assert_eq!(
        said,
        "`[ROOT]/agent/.git` leads to `[ROOT]/clone/.git/worktrees/linked`, which does not name it as its work tree"
    );
    assert_eq!(world.tip("side"), "");
    assert_ships(&world, &world.sandbox.path("linked"));
}

#[test]
fn a_commondir_file_does_not_lead_to_the_repository_of_somebody_else() {
    supervise!();
    let world = World::new();
    let agent = directory(&world, "agent/.git");
    fs::write(agent.join("HEAD"), "ref: refs/heads/feature/x\n").unwrap();
    fs::write(agent.join("commondir"), "../../clone/.git\n").unwrap();
    let (said, advice) = assert_refused(&world, &world.sandbox.path("agent"));
    assert_eq!(
        said,
        "`[ROOT]/agent/.git/commondir` leads to `[ROOT]/clone/.git`, which does not list this work tree"
    );
    // Nobody can let that count: git makes no such file. The advice, obeyed.
    let command = advice.strip_prefix("make a work tree of that repository as git does: git ");
    let mut words: Vec<&str> = command.unwrap().split(' ').collect();
    words.extend(["-q", "-b", "side", "../linked"]);
    world.sandbox.git(world.work(), &words);
    assert_ships(&world, &world.sandbox.path("linked"));
}

#[test]
fn links_in_place_of_gits_directories_are_not_followed() {
    supervise!();
    for (name, elsewhere) in [
        ("", "away"),
        ("/objects", "away"),
        ("/objects/pack", "away"),
        ("/refs", "away"),
    ] {
        let world = World::new();
        let from = world.work().join(format!(".git{name}"));
        let to = world.sandbox.path(elsewhere);
        fs::rename(&from, &to).unwrap();
        symlink(&to, &from).unwrap();
        let sentence = format!("`[ROOT]/clone/.git{name}` is a symbolic link, to `[ROOT]/away`");
        assert_needs_trust(&world, &world.work(), &sentence);
        fs::remove_file(&from).unwrap();
        fs::rename(&to, &from).unwrap();
        assert_ships(&world, &world.work());
    }
}

#[test]
fn trust_ends_when_it_leads_elsewhere() {
    supervise!();
    let world = World::new();
    let agent = directory(&world, "agent");
    world.sandbox.write("agent/.git", "gitdir: ../clone/.git\n");
    trust(&world, &agent);
    let other = directory(&world, "other");
    fs::copy(agent.join(".git"), other.join(".git")).unwrap();
    assert_refused(&world, &other);
    let report = run(&world, &agent);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}

#[test]
fn without_a_person_nothing_is_recorded() {
    supervise!();
    let world = World::new();
    let agent = directory(&world, "agent");
    world.sandbox.write("agent/.git", "gitdir: ../clone/.git\n");
    let arguments = ["trust", "git-dir", "-C", agent.to_str().unwrap()];
    assert_eq!(world.run_with_input(&arguments, b"trust\n").code, Some(78));
    let marked = typed(&world, &arguments, "trust", &[("CLAUDECODE", "1")]);
    assert_eq!(marked.code, Some(78), "{}", marked.stderr);
    assert_refused(&world, &agent);
    // Where nothing leads elsewhere there is nothing to ask.
    let said = world.run(&["trust", "git-dir"]);
    let expected = "the repository leads nowhere that is not trusted\n";
    assert_eq!((said.stdout.as_str(), said.code), (expected, Some(0)));
}

#[test]
fn linked_work_trees_ship_and_one_that_was_moved_after_it_was_repaired() {
    supervise!();
    let world = World::new();
    let git = |arguments: &[&str]| world.sandbox.git(world.work(), arguments);
    git(&["worktree", "add", "-q", "-b", "side", "../linked"]);
    let linked = world.sandbox.path("linked");
    assert_ships(&world, &linked);
    let moved = world.sandbox.path("moved");
    fs::rename(&linked, &moved).unwrap();
    let (_, advice) = assert_refused(&world, &moved);
    let start = "if it was moved, run in it: git worktree repair; ";
    assert!(advice.starts_with(start), "{advice}");
    // The advice, obeyed.
    world.sandbox.git(&moved, &["worktree", "repair"]);
    assert_ships(&world, &moved);
    git(&["worktree", "move", "../moved", "../again"]);
    assert_ships(&world, &world.sandbox.path("again"));
    // The repository is moved, and its work trees follow.
    fs::rename(world.work(), world.sandbox.path("elsewhere")).unwrap();
    let elsewhere = world.sandbox.path("elsewhere");
    let again = world.sandbox.path("again");
    let repair = ["worktree", "repair", again.to_str().unwrap()];
    world.sandbox.git(&elsewhere, &repair);
    assert_ships(&world, &again);
}

#[test]
fn the_work_tree_of_a_bare_repository_ships() {
    supervise!();
    let world = World::new();
    let root = world.sandbox.path("");
    world
        .sandbox
        .git(&root, &["clone", "-q", "--bare", "clone", "pool.git"]);
    let pool = world.sandbox.path("pool.git");
    let url = format!("{}/acme/rocket.git", world.git.url());
    world
        .sandbox
        .git(&pool, &["remote", "set-url", "origin", &url]);
    world.sandbox.git(
        &pool,
        &[
            "worktree",
            "add",
            "-q",
            "-b",
            "side",
            "../linked",
            "feature/x",
        ],
    );
    assert_ships(&world, &world.sandbox.path("linked"));
}

#[test]
fn a_git_directory_of_its_own_place_ships() {
    supervise!();
    let world = World::new();
    let away = world.sandbox.path("away");
    world.sandbox.git(
        world.work(),
        &["init", "-q", "--separate-git-dir", away.to_str().unwrap()],
    );
    assert!(world.work().join(".git").is_file());
    assert_ships(&world, &world.work());
    // Where it names a work tree, it belongs to that one.
    let other = directory(&world, "other");
    world.sandbox.git(
        world.work(),
        &["config", "core.worktree", other.to_str().unwrap()],
    );
    let report = run(&world, &world.work());
    assert_eq!(
        step(&report, "push")["reason"],
        "git-dir-untrusted",
        "{report}"
    );
    fs::rename(world.work().join(".git"), other.join(".git")).unwrap();
    world.sandbox.git(&other, &["reset", "-q", "--hard"]);
    assert_ships(&world, &other);
}

/// Makes `outer`, with the clone as its submodule `sub`, as git does; returns where that is.
fn submodule(world: &World) -> PathBuf {
    let sandbox = &world.sandbox;
    let outer = sandbox.repository("outer");
    let bare = world.bare();
    let add = ["submodule", "--quiet", "add", bare.to_str().unwrap(), "sub"];
    sandbox.git(&outer, &add);
    sandbox.git(&outer, &["commit", "-q", "-m", "Add a submodule"]);
    point(world, &outer.join("sub"), "in-sub");
    outer.join("sub")
}

/// Lets a clone's remote be the server, and begins a branch.
fn point(world: &World, work: &Path, branch: &str) {
    let url = format!("{}/acme/rocket.git", world.git.url());
    world
        .sandbox
        .git(work, &["remote", "set-url", "origin", &url]);
    world.sandbox.git(work, &["switch", "-q", "-c", branch]);
}

#[test]
fn submodules_ship_absorbed_and_not() {
    supervise!();
    let world = World::new();
    let sub = submodule(&world);
    assert!(sub.join(".git").is_file());
    assert_ships(&world, &sub);
    // One of a linked work tree has a git directory of its own.
    let outer = world.sandbox.path("outer");
    world
        .sandbox
        .git(&outer, &["worktree", "add", "-q", "../side"]);
    let side = world.sandbox.path("side");
    let bare = world.bare();
    let url = format!("submodule.sub.url={}", bare.display());
    let init = ["-c", &url, "submodule", "--quiet", "update", "--init"];
    world.sandbox.git(&side, &init);
    point(&world, &side.join("sub"), "in-side");
    assert_ships(&world, &side.join("sub"));
    // The old form: the git directory lies in the submodule.
    let away = world.sandbox.path("outer/.git/modules/sub");
    fs::remove_file(sub.join(".git")).unwrap();
    fs::rename(&away, sub.join(".git")).unwrap();
    world.sandbox.git(
        world.sandbox.path(""),
        &[
            "config",
            "--file",
            "outer/sub/.git/config",
            "--unset",
            "core.worktree",
        ],
    );
    assert_ships(&world, &sub);
    world
        .sandbox
        .git(&outer, &["submodule", "--quiet", "absorbgitdirs"]);
    assert!(sub.join(".git").is_file());
    assert_ships(&world, &sub);
}
