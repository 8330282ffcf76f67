//! Clones that do not know the base: commits, title and limit are counted from what the remote has.

use std::path::PathBuf;

use crate::program::Said;
use crate::sandbox::succeed;
use crate::world::{World, block};

/// Makes a repository at `other` with a script that knows the remote as `$bare`, and lets it push over http.
fn other(world: &World, script: &str) -> PathBuf {
    let bare = format!("file://{}", world.bare().display());
    let url = format!("{}/acme/rocket.git", world.git.url());
    let script = format!("set -e; bare={bare}; url={url}; {script}");
    succeed(world.sandbox.command("sh").args(["-c", &script]));
    world.sandbox.path("other")
}

fn run(world: &World, script: &str, more: &[&str]) -> Said {
    let work = other(world, script);
    let arguments = [&["run"], more].concat();
    world.run_in(&work, &arguments, &world.variables())
}

/// Runs, and returns title and body of the pull request that was opened.
fn opened(script: &str, more: &[&str]) -> (String, String) {
    let world = World::new();
    let said = run(&world, script, more);
    let pulls = world.forge.pulls();
    let pull = pulls
        .first()
        .unwrap_or_else(|| panic!("{}{}", said.stdout, said.stderr));
    (pull.title.clone(), block(&pull.body).to_owned())
}

/// Without a limit, and with one that the whole history is over.
fn both(script: &str, title: &str, body: &str) {
    // The history that everybody has is longer than the limit.
    let long = "git clone -q $bare long; cd long; for n in 1 2 3; do \
        git commit -q --allow-empty -m \"Old $n\"; done; git push -q origin HEAD:main; cd ..;";
    let script = format!("{long} {script}");
    for more in [&[][..], &["--set", "limits.commits=3"][..]] {
        let found = opened(&script, more);
        assert_eq!(
            found,
            (title.to_owned(), body.to_owned()),
            "{script} {more:?}"
        );
    }
}

const INIT: &str = "git init -q other; cd other; git remote add origin $url;";
const WORK: &str = "git commit -q --allow-empty -m One; git commit -q --allow-empty -m Two";

#[test]
fn a_repository_that_fetched_by_url_ships_its_own_commits() {
    let script =
        format!("{INIT} git fetch -q $bare main; git switch -q -c mine FETCH_HEAD; {WORK}");
    both(&script, "One", "- One\n- Two\n");
    // The same after a push by hand.
    let pushed = format!("{script}; git push -q $bare mine");
    both(&pushed, "One", "- One\n- Two\n");
    // A local branch is where the base is.
    let local = format!(
        "git init -q -b trunk other; cd other; git remote add origin $url; \
         git fetch -q $bare main:main; git switch -q -c mine main; {WORK}"
    );
    both(&local, "One", "- One\n- Two\n");
}

#[test]
fn a_repository_whose_base_has_moved_since_ships_its_own_commits() {
    let script = format!(
        "{INIT} git fetch -q $bare main; git switch -q -c mine FETCH_HEAD; {WORK}; \
         git clone -q $bare ../later; cd ../later; git commit -q --allow-empty -m Later; git push -q origin HEAD:main"
    );
    let found = opened(&script, &[]);
    assert_eq!(found, ("One".to_owned(), "- One\n- Two\n".to_owned()));
    // Nothing here tells any more what was fetched, but for where the branch was begun.
    let forgotten = format!("{script}; cd ../other; rm .git/FETCH_HEAD");
    let found = opened(&forgotten, &[]);
    assert_eq!(found, ("One".to_owned(), "- One\n- Two\n".to_owned()));
}

/// A clone whose tracking ref of the base is old: the branch was begun from a later commit, which is on another branch of
/// the remote, and the base has moved on since.
const STALE: &str = "git clone -q $bare other; cd other; git remote set-url origin $url; \
    git clone -q $bare ../later; git -C ../later commit -q --allow-empty -m Later; \
    git -C ../later push -q origin HEAD:main HEAD:release; \
    git fetch -q $bare release; git switch -q -c mine FETCH_HEAD; \
    git -C ../later commit -q --allow-empty -m Latest; git -C ../later push -q origin HEAD:main;";

