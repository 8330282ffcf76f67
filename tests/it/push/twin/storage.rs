//! Storage: how the repositories on both sides keep what they have.

use std::fmt::Write as _;

use super::history::long;
use super::{ALL, FAST, ONE, Shop, scenarios};

scenarios! {
    everything_in_one_pack, FAST, |shop| {
        long(shop, 40);
        shop.git(&["gc", "-q"]);
    };
    a_pack_made_with_patience, ONE, |shop| {
        long(shop, 60);
        shop.git(&["repack", "-adfq", "--depth=250", "--window=100"]);
    };
    deltas_that_run_from_old_to_new, ONE, |shop| { long(shop, 120); };
    loose_objects_on_top_of_a_pack, FAST, |shop| {
        long(shop, 40);
        shop.git(&["gc", "-q"]);
        shop.commit("loose.txt", "loose\n");
    };
    several_packs, ONE, |shop| {
        for n in 0..4 {
            long(shop, 5 + n);
            shop.git(&["repack", "-dq"]);
        }
    };
    a_multi_pack_index, FAST, |shop| {
        for n in 0..3 {
            long(shop, 5 + n);
            shop.git(&["repack", "-dq"]);
        }
        shop.git(&["multi-pack-index", "write", "--bitmap"]);
    };
    a_pack_that_is_kept, ONE, |shop| {
        long(shop, 10);
        shop.git(&["repack", "-dq"]);
        for entry in std::fs::read_dir(shop.work().join(".git/objects/pack")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "pack") {
                std::fs::write(path.with_extension("keep"), "").unwrap();
            }
        }
    };
    packs_without_compression, ONE, |shop| {
        shop.git(&["config", "core.compression", "0"]);
        long(shop, 10);
        shop.git(&["repack", "-adfq"]);
    };
    a_pack_index_of_the_first_version, ONE, |shop| {
        shop.git(&["config", "pack.indexVersion", "1"]);
        long(shop, 10);
        shop.git(&["repack", "-adfq"]);
    };
    a_delta_whose_base_stays_here, ONE, |shop| {
        shop.git(&["checkout", "-q", "-b", "private"]);
        let text = sendoff_testing::text("base", 400);
        shop.commit("big.txt", format!("{text}private\n"));
        shop.git(&["checkout", "-q", "feature"]);
        shop.commit("big.txt", text);
        shop.git(&["repack", "-adfq"]);
    };
    a_commit_graph, FAST, |shop| {
        long(shop, 20);
        shop.git(&["commit-graph", "write", "--reachable", "--changed-paths"]);
    };
    a_commit_graph_that_is_behind, ONE, |shop| {
        shop.git(&["commit-graph", "write", "--reachable"]);
        long(shop, 20);
    };
    a_chain_of_commit_graphs, ONE, |shop| {
        shop.git(&["commit-graph", "write", "--reachable", "--split=no-merge"]);
        long(shop, 10);
        shop.git(&["commit-graph", "write", "--reachable", "--split=no-merge"]);
        shop.commit("on-top.txt", "top\n");
    };
    replacement_refs, FAST, |shop| {
        shop.commit("feature.txt", "more\n");
        let other = shop.git(&["commit-tree", "-m", "false", "main~1^{tree}"]);
        shop.git(&["replace", "main", &other]);
    };
    grafts, ONE, |shop| {
        shop.commit("feature.txt", "more\n");
        let main = shop.git(&["rev-parse", "main"]);
        shop.write(".git/info/grafts", format!("{main}\n"));
    };
    alternates_here, FAST, |shop| {
        let root = shop.sandbox.path("");
        shop.sandbox.git(&root, &["clone", "-q", "--shared", "-b", "feature", "work", "clone"]);
        shop.work.set("clone");
        shop.commit("feature.txt", "borrowed\n");
    };
    alternates_of_alternates, ONE, |shop| {
        let root = shop.sandbox.path("");
        shop.sandbox.git(&root, &["clone", "-q", "--shared", "-b", "feature", "work", "middle"]);
        shop.sandbox.git(&root, &["clone", "-q", "--shared", "-b", "feature", "middle", "clone"]);
        shop.work.set("clone");
        shop.commit("feature.txt", "borrowed twice\n");
    };
    alternates_at_the_server, FAST, |shop| {
        // What the fork of a forge looks like: the pool has our commits, the server only borrows.
        long(shop, 10);
        shop.share("feature");
        let root = shop.sandbox.path("");
        shop.sandbox.git(&root, &["clone", "-q", "--bare", "remotes/seed.git", "pool.git"]);
        shop.server(&["update-ref", "-d", "refs/heads/feature"]);
        let pool = shop.sandbox.path("pool.git/objects");
        shop.sandbox.write("remotes/seed.git/objects/info/alternates", format!("{}\n", pool.display()));
        shop.server(&["repack", "-adlq"]);
        shop.server(&["prune", "--expire=now"]);
        shop.commit("feature.txt", "on top of the pool\n");
    };
    a_linked_worktree, FAST, |shop| {
        shop.git(&["worktree", "add", "-q", "-b", "side", "../linked"]);
        shop.work.set("linked");
        shop.commit("side.txt", "side\n");
    };
    a_linked_worktree_of_a_bare_repository, ONE, |shop| {
        let root = shop.sandbox.path("");
        shop.sandbox.git(&root, &["clone", "-q", "--bare", "work", "bare"]);
        shop.sandbox.git(shop.sandbox.path("bare"), &["worktree", "add", "-q", "-b", "side", "../linked", "feature"]);
        shop.work.set("linked");
        shop.commit("side.txt", "side\n");
    };
    a_git_directory_elsewhere, ONE, |shop| {
        let root = shop.sandbox.path("");
        shop.sandbox.git(&root, &["clone", "-q", "-b", "feature", "--separate-git-dir", "elsewhere", "work", "clone"]);
        shop.work.set("clone");
        shop.commit("feature.txt", "elsewhere\n");
    };
    a_shallow_clone, ALL, |shop| {
        shop.clone(&["--depth=1"]);
        shop.commit("feature.txt", "from the shallow\n");
    };
    a_shallow_clone_that_was_deepened, FAST, |shop| {
        shop.clone(&["--depth=1"]);
        shop.git(&["fetch", "-q", "--deepen=1"]);
        shop.commit("feature.txt", "deeper\n");
    };
    a_new_branch_of_a_shallow_clone, FAST, |shop| {
        shop.clone(&["--depth=2"]);
        shop.git(&["checkout", "-q", "-b", "topic"]);
        shop.commit("topic.txt", "topic\n");
    };
    a_clone_without_files, FAST, |shop| {
        shop.server(&["config", "uploadpack.allowFilter", "true"]);
        shop.server(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        shop.clone(&["--filter=blob:none"]);
        shop.commit("feature.txt", "partial\n");
    };
    a_clone_of_a_part_of_the_tree, ONE, |shop| {
        shop.clone(&["--sparse"]);
        shop.git(&["sparse-checkout", "set", "src"]);
        shop.commit("src/new.rs", "sparse\n");
    };
    a_sparse_index, ONE, |shop| {
        shop.clone(&["--sparse"]);
        shop.git(&["sparse-checkout", "set", "--sparse-index", "src"]);
        shop.commit("src/new.rs", "sparse\n");
    };
    a_single_branch_clone, ONE, |shop| {
        shop.clone(&["--single-branch"]);
        shop.commit("feature.txt", "single\n");
    };
    a_server_that_moved_on, FAST, |shop| {
        shop.clone(&[]);
        shop.work.set("work");
        shop.git(&["checkout", "-q", "main"]);
        long_on_main(shop);
        shop.work.set("clone");
        shop.commit("feature.txt", "unaware\n");
    };
    a_server_with_packed_refs, FAST, |shop| {
        shop.server(&["pack-refs", "--all"]);
        shop.commit("feature.txt", "more\n");
    };
    a_server_with_bitmaps, ONE, |shop| {
        shop.server(&["repack", "-adbq"]);
        shop.commit("feature.txt", "more\n");
    };
    a_server_with_a_thousand_branches, FAST, |shop| {
        let tip = shop.git(&["rev-parse", "main"]);
        let mut refs = String::from("# pack-refs with: peeled fully-peeled sorted \n");
        for n in 0..1_000 {
            writeln!(refs, "{tip} refs/heads/many/{n:04}").unwrap();
        }
        shop.sandbox.write("remotes/seed.git/packed-refs", refs);
        shop.commit("feature.txt", "more\n");
    };
    a_server_that_hides_refs, FAST, |shop| {
        shop.share("main:refs/pull/1/head");
        shop.server(&["config", "transfer.hideRefs", "refs/pull"]);
        shop.commit("feature.txt", "more\n");
    };
    a_server_that_checks_every_object, FAST, |shop| {
        shop.server(&["config", "receive.fsckObjects", "true"]);
        shop.commit("feature.txt", "more\n");
    };
    a_server_that_keeps_packs, FAST, |shop| {
        shop.server(&["config", "receive.unpackLimit", "1"]);
        shop.commit("feature.txt", "more\n");
    };
    a_server_that_unpacks_everything, FAST, |shop| {
        shop.server(&["config", "receive.unpackLimit", "100000"]);
        long(shop, 60);
    };
    a_server_that_wants_no_offsets, FAST, |shop| {
        shop.server(&["config", "repack.useDeltaBaseOffset", "false"]);
        long(shop, 20);
    };
    a_server_that_refuses_what_is_no_fast_forward, ONE, |shop| {
        shop.server(&["config", "receive.denyNonFastForwards", "true"]);
        shop.commit("feature.txt", "more\n");
    };
    a_server_that_promises_nothing_at_once, ONE, |shop| {
        shop.server(&["config", "receive.advertiseAtomic", "false"]);
        shop.server(&["config", "receive.advertisePushOptions", "true"]);
        shop.commit("feature.txt", "more\n");
    };
    a_server_whose_head_leads_nowhere, ONE, |shop| {
        shop.server(&["symbolic-ref", "HEAD", "refs/heads/nowhere"]);
        shop.commit("feature.txt", "more\n");
    };
    a_server_with_a_detached_head, ONE, |shop| {
        let tip = shop.git(&["rev-parse", "main"]);
        shop.server(&["update-ref", "--no-deref", "HEAD", &tip]);
        shop.commit("feature.txt", "more\n");
    };
    a_server_with_tags_of_files_and_trees, ONE, |shop| {
        shop.server(&["tag", "a-file", "main:README"]);
        shop.server(&["tag", "a-tree", "main:src"]);
        shop.commit("src/lib.rs", "more\n");
    };
    a_server_that_writes_reflogs, ONE, |shop| {
        shop.server(&["config", "core.logAllRefUpdates", "always"]);
        shop.commit("feature.txt", "more\n");
    };
}

#[test]
fn repositories_of_the_longer_hash() {
    let shop = Shop::new("sha256");
    long(&shop, 20);
    shop.commit("feature.txt", "sixty-four digits\n");
    shop.compare(ALL);
}

#[test]
fn a_packed_repository_of_the_longer_hash() {
    let shop = Shop::new("sha256");
    long(&shop, 20);
    shop.git(&["gc", "-q"]);
    shop.compare(FAST);
}

fn long_on_main(shop: &Shop) {
    for n in 0..3 {
        shop.commit("main.txt", format!("news {n}\n"));
    }
    shop.share("main");
}
