//! Storage: how the repositories on both sides keep what they have.

use std::fmt::Write as _;

use sendoff_testing::{TwinFixture, text};

use super::{FAST, ONE, compare, scenarios};

scenarios! {
    everything_in_one_pack, FAST, |fixture| {
        fixture.commit_many(40);
        fixture.git(&["gc", "-q"]);
    };
    a_pack_made_with_patience, ONE, |fixture| {
        fixture.commit_many(60);
        fixture.git(&["repack", "-adfq", "--depth=250", "--window=100"]);
    };
    deltas_that_run_from_old_to_new, ONE, |fixture| { fixture.commit_many(120); };
    loose_objects_on_top_of_a_pack, FAST, |fixture| {
        fixture.commit_many(40);
        fixture.git(&["gc", "-q"]);
        fixture.commit("loose.txt", "loose\n");
    };
    several_packs, ONE, |fixture| {
        for n in 0..4 {
            fixture.commit_many(5 + n);
            fixture.git(&["repack", "-dq"]);
        }
    };
    a_multi_pack_index, FAST, |fixture| {
        for n in 0..3 {
            fixture.commit_many(5 + n);
            fixture.git(&["repack", "-dq"]);
        }
        fixture.git(&["multi-pack-index", "write", "--bitmap"]);
    };
    a_pack_that_is_kept, ONE, |fixture| {
        fixture.commit_many(10);
        fixture.git(&["repack", "-dq"]);
        for entry in std::fs::read_dir(fixture.work().join(".git/objects/pack")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "pack") {
                std::fs::write(path.with_extension("keep"), "").unwrap();
            }
        }
    };
    packs_without_compression, ONE, |fixture| {
        fixture.git(&["config", "core.compression", "0"]);
        fixture.commit_many(10);
        fixture.git(&["repack", "-adfq"]);
    };
    a_pack_index_of_the_first_version, ONE, |fixture| {
        fixture.git(&["config", "pack.indexVersion", "1"]);
        fixture.commit_many(10);
        fixture.git(&["repack", "-adfq"]);
    };
    a_delta_whose_base_stays_here, ONE, |fixture| {
        fixture.git(&["checkout", "-q", "-b", "private"]);
        let base = text("base", 400);
        fixture.commit("big.txt", format!("{base}private\n"));
        fixture.git(&["checkout", "-q", "feature"]);
        fixture.commit("big.txt", base);
        fixture.git(&["repack", "-adfq"]);
    };
    a_commit_graph, FAST, |fixture| {
        fixture.commit_many(20);
        fixture.git(&["commit-graph", "write", "--reachable", "--changed-paths"]);
    };
    a_commit_graph_that_is_behind, ONE, |fixture| {
        fixture.git(&["commit-graph", "write", "--reachable"]);
        fixture.commit_many(20);
    };
    a_chain_of_commit_graphs, ONE, |fixture| {
        fixture.git(&["commit-graph", "write", "--reachable", "--split=no-merge"]);
        fixture.commit_many(10);
        fixture.git(&["commit-graph", "write", "--reachable", "--split=no-merge"]);
        fixture.commit("on-top.txt", "top\n");
    };
    replacement_refs, FAST, |fixture| {
        fixture.commit("feature.txt", "more\n");
        let other = fixture.git(&["commit-tree", "-m", "false", "main~1^{tree}"]);
        fixture.git(&["replace", "main", &other]);
    };
    grafts, ONE, |fixture| {
        fixture.commit("feature.txt", "more\n");
        let main = fixture.git(&["rev-parse", "main"]);
        fixture.write(".git/info/grafts", format!("{main}\n"));
    };
    alternates_here, FAST, |fixture| {
        let root = fixture.sandbox.path("");
        fixture.sandbox.git(&root, &["clone", "-q", "--shared", "-b", "feature", "work", "clone"]);
        fixture.use_work("clone");
        fixture.commit("feature.txt", "borrowed\n");
    };
    alternates_of_alternates, ONE, |fixture| {
        let root = fixture.sandbox.path("");
        fixture.sandbox.git(&root, &["clone", "-q", "--shared", "-b", "feature", "work", "middle"]);
        fixture.sandbox.git(&root, &["clone", "-q", "--shared", "-b", "feature", "middle", "clone"]);
        fixture.use_work("clone");
        fixture.commit("feature.txt", "borrowed twice\n");
    };
    alternates_at_the_server, FAST, |fixture| {
        // What the fork of a forge looks like: the pool has our commits, the server only borrows.
        fixture.commit_many(10);
        fixture.share("feature");
        let root = fixture.sandbox.path("");
        fixture.sandbox.git(&root, &["clone", "-q", "--bare", "remotes/seed.git", "pool.git"]);
        fixture.server(&["update-ref", "-d", "refs/heads/feature"]);
        let pool = fixture.sandbox.path("pool.git/objects");
        fixture.sandbox.write("remotes/seed.git/objects/info/alternates", format!("{}\n", pool.display()));
        fixture.server(&["repack", "-adlq"]);
        fixture.server(&["prune", "--expire=now"]);
        fixture.commit("feature.txt", "on top of the pool\n");
    };
    a_linked_worktree, FAST, |fixture| {
        fixture.git(&["worktree", "add", "-q", "-b", "side", "../linked"]);
        fixture.use_work("linked");
        fixture.commit("side.txt", "side\n");
    };
    a_linked_worktree_of_a_bare_repository, ONE, |fixture| {
        let root = fixture.sandbox.path("");
        fixture.sandbox.git(&root, &["clone", "-q", "--bare", "work", "bare"]);
        fixture.sandbox.git(fixture.sandbox.path("bare"), &["worktree", "add", "-q", "-b", "side", "../linked", "feature"]);
        fixture.use_work("linked");
        fixture.commit("side.txt", "side\n");
    };
    a_git_directory_elsewhere, ONE, |fixture| {
        let root = fixture.sandbox.path("");
        fixture.sandbox.git(&root, &["clone", "-q", "-b", "feature", "--separate-git-dir", "elsewhere", "work", "clone"]);
        fixture.use_work("clone");
        fixture.commit("feature.txt", "elsewhere\n");
    };
    a_shallow_clone_that_was_deepened, FAST, |fixture| {
        fixture.clone(&["--depth=1"]);
        fixture.git(&["fetch", "-q", "--deepen=1"]);
        fixture.commit("feature.txt", "deeper\n");
    };
    a_new_branch_of_a_shallow_clone, FAST, |fixture| {
        fixture.clone(&["--depth=2"]);
        fixture.git(&["checkout", "-q", "-b", "topic"]);
        fixture.commit("topic.txt", "topic\n");
    };
    a_clone_without_files, FAST, |fixture| {
        fixture.server(&["config", "uploadpack.allowFilter", "true"]);
        fixture.server(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        fixture.clone(&["--filter=blob:none"]);
        fixture.commit("feature.txt", "partial\n");
    };
    a_clone_of_a_part_of_the_tree, ONE, |fixture| {
        fixture.clone(&["--sparse"]);
        fixture.git(&["sparse-checkout", "set", "src"]);
        fixture.commit("src/new.rs", "sparse\n");
    };
    a_sparse_index, ONE, |fixture| {
        fixture.clone(&["--sparse"]);
        fixture.git(&["sparse-checkout", "set", "--sparse-index", "src"]);
        fixture.commit("src/new.rs", "sparse\n");
    };
    a_single_branch_clone, ONE, |fixture| {
        fixture.clone(&["--single-branch"]);
        fixture.commit("feature.txt", "single\n");
    };
    a_server_that_moved_on, FAST, |fixture| {
        fixture.clone(&[]);
        fixture.use_work("work");
        fixture.git(&["checkout", "-q", "main"]);
        long_on_main(fixture);
        fixture.use_work("clone");
        fixture.commit("feature.txt", "unaware\n");
    };
    a_server_with_packed_refs, FAST, |fixture| {
        fixture.server(&["pack-refs", "--all"]);
        fixture.commit("feature.txt", "more\n");
    };
    a_server_with_bitmaps, ONE, |fixture| {
        fixture.server(&["repack", "-adbq"]);
        fixture.commit("feature.txt", "more\n");
    };
    a_server_with_a_thousand_branches, FAST, |fixture| {
        let tip = fixture.git(&["rev-parse", "main"]);
        let mut refs = String::from("# pack-refs with: peeled fully-peeled sorted \n");
        for n in 0..1_000 {
            writeln!(refs, "{tip} refs/heads/many/{n:04}").unwrap();
        }
        fixture.sandbox.write("remotes/seed.git/packed-refs", refs);
        fixture.commit("feature.txt", "more\n");
    };
    a_server_that_hides_refs, FAST, |fixture| {
        fixture.share("main:refs/pull/1/head");
        fixture.server(&["config", "transfer.hideRefs", "refs/pull"]);
        fixture.commit("feature.txt", "more\n");
    };
    a_server_that_checks_every_object, FAST, |fixture| {
        fixture.server(&["config", "receive.fsckObjects", "true"]);
        fixture.commit("feature.txt", "more\n");
    };
    a_server_that_keeps_packs, FAST, |fixture| {
        fixture.server(&["config", "receive.unpackLimit", "1"]);
        fixture.commit("feature.txt", "more\n");
    };
    a_server_that_unpacks_everything, FAST, |fixture| {
        fixture.server(&["config", "receive.unpackLimit", "100000"]);
        fixture.commit_many(60);
    };
    a_server_that_wants_no_offsets, FAST, |fixture| {
        fixture.server(&["config", "repack.useDeltaBaseOffset", "false"]);
        fixture.commit_many(20);
    };
    a_server_that_refuses_what_is_no_fast_forward, ONE, |fixture| {
        fixture.server(&["config", "receive.denyNonFastForwards", "true"]);
        fixture.commit("feature.txt", "more\n");
    };
    a_server_that_promises_nothing_at_once, ONE, |fixture| {
        fixture.server(&["config", "receive.advertiseAtomic", "false"]);
        fixture.server(&["config", "receive.advertisePushOptions", "true"]);
        fixture.commit("feature.txt", "more\n");
    };
    a_server_whose_head_leads_nowhere, ONE, |fixture| {
        fixture.server(&["symbolic-ref", "HEAD", "refs/heads/nowhere"]);
        fixture.commit("feature.txt", "more\n");
    };
    a_server_with_a_detached_head, ONE, |fixture| {
        let tip = fixture.git(&["rev-parse", "main"]);
        fixture.server(&["update-ref", "--no-deref", "HEAD", &tip]);
        fixture.commit("feature.txt", "more\n");
    };
    a_server_with_tags_of_files_and_trees, ONE, |fixture| {
        fixture.server(&["tag", "a-file", "main:README"]);
        fixture.server(&["tag", "a-tree", "main:src"]);
        fixture.commit("src/lib.rs", "more\n");
    };
    a_server_that_writes_reflogs, ONE, |fixture| {
        fixture.server(&["config", "core.logAllRefUpdates", "always"]);
        fixture.commit("feature.txt", "more\n");
    };
}

#[test]
fn a_packed_repository_of_the_longer_hash() {
    let fixture = TwinFixture::new("sha256");
    fixture.commit_many(20);
    fixture.git(&["gc", "-q"]);
    compare(&fixture, FAST);
}

fn long_on_main(fixture: &TwinFixture) {
    for n in 0..3 {
        fixture.commit("main.txt", format!("news {n}\n"));
    }
    fixture.share("main");
}
