//! What is selected, compared with what git selects, in every shape of history we know of.

mod storage;
mod walk;

use std::collections::BTreeSet;

use sendoff_testing::text;

use crate::workshop::{OPTIONS, Workshop, id, objects_in};

/// Builds a history twice, once left loose and once packed, and compares our push of it with git's.
fn compare(build: impl Fn() -> Workshop) {
    for storage in ["loose", "packed"] {
        let shop = build();
        if storage == "packed" {
            shop.git(&["repack", "-a", "-d", "-q"]);
            shop.git(&["commit-graph", "write", "--reachable"]);
        }
        compare_one(&shop, storage, None);
    }
}

fn compare_one(shop: &Workshop, storage: &str, old_tip: Option<&str>) {
    let selection = shop.select(old_tip.map(id));
    let ours: BTreeSet<_> = selection.objects.iter().map(|object| object.id).collect();
    assert_eq!(
        ours.len(),
        selection.objects.len(),
        "{storage}: an object is listed twice"
    );
    let git = shop.git_pack();
    let git_count = objects_in(&git);
    if old_tip.is_none() {
        let needed = shop.rev_list();
        let lacking: Vec<_> = needed.difference(&ours).collect();
        assert!(
            lacking.is_empty(),
            "{storage}: the server would lack {lacking:?}"
        );
    }
    let (pack, stats) = shop.pack(&selection, OPTIONS);
    assert!(
        u64::from(git_count) >= stats.objects,
        "{storage}: {} objects, git sends {git_count}",
        stats.objects
    );
    let limit = (git.len() + 64).max(git.len() * 102 / 100);
    assert!(
        pack.len() <= limit,
        "{storage}: {} bytes, git sends {}",
        pack.len(),
        git.len()
    );
    shop.receive(&pack);
}

#[test]
fn a_line_of_commits_is_what_git_sends() {
    compare(|| {
        let shop = Workshop::new();
        for round in 0..3 {
            shop.write(
                "src/lib.txt",
                text("src/lib.txt", 60) + &format!("round {round}\n"),
            );
            shop.commit("change");
        }
        shop
    });
}

#[test]
fn main_merged_into_a_feature_sends_only_the_feature() {
    compare(|| {
        let shop = Workshop::new();
        shop.git(&["checkout", "-q", "-b", "feature"]);
        shop.write("feature.txt", text("feature", 20));
        shop.commit("feature");
        shop.git(&["checkout", "-q", "main"]);
        for round in 0..6 {
            shop.write(&format!("docs/{round}.md"), text("doc", 30 + round));
            shop.commit("main goes on");
        }
        shop.push("main");
        shop.git(&["checkout", "-q", "feature"]);
        shop.git(&["merge", "-q", "--no-edit", "main"]);
        shop
    });
}

#[test]
fn octopus_and_criss_cross_merges_are_what_git_sends() {
    compare(|| {
        let shop = Workshop::new();
        for branch in ["a", "b", "c"] {
            shop.git(&["checkout", "-q", "-b", branch, "main"]);
            shop.write(&format!("{branch}.txt"), text(branch, 8));
            shop.commit(branch);
        }
        shop.push("b");
        shop.git(&["checkout", "-q", "-b", "cross1", "a"]);
        shop.git(&["merge", "-q", "--no-edit", "b"]);
        shop.git(&["checkout", "-q", "-b", "cross2", "b"]);
        shop.git(&["merge", "-q", "--no-edit", "a"]);
        shop.git(&["checkout", "-q", "cross1"]);
        shop.git(&["merge", "-q", "--no-edit", "cross2"]);
        shop.git(&["checkout", "-q", "-b", "octopus", "main"]);
        shop.git(&["merge", "-q", "--no-edit", "cross1", "c"]);
        shop
    });
}

#[test]
fn an_orphan_and_a_whole_new_server_are_what_git_sends() {
    compare(|| {
        let shop = Workshop::new();
        shop.git(&["checkout", "-q", "--orphan", "other"]);
        shop.git(&["rm", "-r", "-q", "-f", "."]);
        shop.write("alone.txt", text("alone", 12));
        shop.commit("alone");
        shop
    });
    compare(|| {
        let shop = Workshop::new();
        shop.run(
            &shop.server(),
            &["update-ref", "-d", "refs/heads/main"],
            b"",
        );
        for round in 0..8 {
            shop.write("src/lib.txt", text("src/lib.txt", 60 + round));
            shop.commit("grow");
        }
        shop
    });
}

