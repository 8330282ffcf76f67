//! The `pre-push` hook, beside git's own runs of it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sendoff::git::push::{LocalCheckError, PushOptions};
use sendoff::git::{ConfigFiles, LocalConfigTrust, PrePush, Repo};
use sendoff_push::Action;
use sendoff_testing::wait_until;

use crate::process::is_gone;
use crate::sandbox::Sandbox;
use crate::world::World;

use super::rig::{ahead, options, push_head, script};

/// Writes down everything that a hook can see of its caller.
const RECORD: &str = r#"{ echo "args: $*"; echo "name: $0"; echo "cwd: $PWD"; echo "input:"; cat; echo "end"
env | grep '^GIT_' | grep -v -e EXEC_PATH -e NOSYSTEM -e PROMPT -e _DATE | sort; } > "$HOME/seen""#;

fn opened(sandbox: &Sandbox, work: &Path) -> Repo {
    let files = ConfigFiles::of_user(Some(&sandbox.home()), None);
    Repo::discover(work, LocalConfigTrust::Ignore, &files)
        .unwrap()
        .unwrap()
}

/// The options with the hook that is found in `work`.
fn hooked(sandbox: &Sandbox, work: &Path) -> PushOptions {
    let mut options = options(sandbox);
    options.local.hook = match opened(sandbox, work).pre_push_hook() {
        PrePush::Found(hook) => Some(hook),
        other => panic!("{other:?}"),
    };
    options
}

/// What the hook wrote down; it is taken away.
fn seen(sandbox: &Sandbox) -> String {
    let path = sandbox.path("home/seen");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    text
}

/// Pushes HEAD with git and then with us to the same place, and returns what the hook saw each time.
fn both(sandbox: &Sandbox, work: &Path, remote: &Path) -> (String, String) {
    let branch = sandbox.git(work, &["symbolic-ref", "--short", "HEAD"]);
    let before = sandbox.git(
        remote,
        &[
            "for-each-ref",
            "--format=%(objectname)",
            &format!("refs/heads/{branch}"),
        ],
    );
    sandbox.git(work, &["push", "-q", "origin", &branch]);
    let git = seen(sandbox);
    if before.is_empty() {
        sandbox.git(
            remote,
            &["update-ref", "-d", &format!("refs/heads/{branch}")],
        );
    } else {
        sandbox.git(
            remote,
            &["update-ref", &format!("refs/heads/{branch}"), &before],
        );
    }
    let url = remote.to_str().unwrap();
    push_head(sandbox, work, url, &hooked(sandbox, work)).unwrap();
    (git, seen(sandbox))
}

fn with_origin(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    let (work, remote) = ahead(sandbox, "r");
    sandbox.git(
        &work,
        &["remote", "add", "origin", remote.to_str().unwrap()],
    );
    (work, remote)
}

#[test]
fn the_hook_sees_what_it_sees_under_git() {
    let sandbox = Sandbox::new();
    let (work, remote) = with_origin(&sandbox);
    script(&sandbox, "work-r/.git/hooks/pre-push", RECORD);
    let (git, ours) = both(&sandbox, &work, &remote);
    assert_eq!(ours, git);
    assert!(ours.contains("refs/heads/feature "), "{ours}");
    assert!(ours.contains("name: .git/hooks/pre-push\n"), "{ours}");
    // A branch that is new over there.
    sandbox.git(&work, &["switch", "-q", "-c", "topic"]);
    let (git, ours) = both(&sandbox, &work, &remote);
    assert_eq!(ours, git);
    assert!(ours.contains(&"0".repeat(40)), "{ours}");
    // With nothing to send it runs too, with nothing to read.
    let (git, ours) = both_again(&sandbox, &work, &remote);
    assert_eq!(ours, git);
    assert!(ours.contains("input:\nend\n"), "{ours}");
}

/// Pushes what the remote has already.
fn both_again(sandbox: &Sandbox, work: &Path, remote: &Path) -> (String, String) {
    sandbox.git(work, &["push", "-q", "origin", "HEAD"]);
    let git = seen(sandbox);
    let options = hooked(sandbox, work);
    let pushed = push_head(sandbox, work, remote.to_str().unwrap(), &options).unwrap();
    assert_eq!(pushed.action, Action::UpToDate);
    (git, seen(sandbox))
}