#[test]
fn a_clone_that_knows_an_old_base_only_ships_its_own_commits() {
    let script = format!("{STALE} {WORK}");
    let found = opened(&script, &[]);
    assert_eq!(found, ("One".to_owned(), "- One\n- Two\n".to_owned()));
}

/// Guards against the base's own commits as title and text, where they were pulled by URL and the base has moved on since.
#[test]
fn commits_of_the_base_that_were_pulled_by_url_are_not_the_branchs_own() {
    let script = "git clone -q $bare other; cd other; git remote set-url origin $url; git switch -q -c mine; \
        git clone -q $bare ../later; git -C ../later commit -q --allow-empty -m Later; \
        git -C ../later push -q origin HEAD:main; git commit -q --allow-empty -m One; \
        git pull -q --no-rebase --no-edit $bare main; git commit -q --allow-empty -m Two; \
        git -C ../later commit -q --allow-empty -m Latest; git -C ../later push -q origin HEAD:main";
    let (title, body) = opened(script, &[]);
    assert_eq!(title, "One");
    assert!(
        body.starts_with("- One\n- Merge branch 'main' of "),
        "{body}"
    );
    assert!(
        body.ends_with("\n- Two\n") && !body.contains("Later"),
        "{body}"
    );
}

#[test]
fn the_old_base_counts_where_another_branch_has_the_commits_too() {
    let script = format!("{STALE} {WORK}; git push -q $bare mine:copy");
    let (title, body) = opened(&script, &[]);
    assert_eq!(title, "Later");
    assert_eq!(body, "- Later\n- One\n- Two\n");
}

#[test]
fn commits_that_the_remote_has_count_for_no_limit_where_the_known_base_is_old() {
    let script = format!("{STALE} {WORK}");
    let found = opened(&script, &["--set", "limits.commits=2"]);
    assert_eq!(found, ("One".to_owned(), "- One\n- Two\n".to_owned()));
}

/// A clone whose tracking ref of the base is old, with three later commits of the base in the branch by a merge.
const MERGED: &str = "git clone -q $bare other; cd other; git remote set-url origin $url; git switch -q -c mine; \
    git commit -q --allow-empty -m One; git clone -q $bare ../later; for n in 1 2 3; do \
    git -C ../later commit -q --allow-empty -m \"Later $n\"; done; git -C ../later push -q origin HEAD:main;";

/// Merges them from another remote, whose tracking ref is all that is known of them.
const FROM_UPSTREAM: &str = "git remote add upstream $bare; git fetch -q upstream; git merge -q --no-edit upstream/main; rm .git/FETCH_HEAD";

#[test]
fn commits_of_the_base_that_came_from_another_remote_count_for_no_limit() {
    let script = format!("{MERGED} {FROM_UPSTREAM}");
    let (title, body) = opened(&script, &["--set", "limits.commits=2"]);
    assert_eq!(title, "One");
    assert!(
        body.starts_with("- One\n- Merge ") && !body.contains("Later"),
        "{body}"
    );
}

/// Guards against commits that no guard saw: another remote may have them, and the one that is pushed to may not.
#[test]
fn a_guard_that_holds_sees_every_commit_or_the_branch_stays() {
    for merge in [
        "git pull -q --no-rebase --no-edit $bare main",
        FROM_UPSTREAM,
    ] {
        let world = World::new();
        let set = ["--set", "limits.commits=2", "--set", "guard.paths=\"hold\""];
        let said = run(&world, &format!("{MERGED} {merge}"), &set);
        let text = said.stdout + &said.stderr;
        assert!(
            text.contains("more than 2 commits to ship, the most that the policy lets out"),
            "{text}"
        );
        assert_eq!(world.tip("mine"), "");
        // The advice works.
        let work = world.sandbox.path("other");
        let bare = world.bare().display().to_string();
        let fetch = ["fetch", "-q", &bare, "+main:refs/remotes/origin/main"];
        world.sandbox.git(&work, &fetch);
        let said = world.run_in(&work, &[&["run"][..], &set].concat(), &world.variables());
        let pulls = world.forge.pulls();
        assert_eq!(pulls.len(), 1, "{}{}", said.stdout, said.stderr);
    }
}

