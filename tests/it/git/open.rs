//! Tests of `git::open` and `git::discover`.

use std::os::unix::fs::chown;
use std::path::Path;

use sendoff::git::ConfigFiles;
use sendoff::git::LocalConfigTrust;
use sendoff::git::OpenError;
use sendoff::git::Repo;
use sendoff_testing::{left_out, supervise};

use super::{files, open};
use crate::sandbox::{Sandbox, succeed};

fn discover(sandbox: &Sandbox, path: &Path) -> Result<Option<Repo>, OpenError> {
    Repo::discover(path, LocalConfigTrust::Ignore, &files(sandbox))
}

#[test]
fn outside_a_repository_there_is_none() {
    supervise!();
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("plain")).unwrap();
    assert!(
        discover(&sandbox, &sandbox.path("plain"))
            .unwrap()
            .is_none()
    );
    assert!(
        discover(&sandbox, &sandbox.path("absent"))
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_subdirectory_leads_to_the_top() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    std::fs::create_dir_all(work.join("a/b")).unwrap();
    let repo = open(&sandbox, &work.join("a/b"));
    let top = work.canonicalize().unwrap();
    assert_eq!(repo.work_tree(), Some(top.as_path()));
    assert!(!repo.is_bare());
}

#[test]
fn a_bare_repository_and_the_inside_of_a_git_directory_are_told_apart() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(sandbox.path(""), &["clone", "-q", "--bare", "r", "b.git"]);
    let bare = open(&sandbox, &sandbox.path("b.git"));
    assert!(bare.is_bare());
    assert!(bare.head().unwrap().id().is_some());
    let inside = open(&sandbox, &work.join(".git/refs"));
    assert!(!inside.is_bare() && inside.work_tree().is_none());
    assert_eq!(inside.work_tree(), None);
}

#[test]
fn a_linked_worktree_has_its_own_branch() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["worktree", "add", "-q", "-b", "side", "../linked"]);
    let repo = open(&sandbox, &sandbox.path("linked"));
    let branch = |repo: &Repo| repo.head().unwrap().branch().unwrap().to_string();
    assert_eq!(branch(&repo), "side");
    assert_eq!(branch(&open(&sandbox, &work)), "main");
    assert_ne!(repo.git_dir(), repo.common_dir());
    assert_eq!(repo.thread_local().unwrap().workdir(), repo.work_tree());
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    supervise!();
    let sandbox = Sandbox::new();
    let inner = sandbox.repository("inner");
    let outer = sandbox.repository("outer");
    let url = inner.to_str().unwrap();
    sandbox.git(&outer, &["submodule", "--quiet", "add", url, "sub"]);
    let repo = open(&sandbox, &outer.join("sub"));
    let remote = repo.remote(None, None).unwrap();
    assert_eq!(remote.url.to_string(), url);
    let top = outer.join("sub").canonicalize().unwrap();
    assert_eq!(repo.work_tree(), Some(top.as_path()));
}

#[test]
fn a_git_file_that_leads_nowhere_is_an_error() {
    supervise!();
    let sandbox = Sandbox::new();
    for content in [
        "gitdir: /nowhere\n",
        "gitdir: ../.git/modules/sub\n",
        "garbage",
        "",
        "gitdir:\0",
    ] {
        sandbox.write("broken/.git", content);
        let error = discover(&sandbox, &sandbox.path("broken")).unwrap_err();
        assert!(
            matches!(error, OpenError::Pointer(_)) && error.advice().is_none(),
            "{content:?}: {error}"
        );
    }
}

const PIPES: [&str; 7] = [
    "HEAD",
    "config",
    "packed-refs",
    "commondir",
    "shallow",
    "objects/info/alternates",
    "objects/info/commit-graph",
];

#[test]
fn pipes_where_git_has_files_do_not_block() {
    supervise!();
    let sandbox = Sandbox::new();
    for name in PIPES {
        let work = sandbox.repository(&format!("r-{}", name.replace('/', "-")));
        let path = work.join(".git").join(name);
        drop(std::fs::remove_file(&path));
        sandbox.pipe(&path);
        let refused = discover(&sandbox, &work);
        assert!(!matches!(refused, Ok(Some(_))), "{name} was read");
    }
}