#[test]
fn the_hook_of_a_linked_work_tree_is_the_shared_one_and_knows_its_git_dir() {
    let sandbox = Sandbox::new();
    let (work, remote) = with_origin(&sandbox);
    script(&sandbox, "work-r/.git/hooks/pre-push", RECORD);
    let linked = sandbox.path("linked");
    let path = linked.to_str().unwrap();
    sandbox.git(&work, &["worktree", "add", "-q", "-b", "other", path]);
    sandbox.commit(&linked, "b.txt", "b\n", "b");
    let (git, ours) = both(&sandbox, &linked, &remote);
    assert_eq!(ours, git);
    assert!(ours.contains("GIT_DIR="), "{ours}");
}

#[test]
fn hooks_path_is_followed_as_git_follows_it_and_never_out_of_the_work_tree() {
    let sandbox = Sandbox::new();
    let (work, remote) = with_origin(&sandbox);
    script(&sandbox, "work-r/.husky/pre-push", RECORD);
    sandbox.git(&work, &["config", "core.hooksPath", ".husky"]);
    let (git, ours) = both(&sandbox, &work, &remote);
    assert_eq!(ours, git);
    assert!(ours.contains("name: .husky/pre-push\n"), "{ours}");
    // The user's own may be anywhere.
    sandbox.git(&work, &["config", "--unset", "core.hooksPath"]);
    script(&sandbox, "home/hooks/pre-push", RECORD);
    sandbox.git(&work, &["config", "--global", "core.hooksPath", "~/hooks"]);
    sandbox.commit(&work, "c.txt", "c\n", "c");
    let (git, ours) = both(&sandbox, &work, &remote);
    assert_eq!(ours, git);
    // The repository's may not, neither by its path nor by a link.
    let outside = sandbox.path("home/hooks");
    sandbox.git(&work, &["config", "core.hooksPath", "../home/hooks"]);
    assert!(matches!(
        opened(&sandbox, &work).pre_push_hook(),
        PrePush::Outside(_)
    ));
    sandbox.git(&work, &["config", "core.hooksPath", "~/hooks"]);
    assert!(matches!(
        opened(&sandbox, &work).pre_push_hook(),
        PrePush::Outside(_)
    ));
    std::os::unix::fs::symlink(&outside, work.join("inside")).unwrap();
    // A program without a slash would be looked up on the search path.
    script(&sandbox, "work-r/pre-push", RECORD);
    for scope in ["--local", "--global"] {
        sandbox.git(&work, &["config", "--unset", "core.hooksPath"]);
        sandbox.git(&work, &["config", scope, "core.hooksPath", "."]);
        let PrePush::Found(hook) = opened(&sandbox, &work).pre_push_hook() else {
            panic!("no hook");
        };
        assert_eq!(hook.relative.unwrap().as_os_str(), "./pre-push", "{scope}");
        sandbox.git(&work, &["config", "core.hooksPath", "."]);
    }
    sandbox.git(&work, &["config", "core.hooksPath", "inside"]);
    assert!(matches!(
        opened(&sandbox, &work).pre_push_hook(),
        PrePush::Outside(_)
    ));
}

/// Guards that what a command line says counts more than what the repository says, as for git.
#[test]
fn hooks_path_of_the_environment_counts_before_the_repositorys() {
    let world = World::new();
    let (sandbox, work) = (&world.sandbox, world.work());
    script(sandbox, "clone/.husky/pre-push", "exit 1");
    script(
        sandbox,
        "home/hooks/pre-push",
        "echo of-environment >&2; exit 1",
    );
    sandbox.git(&work, &["config", "core.hooksPath", ".husky"]);
    let mut variables = world.variables();
    let hooks = sandbox.path("home/hooks").display().to_string();
    for (path, says) in [
        (hooks.as_str(), "hook: of-environment"),
        ("/dev/null", "done"),
    ] {
        let parameters = format!("'core.hooksPath'='{path}'");
        variables.push(("GIT_CONFIG_PARAMETERS", parameters.clone()));
        let said = world.run_in(&work, &["run", "post-commit"], &variables);
        assert!(said.stdout.contains(says), "{path}: {}", said.stdout);
        let mut git = sandbox.command("git");
        git.args([
            "push",
            "--dry-run",
            "-q",
            "origin",
            "HEAD:refs/heads/by-git",
        ]);
        git.env("GIT_CONFIG_PARAMETERS", parameters);
        let url = format!("{}/acme/rocket.git", world.url_with_login());
        git.env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "remote.origin.pushurl");
        git.env("GIT_CONFIG_VALUE_0", url).current_dir(&work);
        let pushed = git.output().unwrap();
        assert_eq!(pushed.status.success(), path == "/dev/null", "{pushed:?}");
    }
}

