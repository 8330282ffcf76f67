//! Repositories that are odd, huge or damaged: each is pushed, or refused in a class, in its time.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sendoff::git::push::{PushError, Pushed};

use super::rig::{options, push_head, script};
use super::twin::{ONE, Shop};

/// Pushes into the seed itself.
fn push(shop: &Shop) -> Result<Pushed, PushError> {
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
    let advice = error.advice().unwrap_or_default();
    (error.class(), format!("{}; {advice}", error.summary()))
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
        shop.commit("new.txt", super::workshop::text("new", 50));
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
    let advice = error.advice().unwrap_or_default();
    assert!(advice.contains("--refetch"), "{advice}");
}

#[test]
fn a_merge_of_five_thousand_parents_arrives() {
    let shop = Shop::new("sha1");
    let mut stream = String::new();
    let tip = shop.git(&["rev-parse", "HEAD"]);
    let count = 5_000;
    for n in 1..=count {
        let from = format!(
            "mark :{n}\ncommitter A <a@example.invalid> {} +0000\ndata 1\nx\nfrom {tip}\n",
            1_770_000_000 + n
        );
        write!(
            stream,
            "commit refs/heads/side\n{from}M 100644 inline side.txt\ndata 5\n{n:05}\n"
        )
        .unwrap();
    }
    shop.feed(
        &["fast-import", "--quiet", "--force", "--export-marks=marks"],
        stream.as_bytes(),
    );
    let marks = std::fs::read_to_string(shop.work().join("marks")).unwrap();
    let parents: Vec<&str> = marks
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(parents.len(), count);
    let tree = shop.git(&["rev-parse", "HEAD^{tree}"]);
    let mut commit = format!("tree {tree}\n");
    for parent in parents {
        writeln!(commit, "parent {parent}").unwrap();
    }
    commit.push_str("author A <a@example.invalid> 1780000000 +0000\ncommitter A <a@example.invalid> 1780000000 +0000\n\nmerge\n");
    let merge = shop.feed(
        &[
            "hash-object",
            "-t",
            "commit",
            "-w",
            "--stdin",
            "--literally",
        ],
        commit.as_bytes(),
    );
    shop.git(&["update-ref", "refs/heads/feature", &merge]);
    let pushed = push(&shop).unwrap();
    assert_eq!(
        pushed.new.to_string(),
        shop.server(&["rev-parse", "feature"])
    );
    assert!(pushed.objects >= 10_001, "{pushed:?}");
}

#[test]
fn a_tree_of_ten_thousand_levels_is_walked_without_a_stack() {
    let shop = Shop::new("sha1");
    let blob = shop.git(&["rev-parse", "HEAD:README"]);
    let mut loose = Vec::new();
    let mut entry = format!("100644 blob {blob}\tleaf\n");
    // One `git mktree --batch` makes many trees, but each needs the id of the one before.
    let mut id = shop.feed(&["mktree"], entry.as_bytes());
    let repo = gix::open_opts(shop.work(), gix::open::Options::isolated()).unwrap();
    for _ in 0..10_000 {
        entry.clear();
        loose.clear();
        loose.extend_from_slice(b"40000 d\0");
        loose.extend((0..20).map(|at| u8::from_str_radix(&id[at * 2..at * 2 + 2], 16).unwrap()));
        id = gix::objs::Write::write_buf(&repo.objects, gix::objs::Kind::Tree, &loose)
            .unwrap()
            .to_string();
    }
    let tip = shop.git(&["rev-parse", "HEAD"]);
    let commit = shop.git(&["commit-tree", &id, "-p", &tip, "-m", "deep"]);
    shop.git(&["update-ref", "refs/heads/feature", &commit]);
    // Git takes such a pack or finds it too deep; both are answers.
    match push(&shop) {
        Ok(pushed) => assert!(pushed.objects >= 10_000),
        Err(error) => assert!(
            ["rejected", "missing-objects", "corrupt", "network"].contains(&error.class()),
            "{error:?}"
        ),
    }
}

#[test]
fn a_tree_of_many_entries_costs_one_entry_when_one_changes() {
    let entries = super::cases(100_000, 1_000_000);
    let shop = Shop::new("sha1");
    let blob = shop.git(&["rev-parse", "HEAD:README"]);
    let other = shop.feed(&["hash-object", "-w", "--stdin"], b"other\n");
    let mut text = String::new();
    for n in 0..entries {
        writeln!(text, "100644 blob {blob}\tf{n:07}").unwrap();
    }
    let change = text.replacen(
        &format!("{blob}\tf0012345\n"),
        &format!("{other}\tf0012345\n"),
        1,
    );
    let mut parent = shop.git(&["rev-parse", "HEAD"]);
    for (number, text) in [&text, &change].iter().enumerate() {
        let tree = shop.feed(&["mktree"], text.as_bytes());
        parent = shop.git(&["commit-tree", &tree, "-p", &parent, "-m", "wide"]);
        shop.git(&["update-ref", "refs/heads/feature", &parent]);
        let pushed = push(&shop).unwrap();
        if number == 1 {
            assert_eq!(pushed.objects, 3);
            assert!(pushed.bytes < 2_000 || entries > 700_000, "{pushed:?}");
        }
    }
}

#[test]
fn a_hundred_thousand_refs_are_read_in_time() {
    let shop = Shop::new("sha1");
    let old = shop.git(&["rev-parse", "HEAD"]);
    shop.commit("feature.txt", "more\n");
    let mut hello = Vec::new();
    for n in 0..100_000_u32 {
        let line = if n == 0 {
            format!("{old} refs/heads/feature\0report-status\n")
        } else {
            format!(
                "{:040x} refs/pull/{n:06}/head\n",
                u128::from(n) * 0x9E37_79B9_7F4A_7C15_F39C
            )
        };
        write!(hello, "{:04x}{line}", line.len() + 4).unwrap();
    }
    hello.extend_from_slice(b"0000");
    shop.sandbox.write("hello", hello);
    shop.sandbox
        .write("answer", "000eunpack ok\n001aok refs/heads/feature\n0000");
    let text = format!(
        "cd {}; cat hello; cat > request; cat answer",
        shop.sandbox.path("").display()
    );
    let mut options = options(&shop.sandbox);
    options.ssh_command = Some(script(&shop.sandbox, "canned", &text).display().to_string());
    let begin = Instant::now();
    let pushed = push_head(
        &shop.sandbox,
        &shop.work(),
        "ssh://host.test/r.git",
        &options,
    )
    .unwrap();
    assert_eq!(pushed.objects, 3);
    // Two seconds in a release build; a build for tests on a busy machine takes longer.
    assert!(
        begin.elapsed() < Duration::from_secs(12),
        "{:?}",
        begin.elapsed()
    );
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
