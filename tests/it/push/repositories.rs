//! Repositories that are odd or damaged: each is pushed, or refused in a class, in its time.

use std::path::{Path, PathBuf};

use sendoff::git::push::BranchPushError;
use sendoff::steps::push_advice;
use sendoff_push::{NoRedaction, Pushed};
use sendoff_testing::{TwinFixture, supervise};

use super::rig::{options, push_head};
use super::twin::{ONE, compare};

/// Pushes into the seed itself.
pub(super) fn push(fixture: &TwinFixture) -> Result<Pushed, BranchPushError> {
    let seed = fixture.seed();
    push_head(
        &fixture.sandbox,
        &fixture.work(),
        seed.to_str().unwrap(),
        &options(&fixture.sandbox),
    )
}

/// Pushes what must not go; the remote's refs and objects stay as they were. Returns class and text.
fn refused(fixture: &TwinFixture) -> (&'static str, String) {
    let see = || fixture.server(&["for-each-ref"]) + &fixture.server(&["count-objects", "-v"]);
    let before = see();
    let error = push(fixture).unwrap_err();
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
    supervise!();
    for damage in ["cut", "noise", "other", "empty"] {
        let fixture = TwinFixture::new("sha1");
        fixture.commit("new.txt", sendoff_testing::text("new", 50));
        let id = fixture.git(&["rev-parse", "HEAD:new.txt"]);
        let file = loose(&fixture.work(), &id);
        let content = std::fs::read(&file).unwrap();
        match damage {
            "cut" => overwrite(&file, &content[..content.len() / 2]),
            "noise" => overwrite(&file, &b"not zlib at all".repeat(20)),
            "empty" => overwrite(&file, b""),
            _ => {
                let readme = fixture.git(&["rev-parse", "HEAD:README"]);
                overwrite(
                    &file,
                    &std::fs::read(loose(&fixture.work(), &readme)).unwrap(),
                );
            }
        }
        let (class, text) = refused(&fixture);
        assert_eq!(class, "corrupt", "{damage}: {text}");
        assert!(text.contains(&id), "{damage}: {text}");
    }
}

#[test]
fn missing_objects_are_named_and_nothing_is_sent() {
    supervise!();
    for what in ["HEAD:new/file.txt", "HEAD:new", "HEAD^{tree}", "HEAD~1"] {
        let fixture = TwinFixture::new("sha1");
        fixture.commit("new/file.txt", "one\n");
        fixture.commit("new/file.txt", "two\n");
        let id = fixture.git(&["rev-parse", what]);
        std::fs::remove_file(loose(&fixture.work(), &id)).unwrap();
        let (class, text) = refused(&fixture);
        assert_eq!(class, "missing-objects", "{what}: {text}");
        assert!(text.contains(&id), "{what}: {text}");
    }
}

#[test]
fn a_pack_that_was_cut_short_is_corrupt_and_nothing_is_sent() {
    supervise!();
    for keep in [20, 500, 2_000] {
        let fixture = TwinFixture::new("sha1");
        fixture.commit_many(20);
        fixture.git(&["gc", "-q"]);
        let packs = std::fs::read_dir(fixture.work().join(".git/objects/pack")).unwrap();
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
        let (class, text) = refused(&fixture);
        assert!(
            ["corrupt", "missing-objects"].contains(&class),
            "{keep}: {class}: {text}"
        );
    }
}

#[test]
fn a_commit_graph_that_is_damaged_is_not_needed() {
    supervise!();
    for damage in ["noise", "cut"] {
        let fixture = TwinFixture::new("sha1");
        fixture.commit_many(20);
        fixture.git(&["commit-graph", "write", "--reachable"]);
        let file = fixture.work().join(".git/objects/info/commit-graph");
        let content = std::fs::read(&file).unwrap();
        if damage == "noise" {
            overwrite(&file, b"this is no graph");
        } else {
            overwrite(&file, &content[..content.len() / 2]);
        }
        compare(&fixture, ONE);
    }
}

#[test]
fn a_clone_without_trees_is_told_what_to_do() {
    supervise!();
    let fixture = TwinFixture::new("sha1");
    fixture.server(&["config", "uploadpack.allowFilter", "true"]);
    fixture.clone(&["--filter=tree:0"]);
    // A commit reads the trees of its parent; those that the server has beside it stay away.
    fixture.git(&["checkout", "-q", "-b", "topic"]);
    fixture.commit("new.txt", "new\n");
    fixture.git(&["update-ref", "-d", "refs/remotes/origin/feature"]);
    match push(&fixture) {
        // Whatever was needed had come with the checkout.
        Ok(pushed) => assert!(pushed.objects <= 3, "{pushed:?}"),
        Err(error) => assert_eq!(error.class(), "unsupported", "{error:?}"),
    }
    let tree = fixture.git(&["rev-parse", "HEAD~1^{tree}"]);
    let packs = fixture.work().join(".git/objects/pack");
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
    fixture.write("new.txt", "newer\n");
    let blob = fixture.git(&["hash-object", "-w", "new.txt"]);
    let made = fixture.feed(
        &["mktree", "--missing"],
        format!("100644 blob {blob}\tnew.txt\n").as_bytes(),
    );
    let base = fixture.git(&["rev-parse", "HEAD~1"]);
    let commit = fixture.git(&["commit-tree", &made, "-p", &base, "-m", "on nothing"]);
    fixture.git(&["update-ref", "refs/heads/other", &commit]);
    fixture.git(&["symbolic-ref", "HEAD", "refs/heads/other"]);
    let error = push(&fixture).unwrap_err();
    assert_eq!(error.class(), "unsupported", "{error:?}");
    let advice = push_advice(&error).unwrap_or_default();
    assert!(advice.contains("--refetch"), "{advice}");
}

#[test]
fn a_repository_of_the_longer_hash_is_not_pushed_to_one_of_the_shorter() {
    supervise!();
    let fixture = TwinFixture::new("sha256");
    fixture.commit("feature.txt", "more\n");
    let other = super::rig::bare(&fixture.sandbox, "short");
    let error = push_head(
        &fixture.sandbox,
        &fixture.work(),
        other.to_str().unwrap(),
        &options(&fixture.sandbox),
    )
    .unwrap_err();
    assert_eq!(error.class(), "unsupported", "{error:?}");
}
