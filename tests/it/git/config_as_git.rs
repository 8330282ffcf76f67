//! Tests of `git::config` beside `git config`: files, includes and variables say the same to both.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use sendoff::environment::Environment;
use sendoff::git::{ConfigFiles, LocalConfigTrust, OpenError, Repo};
use sendoff::names::BranchName;
use sendoff_testing::supervise;

use super::open::append;
use crate::sandbox::Sandbox;

/// A place where git and we are asked for the same keys.
struct Twin {
    sandbox: Sandbox,
    work: PathBuf,
    /// How the work tree is entered.
    entered: PathBuf,
    variables: Vec<(String, String)>,
}

impl Twin {
    fn new(global: &str) -> Self {
        let sandbox = Sandbox::new();
        let work = sandbox.repository("r").canonicalize().unwrap();
        append(&sandbox.home().join(".gitconfig"), global);
        Self {
            entered: work.clone(),
            work,
            sandbox,
            variables: Vec::new(),
        }
    }

    fn set(&mut self, name: &str, value: impl AsRef<Path>) -> &mut Self {
        let value = value.as_ref().to_str().unwrap().to_owned();
        self.variables.push((name.to_owned(), value));
        self
    }

    /// What git reads.
    fn git(&self, key: &str) -> Option<String> {
        let mut git = self.sandbox.command("git");
        let output = git
            .args(["config", "--get", key])
            .current_dir(&self.entered)
            .env("PWD", &self.entered)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        output.status.success().then(|| text.trim_end().to_owned())
    }

    fn open(&self) -> Repo {
        self.discover().unwrap().unwrap()
    }

    /// Says why the configuration cannot be read.
    fn refused(&self) -> String {
        let error: &dyn std::error::Error = &self.discover().unwrap_err();
        format!("{error}: {}", error.source().unwrap())
    }

    fn discover(&self) -> Result<Option<Repo>, OpenError> {
        let given = self.variables.iter();
        let given = given.map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<_> = given
            .chain([("PWD", self.entered.to_str().unwrap())])
            .collect();
        let variables = self.sandbox.variables();
        let all = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let environment = Environment::from_pairs(&self.work, all.chain(pairs));
        let files = ConfigFiles::of_environment(&environment).unwrap();
        Repo::discover(&self.work, LocalConfigTrust::Ignore, &files)
    }

    /// What both read; they have to agree.
    fn both(&self, key: &str) -> Option<String> {
        let ours = self.open().config().string(key);
        assert_eq!(ours, self.git(key), "{key}: ours, git's");
        ours
    }
}

const INCLUDED: &str = "[core]\n\tsshCommand = included\n";

#[test]
fn a_condition_on_the_git_directory_holds_for_the_real_path_and_for_the_one_that_was_entered() {
    supervise!();
    let mut twin = Twin::new("[includeIf \"gitdir:~/entered/\"]\n\tpath = inc\n");
    twin.sandbox.write("home/inc", INCLUDED);
    assert_eq!(twin.both("core.sshCommand"), None);
    symlink(twin.sandbox.path(""), twin.sandbox.home().join("entered")).unwrap();
    assert_eq!(twin.both("core.sshCommand"), None);
    twin.entered = twin.sandbox.home().join("entered/r");
    assert_eq!(twin.both("core.sshCommand").as_deref(), Some("included"));
}

/// Of a linked work tree, and of one whose git directory lies elsewhere, conditions see the real git directory alone.
#[test]
fn a_condition_sees_the_git_directory_and_not_the_work_tree() {
    supervise!();
    for (condition, holds) in [("gitdir:~/trees/", false), ("gitdir:**/worktrees/*", true)] {
        let mut twin = Twin::new(&format!("[includeIf \"{condition}\"]\n\tpath = inc\n"));
        twin.sandbox.write("home/inc", INCLUDED);
        twin.sandbox.commit(&twin.work, "a.txt", "a\n", "Add a");
        let tree = twin.sandbox.home().join("trees/linked");
        let add = ["worktree", "add", "-q", tree.to_str().unwrap()];
        twin.sandbox.git(&twin.work, &add);
        twin.work = tree.canonicalize().unwrap();
        twin.entered = twin.work.clone();
        let found = twin.both("core.sshCommand");
        assert_eq!(found.is_some(), holds, "{condition}");
    }
}