#[test]
fn a_revert_and_an_empty_commit_send_only_commits() {
    compare(|| {
        let shop = Workshop::new();
        shop.write("src/lib.txt", "short\n");
        shop.commit("cut");
        shop.push("main");
        shop.git(&["revert", "--no-edit", "HEAD"]);
        shop
    });
    compare(|| {
        let shop = Workshop::new();
        shop.commit("nothing");
        shop
    });
}

#[test]
fn renames_modes_links_and_moved_directories_are_what_git_sends() {
    compare(|| {
        let shop = Workshop::new();
        shop.git(&["mv", "README", "README.md"]);
        shop.commit("rename");
        shop.git(&["update-index", "--chmod=+x", "src/lib.txt"]);
        shop.git(&["commit", "-q", "-m", "mode"]);
        shop.git(&["reset", "-q", "--hard"]);
        std::os::unix::fs::symlink("src/lib.txt", shop.client().join("link")).unwrap();
        shop.commit("link");
        shop.git(&["mv", "src/deep", "moved"]);
        shop.commit("up");
        std::fs::create_dir_all(shop.client().join("very/deep/down")).unwrap();
        shop.git(&["mv", "docs", "very/deep/down/docs"]);
        shop.commit("down");
        shop
    });
}

#[test]
fn a_file_that_becomes_a_directory_is_what_git_sends() {
    compare(|| {
        let shop = Workshop::new();
        std::fs::remove_file(shop.client().join("README")).unwrap();
        shop.write("README/inner", text("inner", 9));
        std::fs::remove_dir_all(shop.client().join("docs")).unwrap();
        shop.write("docs", text("docs", 9));
        shop.commit("swap");
        shop
    });
}

#[test]
fn submodule_commits_are_not_looked_for() {
    compare(|| {
        let shop = Workshop::new();
        let absent = "160000,1234567890123456789012345678901234567890,vendor/module";
        shop.git(&["update-index", "--add", "--cacheinfo", absent]);
        shop.git(&["commit", "-q", "-m", "submodule"]);
        shop
    });
}

#[test]
fn a_branch_at_an_old_commit_sends_an_empty_pack() {
    let shop = Workshop::new();
    let old = shop.git(&["rev-parse", "HEAD"]);
    shop.write("README", "more\n");
    shop.commit("more");
    shop.push("main");
    shop.git(&["checkout", "-q", "--detach", &old]);
    let selection = shop.select(None);
    assert!(selection.objects.is_empty());
    let (pack, stats) = shop.pack(&selection, OPTIONS);
    assert_eq!((pack.len(), stats.objects), (32, 0));
    shop.receive(&pack);
}

#[test]
fn clocks_that_run_backwards_lose_nothing() {
    compare(|| {
        let shop = Workshop::new();
        for (round, time) in [1_700_000_500, 1_400_000_000, 1_900_000_000, 1_300_000_000]
            .into_iter()
            .enumerate()
        {
            shop.set_clock(time);
            shop.write("docs/a.md", text("clock", round + 4));
            shop.commit("skewed");
            if round == 1 {
                shop.push("main");
            }
        }
        shop
    });
}

#[test]
fn an_amended_commit_sends_only_what_differs() {
    let shop = Workshop::new();
    let noise: Vec<u8> = (0..75_000_u32)
        .flat_map(|i| {
            i.wrapping_mul(2_654_435_761)
                .rotate_left(i % 31)
                .to_le_bytes()
        })
        .collect();
    shop.write("large.bin", noise);
    let old = shop.commit("large");
    shop.push("main");
    shop.git(&["commit", "-q", "--amend", "-m", "large, said better"]);
    compare_one(&shop, "loose", Some(&old));
    let selection = shop.select(Some(id(&old)));
    let (pack, _) = shop.pack(&selection, OPTIONS);
    assert!(pack.len() < 400, "{} bytes", pack.len());
}
