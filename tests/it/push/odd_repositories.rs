//! Repositories in forms that few have, each beside `git push`: both arrive.

use std::fs;
use std::path::PathBuf;

use sendoff::demo::git_server::GitServerOptions;

use super::as_git::Twin;

fn twin() -> Twin {
    Twin::new(GitServerOptions::default())
}

/// Moves the objects of the work tree's repository, and leaves none there.
fn without_objects(twin: &Twin, name: &str) -> PathBuf {
    let (own, moved) = (
        twin.served.work.join(".git/objects"),
        twin.served.sandbox.path(name),
    );
    fs::create_dir_all(moved.parent().unwrap()).unwrap();
    fs::rename(&own, &moved).unwrap();
    fs::create_dir(own).unwrap();
    moved
}

fn text(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap()
}

#[test]
fn objects_are_read_where_the_environment_says() {
    let mut twin = twin();
    let objects = without_objects(&twin, "elsewhere");
    twin.neither_arrives("is missing");
    let seen = twin.served.sandbox.path("seen");
    twin.served.sandbox.executable(
        twin.served.work.join(".git/hooks/pre-push"),
        format!("#!/bin/sh\ngit cat-file -t HEAD >> {}\n", seen.display()),
    );
    twin.variables.push(("GIT_OBJECT_DIRECTORY", text(objects)));
    twin.both_arrive();
    // The hook finds them, too.
    assert_eq!(fs::read_to_string(seen).unwrap(), "commit\ncommit\n");
}

#[test]
fn an_object_directory_that_is_not_there_is_named() {
    let mut twin = twin();
    let wanted = text(twin.served.sandbox.path("nowhere"));
    twin.variables
        .push(("GIT_OBJECT_DIRECTORY", wanted.clone()));
    twin.neither_arrives(&format!(
        "GIT_OBJECT_DIRECTORY names `{wanted}`, which is not a directory"
    ));
    twin.we_refuse("unset the variable, or name the directory that holds the objects");
    twin.variables.clear();
    twin.both_arrive();
}

#[test]
fn objects_of_directories_that_the_environment_adds_are_sent() {
    let mut twin = twin();
    let objects = text(without_objects(&twin, "a:b/objects"));
    let listed = format!("/nonexistent:\"{objects}\"");
    twin.variables
        .push(("GIT_ALTERNATE_OBJECT_DIRECTORIES", listed));
    twin.both_arrive();
}

/// A file of the repository has not the environment's power.
#[test]
fn objects_of_directories_that_the_repository_adds_are_not_sent() {
    let twin = twin();
    let objects = text(without_objects(&twin, "elsewhere"));
    let info = twin.served.work.join(".git/objects/info");
    fs::create_dir(&info).unwrap();
    fs::write(info.join("alternates"), format!("{objects}\n")).unwrap();
    twin.we_refuse("lies in another repository, by an alternate or a link");
}

#[test]
fn alternates_that_lead_in_a_circle_hide_nothing() {
    let twin = twin();
    let own = twin.served.work.join(".git/objects");
    let other = twin.served.sandbox.path("other");
    fs::create_dir_all(other.join("info")).unwrap();
    fs::create_dir_all(own.join("info")).unwrap();
    let line = |path: &PathBuf| format!("{}\n", path.display());
    fs::write(other.join("info/alternates"), line(&own)).unwrap();
    let both = [line(&own), line(&other)].concat();
    fs::write(own.join("info/alternates"), both).unwrap();
    twin.both_arrive();
}

#[test]
fn a_list_of_alternates_begins_where_it_lies() {
    let twin = twin();
    let sandbox = &twin.served.sandbox;
    // The remote has what they hold; without them no base of the new commit can be read.
    let objects = without_objects(&twin, "shared/last");
    let first = sandbox.path("shared/deep/first");
    fs::create_dir_all(first.join("info")).unwrap();
    fs::write(first.join("info/alternates"), "../../last\n").unwrap();
    let info = twin.served.work.join(".git/objects/info");
    fs::create_dir(&info).unwrap();
    fs::write(info.join("alternates"), format!("{}\n", first.display())).unwrap();
    let push = ["push", "-q", "origin", "HEAD:feature"];
    sandbox.git(&twin.served.work, &push);
    assert!(objects.is_dir());
    sandbox.commit(&twin.served.work, "new.txt", "new\n", "Add new");
    twin.both_arrive();
}

/// So people keep the files of their home directory.
#[test]
fn a_repository_that_the_environment_names_is_shipped_where_the_directory_is_in_none() {
    let mut twin = twin();
    let sandbox = &twin.served.sandbox;
    let git_dir = sandbox.path("dotfiles");
    fs::rename(twin.served.work.join(".git"), &git_dir).unwrap();
    let git_dir = text(git_dir);
    twin.variables.push(("GIT_DIR", git_dir.clone()));
    let pushed = |twin: &Twin| {
        twin.we_say();
        let shown = |directory: &str, name: &str| {
            let show = ["--git-dir", directory, "rev-parse", name];
            twin.served.sandbox.git(twin.served.sandbox.path(""), &show)
        };
        let remote = text(twin.served.remote.clone());
        assert_eq!(
            shown(&remote, "refs/heads/feature"),
            shown(&git_dir, "HEAD")
        );
        let delete = [
            "--git-dir",
            &remote,
            "update-ref",
            "-d",
            "refs/heads/feature",
        ];
        twin.served
            .sandbox
            .git(twin.served.sandbox.path(""), &delete);
    };
    pushed(&twin);
    twin.variables
        .push(("GIT_WORK_TREE", text(twin.served.work.clone())));
    twin.directory = twin.served.sandbox.path("");
    pushed(&twin);
}

#[test]
fn a_damaged_tracking_ref_is_as_good_as_none() {
    let twin = twin();
    let tracking = twin.served.work.join(".git/refs/remotes/origin/main");
    // So a crash leaves it.
    fs::write(&tracking, "").unwrap();
    twin.both_arrive();
}
