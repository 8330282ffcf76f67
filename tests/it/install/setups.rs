//! The ten most usual set-ups: each ships at the first `git commit` after `sendoff install`, and nothing asks anything.

use std::path::Path;

use sendoff_testing::{left_out, succeed};
use serde_json::Value;

use crate::cli::fork::Fork;
use crate::push::authority::{Authority, Clients};
use crate::push::front::Front;
use crate::push::sshd::Ssh;
use crate::world::{TOKEN, World, step};

use super::managers::Managed;

/// Variables by name.
type Variables = Vec<(&'static str, String)>;

/// Returns the variables without a token: what knows the login is the set-up's own.
fn without_token(world: &World) -> Variables {
    let mut variables = world.variables();
    variables.retain(|(name, _)| *name != "SENDOFF_TOKEN");
    variables
}

/// Returns the variables with a program of the sandbox on the search path.
fn with_program(world: &World, name: &str, script: &str) -> Variables {
    world.sandbox.executable(format!("bin/{name}"), script);
    let mut variables = without_token(world);
    let bin = world.sandbox.path("bin");
    variables.push(("PATH", world.sandbox.search_path_from(&bin)));
    variables
}

/// Installs, commits once with git, and returns the report. The commit is on the server then, and no word was said.
fn first_commit(world: &World, work: &Path, variables: &Variables) -> Value {
    let said = world.run_in(work, &["install", "git", "--yes"], variables);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    std::fs::write(work.join("first"), "first\n").unwrap();
    world.sandbox.git(work, &["add", "first"]);
    let mut git = world.sandbox.command("git");
    git.current_dir(work)
        .envs(variables.iter().map(|(name, value)| (*name, value)))
        .args(["commit", "-q", "-m", "Commit for the first time"]);
    let output = git.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.is_empty(), "{told}");
    let waited = ["status", "--wait", "60s", "--json"];
    let report = world.run_in(work, &waited, variables).report();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let branch = world.sandbox.git(work, &["branch", "--show-current"]);
    assert_eq!(world.tip(&branch), world.sandbox.head(work), "{report}");
    report
}

/// Asserts that a report has an open pull request.
fn assert_pull_request(world: &World, report: &Value) {
    assert_eq!(step(report, "pr-create")["verdict"], "done", "{report}");
    assert_eq!(world.forge.pulls().len(), 1, "{report}");
}

/// A credential helper as `gh` and Git Credential Manager are: it answers for this server, and for the forge, which has another
/// address here, and takes note of what it is told.
fn helper(world: &World, words: &str, host: &str) -> String {
    let log = world.sandbox.path("helper.log");
    let forge = world.forge.url();
    let forge = forge
        .as_str()
        .trim_start_matches("http://")
        .trim_end_matches('/');
    format!(
        "#!/bin/sh\n\
         [ \"$*\" = \"{words} get\" ] || {{ echo \"$*\" >>'{log}'; cat >/dev/null; exit 0; }}\n\
         host= protocol=\n\
         while IFS='=' read -r key value; do\n\
           case $key in host) host=$value;; protocol) protocol=$value;; '') break;; esac\n\
         done\n\
         echo \"get $protocol://$host\" >>'{log}'\n\
         case $host in '{host}' | '{forge}') ;; *) exit 1;; esac\n\
         printf 'protocol=%s\\nhost=%s\\nusername=x-access-token\\npassword={TOKEN}\\n' \"$protocol\" \"$host\"\n",
        log = log.display(),
    )
}

#[test]
fn gh_and_https() {
    let world = World::new();
    let authority = Authority::new(&world.sandbox);
    let front = Front::with_tls(&world.git.url(), authority.server(Clients::Any));
    let place = format!("https://{}", front.address);
    world.point_to(&format!("{place}/acme/rocket.git"));
    world.user_policy_with_git_at(&place, "");
    // What `gh auth setup-git` writes, and the company's authority.
    let forge = world.forge.url();
    let forge = forge.as_str().trim_end_matches('/');
    let gh = "!gh auth git-credential";
    for (key, value) in [
        (format!("credential.{forge}.helper"), gh),
        (format!("credential.{place}.helper"), ""),
        (format!("credential.{place}.helper"), gh),
        ("http.sslCAInfo".into(), authority.path.to_str().unwrap()),
    ] {
        let arguments = ["config", "--global", "--add", &key, value];
        world.sandbox.git(world.work(), &arguments);
    }
    let script = helper(&world, "auth git-credential", &front.address.to_string());
    let variables = with_program(&world, "gh", &script);
    let report = first_commit(&world, &world.work(), &variables);
    assert_pull_request(&world, &report);
    let log = std::fs::read_to_string(world.sandbox.path("helper.log")).unwrap();
    assert!(log.contains(&format!("get {place}\n")), "{log}");
}

#[test]
fn ssh() {
    let world = World::new();
    let ssh = Ssh::start(&world.sandbox);
    world.point_to(&format!("{}{}", ssh.place, world.bare().display()));
    let arguments = ["config", "--global", "core.sshCommand", &ssh.command];
    world.sandbox.git(world.work(), &arguments);
    first_commit(&world, &world.work(), &without_token(&world));
}

#[test]
fn a_credential_manager() {
    let world = World::new();
    let host = world.git.url().trim_start_matches("http://").to_owned();
    let script = helper(&world, "", &host).replace("\" get\"", "\"get\"");
    let variables = with_program(&world, "git-credential-manager", &script);
    let arguments = ["config", "--global", "credential.helper", "manager"];
    world.sandbox.git(world.work(), &arguments);
    let report = first_commit(&world, &world.work(), &variables);
    assert_pull_request(&world, &report);
    let log = std::fs::read_to_string(world.sandbox.path("helper.log")).unwrap();
    assert!(log.lines().any(|line| line == "store"), "{log}");
}

