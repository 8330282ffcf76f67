//! Repositories that are odd or damaged: each is pushed, or refused in a class, in its time.

use std::path::{Path, PathBuf};

use sendoff::git::push::BranchPushError;
use sendoff::steps::push_advice;
use sendoff_push::{NoRedaction, Pushed};

use super::rig::{options, push_head};
use super::twin::{ONE, Shop};

/// Pushes into the seed itself.
pub(super) fn push(shop: &Shop) -> Result<Pushed, BranchPushError> {
    let seed = shop.seed();
    push_head(
        &shop.sandbox,
        &shop.work(),
        seed.to_str().unwrap(),
        &options(&shop.sandbox),
    )
}

/// Pushes what must not go; the remote's refs and objects stay as they were. Returns class and text.
fn refused(shop: &Shop) -> (&'static str, String) {
    let see = || shop.server(&["for-each-ref"]) + &shop.server(&["count-objects", "-v"]);
    let before = see();
    let error = push(shop).unwrap_err();
    assert_eq!(see(), before, "{error:?}");
    let advice = push_advice(&error).unwrap_or_default();
    (
        error.class(),
        format!("{}; {advice}", error.summary(&NoRedaction)),
    )
}

/// The file of a loose object.
fn loose(work: &Path, id: &str) -> PathBuf {
    let (head, tail) = id.split_at(2);
    work.join(format!(".git/objects/{head}/{tail}"))
}

/// Writes over a file that git made read-only.
fn overwrite(path: &Path, content: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, content).unwrap();
}

#[test]
fn a_damaged_loose_object_is_named_and_nothing_is_sent() {
    for damage in ["cut", "noise", "other", "empty"] {
        let shop = Shop::new("sha1");
        shop.commit("new.txt", sendoff_testing::text("new", 50));
        let id = shop.git(&["rev-parse", "HEAD:new.txt"]);
        let file = loose(&shop.work(), &id);
        let content = std::fs::read(&file).unwrap();
        match damage {
            "cut" => overwrite(&file, &content[..content.len() / 2]),
            "noise" => overwrite(&file, &b"not zlib at all".repeat(20)),
            "empty" => overwrite(&file, b""),
            _ => {
                let readme = shop.git(&["rev-parse", "HEAD:README"]);
                overwrite(&file, &std::fs::read(loose(&shop.work(), &readme)).unwrap());
            }
        }
        let (class, text) = refused(&shop);
        assert_eq!(class, "corrupt", "{damage}: {text}");
        assert!(text.contains(&id), "{damage}: {text}");
    }
}

#[test]
fn missing_objects_are_named_and_nothing_is_sent() {
    for what in ["HEAD:new/file.txt", "HEAD:new", "HEAD^{tree}", "HEAD~1"] {
        let shop = Shop::new("sha1");
        shop.commit("new/file.txt", "one\n");
        shop.commit("new/file.txt", "two\n");
        let id = shop.git(&["rev-parse", what]);
        std::fs::remove_file(loose(&shop.work(), &id)).unwrap();
        let (class, text) = refused(&shop);
        assert_eq!(class, "missing-objects", "{what}: {text}");
        assert!(text.contains(&id), "{what}: {text}");
    }
}

#[test]
fn a_pack_that_was_cut_short_is_corrupt_and_nothing_is_sent() {
    for keep in [20, 500, 2_000] {
        let shop = Shop::new("sha1");
        super::twin::long(&shop, 20);
        shop.git(&["gc", "-q"]);
        let packs = std::fs::read_dir(shop.work().join(".git/objects/pack")).unwrap();
        let pack = packs
            .map(|entry| entry.unwrap().path())
            .find(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "pack")
            })
            .unwrap();
        let content = std::fs::read(&pack).unwrap();
        assert!(content.len() > keep);
        // HEAD has to be found by git's own `rev-parse`, which needs no object.
        overwrite(&pack, &content[..keep]);
        let (class, text) = refused(&shop);
        assert!(
            ["corrupt", "missing-objects"].contains(&class),
            "{keep}: {class}: {text}"
        );
    }
}

#[test]
fn a_commit_graph_that_is_damaged_is_not_needed() {
    for damage in ["noise", "cut"] {
        let shop = Shop::new("sha1");
        super::twin::long(&shop, 20);
        shop.git(&["commit-graph", "write", "--reachable"]);
        let file = shop.work().join(".git/objects/info/commit-graph");
        let content = std::fs::read(&file).unwrap();
        if damage == "noise" {
            overwrite(&file, b"this is no graph");
        } else {
            overwrite(&file, &content[..content.len() / 2]);
        }
        shop.compare(ONE);
    }
}

#[test]
fn a_clone_without_trees_is_told_what_to_do() {
    let shop = Shop::new("sha1");
    shop.server(&["config", "uploadpack.allowFilter", "true"]);
    shop.clone(&["--filter=tree:0"]);
    // A commit reads the trees of its parent; those that the server has beside it stay away.
    shop.git(&["checkout", "-q", "-b", "topic"]);
    shop.commit("new.txt", "new\n");
    shop.git(&["update-ref", "-d", "refs/remotes/origin/feature"]);
    match push(&shop) {
        // Whatever was needed had come with the checkout.
        Ok(pushed) => assert!(pushed.objects <= 3, "{pushed:?}"),
        Err(error) => assert_eq!(error.class(), "unsupported", "{error:?}"),
    }
    let tree = shop.git(&["rev-parse", "HEAD~1^{tree}"]);
    let packs = shop.work().join(".git/objects/pack");
    for entry in std::fs::read_dir(&packs).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "promisor")
        {
            let idx = std::fs::read(path.with_extension("idx")).unwrap();
            let id: Vec<u8> = (0..20)
                .map(|at| u8::from_str_radix(&tree[at * 2..at * 2 + 2], 16).unwrap())
                .collect();
            if idx.windows(20).any(|window| window == id) {
                for extension in ["pack", "idx", "rev", "promisor"] {
                    drop(std::fs::remove_file(path.with_extension(extension)));
                }
            }
        }
    }
    shop.write("new.txt", "newer\n");
    let blob = shop.git(&["hash-object", "-w", "new.txt"]);
    let made = shop.feed(
        &["mktree", "--missing"],
        format!("100644 blob {blob}\tnew.txt\n").as_bytes(),
    );
    let base = shop.git(&["rev-parse", "HEAD~1"]);
    let commit = shop.git(&["commit-tree", &made, "-p", &base, "-m", "on nothing"]);
    shop.git(&["update-ref", "refs/heads/other", &commit]);
    shop.git(&["symbolic-ref", "HEAD", "refs/heads/other"]);
    let error = push(&shop).unwrap_err();
    assert_eq!(error.class(), "unsupported", "{error:?}");
    let advice = push_advice(&error).unwrap_or_default();
    assert!(advice.contains("--refetch"), "{advice}");
}

#[test]
fn a_repository_of_the_longer_hash_is_not_pushed_to_one_of_the_shorter() {
    let shop = Shop::new("sha256");
    shop.commit("feature.txt", "more\n");
    let other = super::rig::bare(&shop.sandbox, "short");
    let error = push_head(
        &shop.sandbox,
        &shop.work(),
        other.to_str().unwrap(),
        &options(&shop.sandbox),
    )
    .unwrap_err();
    assert_eq!(error.class(), "unsupported", "{error:?}");
}
