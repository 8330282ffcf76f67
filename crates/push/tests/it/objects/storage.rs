//! What is selected out of repositories of every form: shallow, shared, replaced, of the longer hash.

use sendoff_testing::text;

use super::compare;
use crate::workshop::Workshop;

/// Makes a shallow clone of the server and goes on there.
fn shallow_clone(shop: &Workshop) {
    for round in 0..5 {
        shop.write("docs/a.md", text("docs/a.md", 10 + round));
        shop.commit("history");
    }
    shop.push("main");
    let url = format!("file://{}", shop.server().display());
    shop.git(&["clone", "-q", "--depth", "2", &url, "../clone"]);
    shop.use_client("clone");
    shop.write("docs/a.md", "new\n");
    shop.commit("on top");
}

#[test]
fn a_shallow_clone_sends_what_git_sends() {
    compare(|| {
        let shop = Workshop::new();
        shallow_clone(&shop);
        shop
    });
}

#[test]
fn a_shallow_clone_of_a_server_that_moved_on_sends_what_git_sends() {
    compare(|| {
        let shop = Workshop::new();
        shallow_clone(&shop);
        shop.use_client("client");
        shop.write("README", "elsewhere\n");
        shop.commit("elsewhere");
        shop.push("main");
        shop.use_client("clone");
        shop
    });
}

#[test]
fn alternates_and_linked_worktrees_are_read() {
    compare(|| {
        let shop = Workshop::new();
        shop.git(&["clone", "-q", "--shared", ".", "../clone"]);
        shop.use_client("clone");
        shop.write("README", text("README", 6));
        shop.commit("borrowed");
        shop
    });
    compare(|| {
        let shop = Workshop::new();
        shop.git(&["worktree", "add", "-q", "-b", "feature", "../linked"]);
        shop.use_client("linked");
        shop.write("README", text("README", 6));
        shop.commit("linked");
        shop
    });
}

#[test]
fn replacement_refs_are_ignored() {
    compare(|| {
        let shop = Workshop::new();
        shop.write("README", text("README", 6));
        let real = shop.commit("real");
        shop.write("README", text("README", 7));
        let other = shop.commit("other");
        shop.git(&["reset", "-q", "--hard", &real]);
        shop.git(&["replace", &real, &other]);
        shop.git(&["config", "core.useReplaceRefs", "false"]);
        shop
    });
}

#[test]
fn sha256_repositories_are_pushed() {
    compare(|| {
        let shop = Workshop::with_format("sha256");
        shop.write("src/lib.txt", text("src/lib.txt", 61));
        shop.commit("longer");
        shop
    });
}