/// Guards hooks that a tool named by their whole path, where work is done in linked work trees.
#[test]
fn hooks_path_may_lead_to_what_all_work_trees_share() {
    let sandbox = Sandbox::new();
    let (work, remote) = with_origin(&sandbox);
    let work = work.canonicalize().unwrap();
    let linked = sandbox.path("linked");
    let path = linked.to_str().unwrap();
    sandbox.git(&work, &["worktree", "add", "-q", "-b", "other", path]);
    for below in [".git/hooks", ".husky"] {
        let hooks = work.join(below);
        script(&sandbox, &format!("work-r/{below}/pre-push"), RECORD);
        let set = ["config", "core.hooksPath", hooks.to_str().unwrap()];
        sandbox.git(&work, &set);
        sandbox.commit(&linked, "b.txt", below, "b");
        let (git, ours) = both(&sandbox, &linked, &remote);
        assert_eq!(ours, git);
        let name = format!("name: {}/pre-push\n", hooks.display());
        assert!(ours.contains(&name), "{ours}");
    }
    // Elsewhere a directory that has no such hook leads nowhere.
    for nowhere in ["/dev/null", sandbox.home().to_str().unwrap()] {
        sandbox.git(&work, &["config", "core.hooksPath", nowhere]);
        let found = opened(&sandbox, &linked).pre_push_hook();
        assert_eq!(found, PrePush::None, "{nowhere}");
    }
    // What cannot be looked for is not absent.
    let hooks = sandbox.path("home/hooks");
    std::fs::create_dir(&hooks).unwrap();
    std::os::unix::fs::symlink("pre-push", hooks.join("pre-push")).unwrap();
    let set = ["config", "core.hooksPath", hooks.to_str().unwrap()];
    sandbox.git(&work, &set);
    let found = opened(&sandbox, &linked).pre_push_hook();
    assert_eq!(found, PrePush::Outside(hooks));
    // What is around a git directory whose work tree is elsewhere is not shared.
    let hooks = work.join(".husky");
    let set = ["config", "core.hooksPath", hooks.to_str().unwrap()];
    sandbox.git(&work, &set);
    let found = opened(&sandbox, &linked).pre_push_hook();
    assert!(matches!(found, PrePush::Found(_)), "{found:?}");
    let home = sandbox.home();
    let set = ["config", "core.worktree", home.to_str().unwrap()];
    sandbox.git(&work, &set);
    let found = opened(&sandbox, &linked).pre_push_hook();
    assert_eq!(found, PrePush::Outside(hooks));
}

#[test]
fn hooks_path_set_to_nothing_leads_to_no_hook() {
    let sandbox = Sandbox::new();
    let (work, _) = with_origin(&sandbox);
    for path in ["work-r/pre-push", "work-r/.git/hooks/pre-push"] {
        script(&sandbox, path, "exit 1");
    }
    for scope in ["--local", "--global"] {
        sandbox.git(&work, &["config", scope, "core.hooksPath", ""]);
        assert_eq!(
            opened(&sandbox, &work).pre_push_hook(),
            PrePush::None,
            "{scope}"
        );
        sandbox.git(&work, &["push", "-q", "origin", "HEAD"]);
        sandbox.git(&work, &["config", scope, "--unset", "core.hooksPath"]);
    }
    assert!(matches!(
        opened(&sandbox, &work).pre_push_hook(),
        PrePush::Found(_)
    ));
}