/// Gitoxide reads the lists of alternates whole, those of the directories that they name too.
#[test]
fn lists_of_alternates_are_looked_at_before_they_are_read() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let list = work.join(".git/objects/info/alternates");
    let refused = |what: &str| {
        let opened = discover(&sandbox, &work);
        let is_special = matches!(opened, Err(OpenError::SpecialFile(_)));
        assert!(is_special, "{what}: {opened:?}");
    };
    // Without an end: six gigabytes that take no room.
    let endless = |path: &Path| {
        let file = std::fs::File::create(path).unwrap();
        file.set_len(6 << 30).unwrap();
    };
    endless(&list);
    refused("a list without an end");
    let named = |name: &str| {
        let info = sandbox.path(name).join("info");
        std::fs::create_dir_all(&info).unwrap();
        let line = format!("{}\n", sandbox.path(name).display());
        std::fs::write(&list, line).unwrap();
        info.join("alternates")
    };
    endless(&named("large"));
    refused("a list that a list names, without an end");
    sandbox.pipe(named("pipe"));
    refused("a pipe that a list names");
    std::fs::write(&list, "/tmp/x\n".repeat(200)).unwrap();
    refused("two hundred directories");
    // The control: an alternate that has one itself.
    let last = sandbox.path("last");
    std::fs::create_dir_all(&last).unwrap();
    std::fs::write(named("first"), format!("{}\n", last.display())).unwrap();
    assert!(discover(&sandbox, &work).unwrap().is_some());
}

#[test]
fn a_pipe_in_place_of_a_part_of_the_commit_graph_does_not_block() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.commit(&work, "a.txt", "a", "a");
    let write = ["commit-graph", "write", "--reachable", "--split"];
    sandbox.git(&work, &write);
    assert!(discover(&sandbox, &work).unwrap().is_some());
    let parts = work.join(".git/objects/info/commit-graphs");
    let mut parts = std::fs::read_dir(parts)
        .unwrap()
        .map(|part| part.unwrap().path());
    let part = parts.find(|part| part.extension().is_some()).unwrap();
    std::fs::remove_file(&part).unwrap();
    sandbox.pipe(&part);
    let opened = discover(&sandbox, &work);
    assert!(
        matches!(opened, Err(OpenError::SpecialFile(_))),
        "{opened:?}"
    );
}

#[test]
fn a_pipe_in_place_of_a_branch_does_not_block() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let path = work.join(".git/refs/heads/main");
    std::fs::remove_file(&path).unwrap();
    sandbox.pipe(&path);
    assert!(open(&sandbox, &work).head().is_err());
}

#[test]
fn a_repository_of_another_user_is_refused_unless_the_user_lists_it() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    if chown(&work, Some(12_345), None).is_err() {
        left_out("root", "nobody else can give a file away");
        return;
    }
    let error = discover(&sandbox, &work).unwrap_err();
    assert!(matches!(error, OpenError::NotOwned { .. }));
    assert!(error.advice().unwrap().contains("safe.directory"));
    // What the repository says of itself does not count.
    let top = work.canonicalize().unwrap();
    let local = format!("[safe]\n\tdirectory = {}\n", top.display());
    append(&work.join(".git/config"), &local);
    assert!(discover(&sandbox, &work).is_err());
    append(&sandbox.home().join(".gitconfig"), &local);
    assert!(discover(&sandbox, &work).unwrap().is_some());
}

#[test]
fn a_format_that_git_does_not_know_is_named() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r").canonicalize().unwrap();
    let set = |version| sandbox.git(&work, &["config", "core.repositoryFormatVersion", version]);
    set("2");
    let error = discover(&sandbox, &work).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the repository is of format 2, and git knows 0 and 1"
    );
    let file = work.join(".git/config");
    let advice = format!(
        "use the program that made it, or correct core.repositoryFormatVersion in `{}`",
        file.display()
    );
    assert_eq!(error.advice().unwrap(), advice);
    let mut git = sandbox.command("git");
    assert!(
        !git.arg("-C")
            .arg(&work)
            .arg("status")
            .output()
            .unwrap()
            .status
            .success()
    );
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("ersion = 2", "ersion = 1")).unwrap();
    assert!(discover(&sandbox, &work).unwrap().is_some());
}