#[test]
fn a_home_that_is_a_link_is_followed_in_conditions() {
    supervise!();
    let mut twin = Twin::new("");
    let link = twin.sandbox.path("link");
    symlink(twin.sandbox.home(), &link).unwrap();
    let work = twin.sandbox.repository("home/src/r");
    twin.work = work.canonicalize().unwrap();
    twin.entered = twin.work.clone();
    twin.set("HOME", &link);
    twin.sandbox.write("home/inc", INCLUDED);
    append(
        &twin.sandbox.home().join(".gitconfig"),
        "[includeIf \"gitdir:~/src/\"]\n\tpath = ~/inc\n",
    );
    assert_eq!(twin.both("core.sshCommand").as_deref(), Some("included"));
}

#[test]
fn every_kind_of_condition_says_the_same_to_both() {
    supervise!();
    for (condition, holds) in [
        ("gitdir:**/r/.git", true),
        ("gitdir:r/", true),
        ("gitdir:R/", false),
        ("gitdir/i:R/", true),
        ("gitdir:./../r/", false),
        ("onbranch:main", true),
        ("onbranch:ma*", true),
        ("onbranch:topic/", false),
        ("hasconfig:remote.*.url:https://git.example.test/**", true),
        ("hasconfig:remote.*.url:https://*/team/r", true),
        ("hasconfig:remote.*.url:https://other.test/**", false),
        ("hasconfig:branch.*.remote:x", false),
        ("nonsense:x", false),
    ] {
        let twin = Twin::new(&format!("[includeIf \"{condition}\"]\n\tpath = inc\n"));
        twin.sandbox.write("home/inc", INCLUDED);
        let url = "https://git.example.test/team/r";
        let remote = ["config", "remote.origin.url", url];
        twin.sandbox.git(&twin.work, &remote);
        let found = twin.both("core.sshCommand");
        assert_eq!(found.is_some(), holds, "{condition}");
    }
}

/// HEAD may name a branch that stands for another one.
#[test]
fn the_branch_of_a_condition_is_the_one_that_head_leads_to() {
    supervise!();
    for (condition, holds) in [("onbranch:main", true), ("onbranch:alias", false)] {
        let mut twin = Twin::new(&format!("[includeIf \"{condition}\"]\n\tpath = ~/inc\n"));
        twin.sandbox.write("home/inc", INCLUDED);
        let alias = |name: &str, to: &str| {
            let link = ["symbolic-ref", name, to];
            twin.sandbox.git(&twin.work, &link);
        };
        alias("refs/heads/second", "refs/heads/main");
        alias("refs/heads/alias", "refs/heads/second");
        alias("HEAD", "refs/heads/alias");
        assert_eq!(twin.both("core.sshCommand").is_some(), holds, "{condition}");
        twin.sandbox.git(&twin.work, &["pack-refs", "--all"]);
        assert_eq!(twin.both("core.sshCommand").is_some(), holds, "{condition}");
        // In a linked work tree, too.
        let linked = twin.sandbox.path("linked");
        let add = [
            "worktree",
            "add",
            "-q",
            "--detach",
            linked.to_str().unwrap(),
        ];
        twin.sandbox.git(&twin.work, &add);
        let head = ["symbolic-ref", "HEAD", "refs/heads/alias"];
        twin.sandbox.git(&linked, &head);
        let linked = linked.canonicalize().unwrap();
        (twin.entered, twin.work) = (linked.clone(), linked);
        assert_eq!(twin.both("core.sshCommand").is_some(), holds, "{condition}");
    }
}

#[test]
fn an_included_file_counts_where_it_is_included() {
    supervise!();
    let twin = Twin::new("[core]\n\teditor = a\n[include]\n\tpath = inc\n[core]\n\tpager = b\n");
    let nested = "[core]\n\teditor = inc\n\tpager = inc\n[include]\n\tpath = sub/deep\n";
    twin.sandbox.write("home/inc", nested);
    twin.sandbox.write(
        "home/sub/deep",
        "[include]\n\tpath = ../inc\n[core]\n\taskPass = deep\n",
    );
    // Files that include one another are refused, as git does.
    assert_eq!(twin.git("core.askPass"), None);
    let refused = twin.refused();
    assert!(
        refused.contains("files are included in files more than 10 deep"),
        "{refused}"
    );
    // One that is not there is looked for before files are counted.
    for level in 3..10 {
        let next = format!("[include]\n\tpath = level-{}\n", level + 1);
        twin.sandbox.write(&format!("home/level-{level}"), next);
    }
    let last = "[include]\n\tpath = nowhere\n[core]\n\taskPass = last\n";
    twin.sandbox.write("home/level-10", last);
    let first = "[include]\n\tpath = ../level-3\n";
    twin.sandbox.write("home/sub/deep", first);
    assert_eq!(twin.both("core.askPass").as_deref(), Some("last"));
    twin.sandbox
        .write("home/sub/deep", "[core]\n\taskPass = deep\n");
    for (key, value) in [
        ("core.editor", "inc"),
        ("core.pager", "b"),
        ("core.askPass", "deep"),
    ] {
        assert_eq!(twin.both(key).as_deref(), Some(value));
    }
}