#[test]
fn a_hook_without_a_first_line_runs_and_one_that_is_not_executable_does_not() {
    let sandbox = Sandbox::new();
    let (work, remote) = with_origin(&sandbox);
    let text = "echo plain > \"$HOME/seen\"\n";
    let path = sandbox.executable("work-r/.git/hooks/pre-push", text);
    let (git, ours) = both(&sandbox, &work, &remote);
    assert_eq!((git.as_str(), ours.as_str()), ("plain\n", "plain\n"));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&path, mode).unwrap();
    assert!(matches!(
        opened(&sandbox, &work).pre_push_hook(),
        PrePush::NotExecutable(_)
    ));
}

/// Guards that what git takes for a hook is not passed over: the push would arrive without its checks.
#[test]
fn a_directory_in_the_hooks_place_ends_the_push() {
    let sandbox = Sandbox::new();
    let (work, remote) = with_origin(&sandbox);
    let place = work.join(".git/hooks/pre-push");
    std::fs::create_dir_all(&place).unwrap();
    let url = remote.to_str().unwrap();
    let error = push_head(&sandbox, &work, url, &hooked(&sandbox, &work)).unwrap_err();
    assert_eq!(error.class(), "hook-declined");
    let text = format!("the pre-push hook `{}` is not a file", place.display());
    assert_eq!(error.to_string(), text);
    let mut git = sandbox.command("timeout");
    let git = git.args(["5", "git", "push", "-q", "origin", "HEAD"]);
    let said = git.current_dir(&work).output().unwrap();
    assert!(!said.status.success());
    assert!(
        String::from_utf8(said.stderr)
            .unwrap()
            .contains("cannot exec")
    );
    // The advice, obeyed.
    let advice = error.advice().unwrap();
    assert_eq!(advice, "put a program in its place, or take it away");
    std::fs::remove_dir(&place).unwrap();
    assert_eq!(opened(&sandbox, &work).pre_push_hook(), PrePush::None);
    push_head(&sandbox, &work, url, &options(&sandbox)).unwrap();
}

#[test]
fn a_hook_that_says_no_ends_the_push_with_its_words() {
    let sandbox = Sandbox::new();
    let (work, remote) = with_origin(&sandbox);
    let token = format!("ghp_{}", "a1B2".repeat(9));
    let text = format!("printf '\\033[31mtests failed\\033[0m with {token}\\n' >&2; exit 3");
    script(&sandbox, "work-r/.git/hooks/pre-push", &text);
    let before = sandbox.git(&remote, &["rev-parse", "feature"]);
    let error = push_head(
        &sandbox,
        &work,
        remote.to_str().unwrap(),
        &hooked(&sandbox, &work),
    );
    let error = error.unwrap_err();
    assert_eq!(error.class(), "hook-declined");
    assert_eq!(
        error.to_string(),
        "the pre-push hook declined the push (exit code 3)"
    );
    assert_eq!(error.messages(), ["tests failed with [REDACTED]"]);
    assert!(!error.is_transient());
    assert_eq!(sandbox.git(&remote, &["rev-parse", "feature"]), before);
}

#[test]
fn a_hook_that_does_not_end_is_killed_with_its_children() {
    let sandbox = Sandbox::new();
    let (work, remote) = with_origin(&sandbox);
    let text = "sleep 600 & echo $! > \"$HOME/child\"; wait";
    script(&sandbox, "work-r/.git/hooks/pre-push", text);
    let mut options = hooked(&sandbox, &work);
    options.local.hook_timeout = Duration::from_secs(2);
    let begin = Instant::now();
    let error = push_head(&sandbox, &work, remote.to_str().unwrap(), &options).unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert!(
        matches!(error.local_check(), Some(LocalCheckError::HookTimeout(_))),
        "{error:?}"
    );
    assert_eq!(error.class(), "hook-declined");
    let child = std::fs::read_to_string(sandbox.path("home/child")).unwrap();
    assert!(is_gone(child.trim()));
}