/// Guards against advice to list the git directory, which git and we do not look for.
#[test]
fn the_advice_on_a_git_directory_of_another_user_works() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r").canonicalize().unwrap();
    let git_dir = work.join(".git");
    if chown(&git_dir, Some(12_345), None).is_err() {
        left_out("root", "nobody else can give a file away");
        return;
    }
    let error = discover(&sandbox, &work).unwrap_err();
    let foreign = format!("`{}` belongs to another user", git_dir.display());
    assert_eq!(error.to_string(), foreign);
    let advice = error.advice().unwrap();
    let command = advice.split('`').nth(1).unwrap();
    let mut shell = sandbox.command("sh");
    succeed(shell.args(["-c", command]));
    assert!(discover(&sandbox, &work).unwrap().is_some());
    sandbox.git(&work, &["status"]);
}

#[test]
fn a_repository_of_another_user_is_the_callers_where_git_takes_it_for_one() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    std::fs::create_dir(work.join("below")).unwrap();
    if chown(&work, Some(12_345), None).is_err() {
        left_out("root", "nobody else can give a file away");
        return;
    }
    let mut of_sudo = files(&sandbox);
    let by = |files: &ConfigFiles, place: &Path| {
        Repo::discover(place, LocalConfigTrust::Ignore, files).is_ok()
    };
    of_sudo.sudo_user = Some(54_321);
    assert!(!by(&of_sudo, &work));
    of_sudo.sudo_user = Some(12_345);
    assert!(by(&of_sudo, &work));
    // The working directory alone, and nothing below it.
    append(
        &sandbox.home().join(".gitconfig"),
        "[safe]\n\tdirectory = .\n",
    );
    assert!(by(&files(&sandbox), &work));
    assert!(!by(&files(&sandbox), &work.join("below")));
}

#[test]
fn a_listed_repository_gets_no_power_by_it() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    append(
        &sandbox.home().join(".gitconfig"),
        "[safe]\n\tdirectory = *\n",
    );
    sandbox.git(&work, &["config", "core.sshCommand", "evil"]);
    let repo = open(&sandbox, &work);
    assert_eq!(repo.config().string("core.sshCommand"), None);
    assert_eq!(repo.config().ignored_local_keys(), ["core.sshcommand"]);
}

#[test]
fn an_unknown_extension_is_named() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["config", "core.repositoryFormatVersion", "1"]);
    append(&work.join(".git/config"), "[extensions]\n\tnewTrick = on\n");
    let error = discover(&sandbox, &work).unwrap_err();
    assert_eq!(error.class().as_str(), "unsupported");
    assert!(matches!(error, OpenError::Extension(name) if name == "newTrick"));
}

#[test]
fn refs_that_are_no_files_are_named() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["config", "core.repositoryFormatVersion", "1"]);
    sandbox.git(&work, &["config", "extensions.refStorage", "files"]);
    assert!(discover(&sandbox, &work).unwrap().is_some());
    let config = work.join(".git/config");
    append(&config, "[extensions]\n\trefStorage = reftable\n");
    let error = discover(&sandbox, &work).unwrap_err();
    assert_eq!(error.class().as_str(), "unsupported");
    assert!(matches!(error, OpenError::RefFormat(name) if name == "reftable"));
}

#[test]
fn shallow_and_partial_clones_are_known() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.commit(&work, "a", "1", "second");
    sandbox.git(&work, &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", work.display());
    let clone = |name: &str, option: &str| {
        sandbox.git(sandbox.path(""), &["clone", "-q", option, &url, name]);
        open(&sandbox, &sandbox.path(name))
    };
    let whole = open(&sandbox, &work);
    assert!(!whole.is_shallow() && !whole.is_partial());
    let shallow = clone("shallow", "--depth=1");
    assert!(shallow.is_shallow() && !shallow.is_partial());
    let partial = clone("partial", "--filter=blob:none");
    assert!(!partial.is_shallow() && partial.is_partial());
}

#[test]
fn replacement_objects_and_namespaces_are_ignored() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let first = sandbox.git(&work, &["rev-parse", "HEAD"]);
    let second = sandbox.commit(&work, "a", "1", "second");
    sandbox.git(&work, &["replace", &second, &first]);
    sandbox.git(&work, &["config", "gitoxide.core.refsNamespace", "evil"]);
    let repo = open(&sandbox, &work);
    let ahead = repo
        .ahead(super::id(&second), &[super::id(&first)], 10)
        .unwrap();
    assert_eq!(ahead.commits[0].subject, "second");
    assert_eq!(repo.head().unwrap().id(), Some(super::id(&second)));
}

/// Adds text to a file.
pub(super) fn append(path: &Path, text: &str) {
    let before = std::fs::read_to_string(path).unwrap_or_default();
    std::fs::write(path, before + text).unwrap();
}