#[test]
fn the_variables_that_replace_files_are_followed() {
    supervise!();
    let mut twin = Twin::new("[core]\n\teditor = home\n");
    let other = twin.sandbox.write("other", "[core]\n\tpager = other\n");
    let system = twin.sandbox.write("system", "[core]\n\taskPass = system\n");
    twin.set("GIT_CONFIG_GLOBAL", &other);
    twin.set("GIT_CONFIG_SYSTEM", &system);
    assert_eq!(twin.both("core.editor"), None);
    assert_eq!(twin.both("core.pager").as_deref(), Some("other"));
    // The sandbox sets GIT_CONFIG_NOSYSTEM.
    assert_eq!(twin.both("core.askPass"), None);
    twin.set("GIT_CONFIG_NOSYSTEM", "false");
    assert_eq!(twin.both("core.askPass").as_deref(), Some("system"));
    let link = twin.sandbox.path("null");
    symlink("/dev/null", &link).unwrap();
    for null in [Path::new("/dev/null"), &link] {
        twin.set("GIT_CONFIG_GLOBAL", null);
        assert_eq!(twin.both("core.pager"), None);
    }
    // Set to nothing, each names no file.
    twin.set("GIT_CONFIG_GLOBAL", "");
    twin.set("GIT_CONFIG_SYSTEM", "");
    assert_eq!(twin.both("core.editor"), None);
    assert_eq!(twin.both("core.askPass"), None);
}

/// A relative path has no file beside it in a variable: an error for git, and so for us.
#[test]
fn a_variable_that_includes_a_relative_path_is_refused() {
    supervise!();
    let mut twin = Twin::new("");
    twin.sandbox.write("home/inc", INCLUDED);
    twin.set("GIT_CONFIG_COUNT", "1");
    twin.set("GIT_CONFIG_KEY_0", "include.path");
    twin.set("GIT_CONFIG_VALUE_0", "~/inc");
    assert_eq!(twin.both("core.sshCommand").as_deref(), Some("included"));
    twin.set("GIT_CONFIG_VALUE_0", "inc");
    assert_eq!(twin.git("core.sshCommand"), None);
    let refused = twin.refused();
    assert!(
        refused.contains("a relative path is included from a variable"),
        "{refused}"
    );
}

#[test]
fn configuration_in_the_environment_counts_above_the_files() {
    supervise!();
    let mut twin = Twin::new("[core]\n\teditor = home\n\tpager = home\n[a \"B.c\"]\n\td = home\n");
    twin.set(
        "GIT_CONFIG_PARAMETERS",
        "'core.editor'='parameter' 'a.B.c.D'='it'\\''s'",
    );
    twin.set("GIT_CONFIG_COUNT", "2");
    twin.set("GIT_CONFIG_KEY_0", "core.pager")
        .set("GIT_CONFIG_VALUE_0", " pair ");
    twin.set("GIT_CONFIG_KEY_1", "core.editor")
        .set("GIT_CONFIG_VALUE_1", "pair");
    assert_eq!(
        twin.open().config().string("core.pager").as_deref(),
        Some(" pair ")
    );
    assert_eq!(twin.both("a.B.c.d").as_deref(), Some("it's"));
    assert_eq!(twin.both("a.b.c.d"), None);
    let editor = twin.open().config().string("core.editor");
    assert_eq!(editor, twin.git("core.editor"));
}

#[test]
fn a_remote_of_the_environment_counts_above_the_repositorys() {
    supervise!();
    let mut twin = Twin::new("");
    for (key, value) in [
        ("remote.a.url", "https://a.test/o/r"),
        ("remote.b.url", "https://b.test/o/r"),
        ("branch.main.remote", "a"),
    ] {
        twin.sandbox.git(&twin.work, &["config", key, value]);
    }
    twin.set("GIT_CONFIG_COUNT", "1");
    twin.set("GIT_CONFIG_KEY_0", "branch.main.remote")
        .set("GIT_CONFIG_VALUE_0", "b");
    let main = BranchName::new("main").unwrap();
    let remote = twin.open().remote(None, Some(&main)).unwrap();
    assert_eq!(remote.name.as_str(), "b");
}