/// Lets a manager of hooks write its own first.
fn managed(manager: &str, file: &str, content: &str, install: &[&str]) {
    let Some(managed) = Managed::new(manager) else {
        return;
    };
    managed.write(file, content);
    managed.run(manager, install);
    super::done(&managed.world, &["install", "git", "--yes"]);
    assert_eq!(managed.commit(), 1);
    assert_eq!(managed.world.forge.pulls().len(), 1);
}

#[test]
fn husky() {
    managed("husky", ".husky/pre-commit", "true\n", &[]);
}

#[test]
fn lefthook() {
    let hooks = "pre-commit:\n  jobs:\n    - run: 'true'\n";
    managed("lefthook", "lefthook.yml", hooks, &["install"]);
}

#[test]
fn pre_commit() {
    let hooks = "repos:\n  - repo: local\n    hooks:\n      - {id: t, name: t, language: system, entry: 'true', pass_filenames: false}\n";
    managed("pre-commit", ".pre-commit-config.yaml", hooks, &["install"]);
}

#[test]
fn lfs() {
    let world = World::new();
    let work = world.work();
    let uploaded = world.sandbox.path("uploaded");
    let mut variables = if sendoff_testing::tool("git-lfs").is_some() {
        // Its files go beside the repository, and not to a server.
        let files = format!("file://{}", world.bare().display());
        for (key, value) in [
            ("lfs.url", files.as_str()),
            ("filter.lfs.process", "git-lfs filter-process"),
            ("filter.lfs.smudge", "git-lfs smudge -- %f"),
            ("filter.lfs.required", "true"),
        ] {
            world
                .sandbox
                .git(&work, &["config", "--global", key, value]);
        }
        world.variables()
    } else {
        left_out("git-lfs", "a script stands in its place");
        // Clean filter and hook, as git calls them: the file's pointer, and what is pushed.
        let script = format!(
            "#!/bin/sh\ncase $1 in\n\
             clean) printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize %s\\n' \"$(cat | sha256sum | cut -d' ' -f1)\" 4;;\n\
             pre-push) cat >'{}';;\n\
             *) cat;; esac\n",
            uploaded.display()
        );
        with_program(&world, "git-lfs", &script)
    };
    variables.push(("SENDOFF_TOKEN", TOKEN.into()));
    // What `git lfs install` and `git lfs track` write.
    world.sandbox.write(
        "clone/.gitattributes",
        "*.bin filter=lfs diff=lfs merge=lfs -text\n",
    );
    world.sandbox.executable(
        "clone/.git/hooks/pre-push",
        "#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || { echo >&2 'git-lfs is missing'; exit 2; }\ngit lfs pre-push \"$@\"\n",
    );
    world.sandbox.git(
        &work,
        &[
            "config",
            "--global",
            "filter.lfs.clean",
            "git-lfs clean -- %f",
        ],
    );
    world.sandbox.write("clone/large.bin", "data");
    let mut add = world.sandbox.command("git");
    add.current_dir(&work)
        .envs(variables.iter().map(|(name, value)| (*name, value)))
        .args(["add", "--all"]);
    succeed(&mut add);
    let report = first_commit(&world, &work, &variables);
    assert_pull_request(&world, &report);
    let pointer = world
        .sandbox
        .git(world.bare(), &["show", "feature/x:large.bin"]);
    assert!(pointer.starts_with("version https://git-lfs"), "{pointer}");
    // The file itself arrived as well; the script notes what it is told.
    match std::fs::read_to_string(uploaded) {
        Ok(told) => assert!(told.starts_with("refs/heads/feature/x "), "{told}"),
        Err(_) => assert!(world.bare().join("lfs/objects").exists()),
    }
}

#[test]
fn a_fork() {
    let fork = Fork::new();
    let world = &fork.0;
    let said = world.run(&["install", "git", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let mut git = world.sandbox.command("git");
    git.current_dir(world.work()).envs(world.variables());
    let commit = [
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "Commit for the first time",
    ];
    succeed(git.args(commit));
    let report = world.run(&["status", "--wait", "60s", "--json"]).report();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    assert_eq!(fork.pull(&report).repository, "acme/rocket");
}

#[test]
fn a_linked_work_tree() {
    let world = World::new();
    let add = ["worktree", "add", "-q", "-b", "side", "../linked"];
    world.sandbox.git(world.work(), &add);
    let report = first_commit(&world, &world.sandbox.path("linked"), &world.variables());
    assert_pull_request(&world, &report);
}

#[test]
fn a_submodule_of_a_monorepo() {
    let world = World::new();
    let sandbox = &world.sandbox;
    let outer = sandbox.repository("outer");
    let bare = world.bare();
    let add = [
        "submodule",
        "--quiet",
        "add",
        bare.to_str().unwrap(),
        "libs/rocket",
    ];
    sandbox.git(&outer, &add);
    sandbox.git(&outer, &["commit", "-q", "-m", "Add a submodule"]);
    let sub = outer.join("libs/rocket");
    let url = format!("{}/acme/rocket.git", world.git.url());
    sandbox.git(&sub, &["remote", "set-url", "origin", &url]);
    sandbox.git(&sub, &["switch", "-q", "-c", "side"]);
    let report = first_commit(&world, &sub, &world.variables());
    assert_pull_request(&world, &report);
}