#[test]
fn the_subject_of_a_merge_is_no_title_while_another_commit_has_one() {
    let later = "git clone -q $bare ../later; git -C ../later commit -q --allow-empty -m Later; \
        git -C ../later push -q origin HEAD:main";
    let merge = "git fetch -q $bare +main:refs/remotes/origin/main; git merge -q --no-ff --no-edit origin/main";
    let script = format!(
        "git clone -q $bare other; cd other; git remote set-url origin $url; git switch -q -c mine; {later}; {merge}"
    );
    let (title, body) = opened(&format!("{script}; {WORK}"), &[]);
    assert_eq!(title, "One");
    assert!(
        body.starts_with("- Merge ") && body.ends_with("- One\n- Two\n"),
        "{body}"
    );
    // Where there is nothing else, it is better than nothing.
    let (title, _) = opened(&script, &[]);
    assert!(title.starts_with("Merge "), "{title}");
}

#[test]
fn a_clone_of_one_branch_ships_its_own_commits() {
    let script = format!(
        "git clone -q --single-branch $bare other; cd other; git remote set-url origin $url; \
         git switch -q -c mine; {WORK}"
    );
    both(&script, "One", "- One\n- Two\n");
    // Of the branch itself: what was pushed of it is its own as well, where the base is here.
    let own = format!(
        "cd long; git switch -q -c mine; git commit -q --allow-empty -m Zero; git push -q origin mine; cd ..; \
         git clone -q --single-branch -b mine $bare other; cd other; git remote set-url origin $url; {WORK}"
    );
    both(&own, "Zero", "- Zero\n- One\n- Two\n");
}

#[test]
fn a_clone_of_one_branch_whose_base_is_not_here_ships_what_the_remote_lacks() {
    let script = format!(
        "cd long; git switch -q -c mine; git commit -q --allow-empty -m Zero; git push -q origin mine; \
         git switch -q main; git commit -q --allow-empty -m Later; git push -q origin HEAD:main; cd ..; \
         git clone -q --single-branch -b mine $bare other; cd other; git remote set-url origin $url; {WORK}"
    );
    both(&script, "One", "- One\n- Two\n");
}

#[test]
fn a_branch_from_which_another_one_was_begun_ships() {
    let script = format!(
        "{INIT} git fetch -q $bare '+refs/heads/*:refs/remotes/origin/*'; \
         git switch -q -c mine origin/main; {WORK}; git push -q $bare mine; \
         git switch -q -c stacked; git commit -q --allow-empty -m Three; git push -q $bare stacked; \
         git fetch -q $bare '+refs/heads/*:refs/remotes/origin/*'; git update-ref -d refs/remotes/origin/mine; \
         git switch -q mine"
    );
    both(&script, "One", "- One\n- Two\n");
}

#[test]
fn a_branch_at_the_same_commit_as_another_is_held_and_the_advice_works() {
    let world = World::new();
    let script = format!(
        "git clone -q $bare other; cd other; git switch -q -c mine; {WORK}; git push -q origin mine mine:copy; \
         git fetch -q; git update-ref -d refs/remotes/origin/mine; git remote set-head origin --delete"
    );
    let said = run(&world, &script, &["--set", "remotes.allow-file=true"]);
    let text = said.stdout + &said.stderr;
    assert!(text.contains("its base is not known here"), "{text}");
    assert!(text.contains("git remote set-head origin --auto"), "{text}");
    let work = world.sandbox.path("other");
    world
        .sandbox
        .git(&work, &["remote", "set-head", "origin", "--auto"]);
    let url = format!("{}/acme/rocket.git", world.git.url());
    world
        .sandbox
        .git(&work, &["remote", "set-url", "origin", &url]);
    let said = world.run_in(&work, &["run"], &world.variables());
    let pulls = world.forge.pulls();
    assert_eq!(pulls.len(), 1, "{}{}", said.stdout, said.stderr);
    assert_eq!(pulls[0].title, "One");
}

#[test]
fn more_commits_than_the_limit_are_held_by_what_the_remote_lists() {
    let world = World::new();
    let script =
        format!("{INIT} git fetch -q $bare main; git switch -q -c mine FETCH_HEAD; {WORK}");
    let said = run(&world, &script, &["--set", "limits.commits=1"]);
    let text = said.stdout + &said.stderr;
    assert_eq!(said.code, Some(1), "{text}");
    assert!(text.contains("more than 1 commit"), "{text}");
    assert_eq!(world.tip("mine"), "");
}