#[test]
fn by_hand_the_hook_runs_and_for_agents_it_is_skipped_and_said_so() {
    let world = World::new();
    script(&world.sandbox, "clone/.git/hooks/pre-push", RECORD);
    let report = world.report(&["run", "post-commit", "--trigger", "claude-code"]);
    let step = &report["steps"][0];
    assert_eq!(step["verdict"], "done", "{step}");
    assert_eq!(step["outputs"]["hook"], "skipped");
    let warning = step["outputs"]["warnings"][0].as_str().unwrap();
    assert!(warning.contains("an agent asked for the push"), "{warning}");
    assert!(!world.sandbox.path("home/seen").exists());

    world.commit("b.txt", "b\n", "More");
    let report = world.report(&["run", "post-commit", "--trigger", "git-post-commit"]);
    assert_eq!(report["steps"][0]["outputs"]["hook"], "ran", "{report}");
    assert!(seen(&world.sandbox).contains("refs/heads/feature/x "));

    world.commit("b.txt", "c\n", "Still more");
    world.user_policy("[steps.push]\nhooks = \"skip\"\n");
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(report["steps"][0]["outputs"]["hook"], "skipped", "{report}");

    world.commit("b.txt", "d\n", "And more");
    world.user_policy("[steps.push]\nhooks = \"run\"\n");
    script(
        &world.sandbox,
        "clone/.git/hooks/pre-push",
        "echo lint failed; exit 1",
    );
    let said = world.run(&["run", "post-commit", "--trigger", "claude-code"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stdout.contains("hook: lint failed"), "{}", said.stdout);
}

#[test]
fn hooks_of_the_configuration_are_not_run_and_are_named() {
    let world = World::new();
    let work = world.work();
    let set = |scope: &str, key: &str, value: &str| {
        let add = ["config", scope, "--add", key, value];
        world.sandbox.git(&work, &add);
    };
    for name in ["scan", "off", "reset", "other"] {
        set("--global", &format!("hook.{name}.command"), "exit 1");
        set("--global", &format!("hook.{name}.event"), "pre-push");
    }
    set("--global", "hook.off.enabled", "false");
    // The last value counts.
    set("--global", "hook.scan.enabled", "false");
    set("--global", "hook.scan.enabled", "true");
    set("--global", "hook.reset.event", "");
    set("--global", "hook.reset.event", "pre-commit");
    set("--local", "hook.own.command", "exit 1");
    set("--local", "hook.own.event", "pre-push");
    let report = world.report(&["run", "post-commit"]);
    let step = &report["steps"][0];
    assert_eq!(step["verdict"], "done", "{report}");
    assert_eq!(
        step["outputs"]["warnings"][0],
        "not run before the push: hook.scan, hook.other of the git configuration, which git runs from 2.54 on; \
         only the file pre-push is run here"
    );
    // What stands in the repository has no power, and is named as such.
    let text = report.to_string();
    assert!(text.contains("hook.own.command"), "{text}");
}

#[test]
fn the_deadline_of_the_run_stands_still_while_the_hook_runs() {
    let world = World::new();
    world.user_policy("[limits]\ndeadline = \"5s\"\n");
    script(&world.sandbox, "clone/.git/hooks/pre-push", "sleep 6");
    let report = world.report(&["run", "post-commit"]);
    assert_eq!(report["steps"][0]["verdict"], "done", "{report}");
}

#[test]
fn a_push_that_is_stopped_stops_its_hook() {
    let sandbox = Sandbox::new();
    let (work, remote) = with_origin(&sandbox);
    let text = "echo $$ > \"$HOME/child\"; exec sleep 600";
    script(&sandbox, "work-r/.git/hooks/pre-push", text);
    let options = hooked(&sandbox, &work);
    let hook = options.local.hook.unwrap();
    let stop = AtomicBool::new(false);
    let child = sandbox.path("home/child");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("the hook", || {
                let text = std::fs::read_to_string(&child).ok()?;
                text.ends_with('\n').then_some(())
            });
            stop.store(true, Ordering::Relaxed);
        });
        let program = sendoff::process::Program::new(&hook.path)
            .inherit(&options.inheritance)
            .directory(&hook.directory);
        let ended = program.run_until(&stop);
        assert!(
            matches!(ended, Err(sendoff::process::ProcessError::Stopped(_))),
            "{ended:?}"
        );
    });
    drop(remote);
    assert!(is_gone(std::fs::read_to_string(&child).unwrap().trim()));
}