#[test]
fn paths_are_expanded_and_truths_are_read_as_by_git() {
    supervise!();
    let twin = Twin::new(
        "[core]\n\thooksPath = ~/h\n[x]\n\tone\n\ttwo = 0\n\tthree = 1k\n\tfour =\n\tfive = maybe\n",
    );
    let repo = twin.open();
    let config = repo.config();
    assert_eq!(
        config.path("core.hooksPath"),
        Some(twin.sandbox.home().join("h"))
    );
    let truth = |key: &str| config.bool(key);
    assert_eq!(truth("x.one"), Some(true));
    assert_eq!(truth("x.two"), Some(false));
    assert_eq!(truth("x.three"), Some(true));
    assert_eq!(truth("x.four"), Some(false));
    assert_eq!(truth("x.five"), None);
}

#[test]
fn an_unknown_extension_is_ignored_in_the_first_format_as_by_git() {
    supervise!();
    let twin = Twin::new("");
    append(
        &twin.work.join(".git/config"),
        "[extensions]\n\tsomeTool = true\n",
    );
    let repo = twin.open();
    assert!(repo.head().unwrap().id().is_some());
    assert!(repo.thread_local().unwrap().head_id().is_ok());
    twin.sandbox.git(&twin.work, &["rev-parse", "HEAD"]);
    append(
        &twin.work.join(".git/config"),
        "[extensions]\n\tobjectFormat = sha1\n",
    );
    let files = ConfigFiles::of_user(Some(&twin.sandbox.home()), None);
    assert!(Repo::discover(&twin.work, LocalConfigTrust::Ignore, &files).is_err());
}

/// Guards that a relative path in a variable is meant from the top of the work tree, as git goes there before it reads; from
/// the working directory within git's own directory and in a bare repository.
#[test]
fn relative_files_of_variables_are_meant_from_the_top_of_the_work_tree() {
    supervise!();
    let mut twin = Twin::new("");
    let bare = twin.sandbox.path("bare.git");
    let clone = ["clone", "-q", "--bare", ".", bare.to_str().unwrap()];
    twin.sandbox.commit(&twin.work, "a.txt", "a\n", "Add a");
    twin.sandbox.git(&twin.work, &clone);
    let top = twin.work.clone();
    let bare = bare.canonicalize().unwrap();
    for (directory, place) in [
        (top.clone(), "top"),
        (top.join("sub/deep"), "sub"),
        (top.join(".git/refs"), "refs"),
        (bare.clone(), "bare"),
        (bare.join("refs"), "bare refs"),
    ] {
        std::fs::create_dir_all(&directory).unwrap();
        for name in ["global", "system"] {
            let text = format!("[core]\n\tsshCommand = {name} {place}\n");
            std::fs::write(directory.join(name), text).unwrap();
        }
    }
    for name in ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"] {
        let file = name.trim_start_matches("GIT_CONFIG_").to_lowercase();
        twin.variables.clear();
        twin.set("GIT_CONFIG_NOSYSTEM", "false");
        twin.set(name, file.clone());
        for (directory, read) in [
            (top.clone(), "top"),
            (top.join("sub/deep"), "top"),
            (top.join(".git/refs"), "refs"),
            (bare.clone(), "bare"),
            (bare.join("refs"), "bare refs"),
        ] {
            twin.work = directory.clone();
            twin.entered = directory;
            let found = twin.both("core.sshCommand");
            assert_eq!(found, Some(format!("{file} {read}")));
        }
    }
}

/// Git reads the subsection of a header from before subsections had quotes in lower case.
#[test]
fn old_headers_are_read_in_lower_case() {
    supervise!();
    let twin = Twin::new("[Remote.ORIGIN]\n\turl = a\n[Branch.A.B-C]\n\tremote = b\n");
    assert_eq!(twin.both("remote.origin.url").as_deref(), Some("a"));
    assert_eq!(twin.both("remote.ORIGIN.url"), None);
    assert_eq!(twin.both("branch.a.b-c.remote").as_deref(), Some("b"));
    append(
        &twin.work.join(".git/config"),
        "[Remote.UP]\n\turl = https://h.test/o/r\n",
    );
    let name = sendoff::names::RemoteName::new("up").unwrap();
    let remote = twin.open().remote(Some(&name), None).unwrap();
    assert_eq!(Some(remote.url.to_string()), twin.git("remote.up.url"));
}
