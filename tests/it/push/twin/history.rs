//! Histories: what the commits and their parents look like.

use super::{ALL, FAST, ONE, Shop, scenarios};

scenarios! {
    linear_commits, ALL, |shop| {
        for n in 0..4 {
            shop.commit("feature.txt", format!("begin\n{n}\n"));
        }
    };
    a_merge_of_main, ALL, |shop| {
        news_on_main(shop);
        shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "main"]);
    };
    a_merge_of_main_that_the_server_has_not, FAST, |shop| {
        shop.git(&["checkout", "-q", "main"]);
        shop.commit("main.txt", "news\n");
        shop.git(&["checkout", "-q", "feature"]);
        shop.commit("feature.txt", "more\n");
        shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "main"]);
    };
    a_fast_forward_to_main, FAST, |shop| {
        shop.git(&["checkout", "-q", "-b", "behind", "main~1"]);
        shop.share("behind");
        shop.git(&["merge", "-q", "--ff-only", "main"]);
    };
    an_octopus_merge, FAST, |shop| {
        branches(shop, 4);
        shop.git(&["merge", "-q", "-m", "all", "side0", "side1", "side2", "side3"]);
    };
    a_merge_of_sixty_four_branches, ONE, |shop| {
        let tree = shop.git(&["rev-parse", "HEAD^{tree}"]);
        let mut arguments = vec!["commit-tree".to_owned(), tree.clone(), "-m".into(), "merge".into()];
        for n in 0..64 {
            let message = format!("root {n}");
            let root = shop.git(&["commit-tree", &tree, "-m", &message, "-p", "HEAD"]);
            arguments.extend(["-p".into(), root]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let merge = shop.git(&arguments);
        shop.git(&["reset", "-q", "--hard", &merge]);
        // A merge that does not lead to the old tip would be refused.
        shop.git(&["checkout", "-q", "-b", "merged"]);
    };
    a_criss_cross, FAST, |shop| {
        branches(shop, 2);
        shop.git(&["checkout", "-q", "side0"]);
        shop.git(&["merge", "-q", "-m", "one", "side1"]);
        shop.git(&["checkout", "-q", "side1"]);
        shop.git(&["merge", "-q", "-m", "other", "side0~1"]);
        shop.git(&["merge", "-q", "-s", "ours", "-m", "both", "side0"]);
    };
    a_merge_that_keeps_one_side, FAST, |shop| {
        news_on_main(shop);
        shop.git(&["merge", "-q", "-s", "ours", "-m", "ours", "main"]);
    };
    a_merge_with_a_change_of_its_own, FAST, |shop| {
        news_on_main(shop);
        shop.git(&["merge", "-q", "--no-commit", "--no-ff", "main"]);
        shop.commit("neither.txt", "from neither side\n");
    };
    a_squashed_merge, FAST, |shop| {
        branches(shop, 1);
        shop.git(&["merge", "-q", "--squash", "side0"]);
        shop.commit("squashed.txt", "one commit\n");
    };
    a_subtree_merge, FAST, |shop| {
        branches(shop, 1);
        shop.git(&["merge", "-q", "-s", "ours", "--no-commit", "side0"]);
        shop.git(&["read-tree", "--prefix=vendor/", "-u", "side0"]);
        shop.commit("note.txt", "subtree\n");
    };
    an_orphan_branch, FAST, orphan;
    an_orphan_that_is_merged_in, FAST, |shop| {
        orphan(shop);
        shop.git(&["checkout", "-q", "feature"]);
        shop.git(&["merge", "-q", "-m", "two roots", "--allow-unrelated-histories", "lonely"]);
    };
    a_revert, FAST, |shop| {
        shop.commit("src/lib.rs", "all new\n");
        shop.git(&["revert", "--no-edit", "HEAD"]);
    };
    a_revert_of_what_the_server_has, FAST, |shop| {
        shop.git(&["revert", "--no-edit", "HEAD"]);
    };
    a_revert_of_a_merge, FAST, |shop| {
        news_on_main(shop);
        shop.git(&["merge", "-q", "--no-ff", "-m", "merge", "main"]);
        shop.git(&["revert", "--no-edit", "-m", "1", "HEAD"]);
    };
    a_merge_whose_sides_have_a_file_each_at_one_place, ONE, |shop| {
        let (one, two) = (sendoff_testing::text("one", 300), sendoff_testing::text("two", 300));
        shop.git(&["checkout", "-q", "-b", "side0"]);
        shop.commit("both.txt", &one);
        shop.share("side0");
        shop.git(&["checkout", "-q", "-b", "side1", "feature"]);
        shop.commit("both.txt", &two);
        shop.share("side1");
        shop.git(&["checkout", "-q", "side0"]);
        shop.git(&["merge", "-q", "-s", "ours", "-m", "ours", "side1"]);
        shop.commit("both.txt", format!("{two}more\n"));
    };
    a_cherry_pick, FAST, |shop| {
        news_on_main(shop);
        shop.git(&["cherry-pick", "main"]);
    };
    an_empty_commit, FAST, |shop| {
        shop.git(&["commit", "-q", "--allow-empty", "-m", "nothing"]);
    };
    a_new_branch_at_an_old_commit, ALL, |shop| {
        shop.git(&["checkout", "-q", "-b", "old", "main~1"]);
    };
    a_new_branch_at_a_tag_of_the_server, FAST, |shop| {
        shop.commit("tagged.txt", "tagged\n");
        shop.git(&["tag", "-a", "-m", "one", "v1"]);
        shop.git(&["tag", "-a", "-m", "a tag of a tag", "v1-again", "v1"]);
        shop.share("v1-again");
        shop.git(&["checkout", "-q", "-b", "release-work"]);
    };
    a_new_branch_from_deep_in_the_past, FAST, |shop| {
        shop.git(&["checkout", "-q", "-b", "past", "main~2"]);
        shop.commit("past.txt", "late\n");
    };
    a_branch_in_a_directory_of_branches, ALL, |shop| {
        shop.git(&["checkout", "-q", "-b", "users/me/täsk-1"]);
        shop.commit("task.txt", "task\n");
    };
    the_first_push_of_all, ALL, |shop| {
        shop.server(&["update-ref", "-d", "refs/heads/main"]);
        shop.server(&["update-ref", "-d", "refs/heads/feature"]);
        shop.server(&["prune", "--expire=now"]);
    };
    two_hundred_commits, FAST, |shop| { long(shop, 200); };
    commits_of_one_second, FAST, |shop| {
        for n in 0..10 {
            shop.commit_at(1_700_000_000, &format!("same {n}"));
        }
    };
    a_clock_that_runs_backwards, FAST, |shop| {
        for n in 0..10 {
            shop.commit_at(1_600_000_000 - n * 100_000, &format!("back {n}"));
        }
    };
    a_commit_from_the_far_future_and_one_from_the_beginning, FAST, |shop| {
        shop.commit_at(4_000_000_000, "future");
        shop.commit_at(1, "beginning");
        shop.commit_at(1_700_000_000, "now");
    };
    a_rebased_branch_under_a_new_name, FAST, |shop| {
        shop.commit("first.txt", "first\n");
        shop.share("feature");
        news_on_main(shop);
        shop.git(&["checkout", "-q", "-b", "feature-2"]);
        shop.git(&["rebase", "-q", "main"]);
    };
    what_was_already_pushed_to_another_branch, FAST, |shop| {
        shop.commit("feature.txt", "more\n");
        shop.share("feature:elsewhere");
    };
    a_message_in_latin_1, ONE, |shop| {
        shop.git(&["config", "i18n.commitEncoding", "ISO-8859-1"]);
        shop.write("x.txt", "x\n");
        shop.git(&["add", "x.txt"]);
        shop.feed(&["commit", "-q", "-F", "-"], b"gr\xfc\xdfe\n");
    };
    an_author_with_many_letters, ONE, |shop| {
        shop.git(&["commit", "-q", "--allow-empty", "-m", "名", "--author", "Åsa Ø 名前 <a@example.invalid>"]);
    };
    a_long_message, ONE, |shop| {
        let text = sendoff_testing::text("message", 4_000);
        shop.feed(&["commit", "-q", "--allow-empty", "-F", "-"], text.as_bytes());
    };
    a_long_message_of_one_line_repeated, ONE, |shop| {
        let text = "a line of a long message\n".repeat(8_000);
        shop.feed(&["commit", "-q", "--allow-empty", "-F", "-"], text.as_bytes());
    };
    no_message, ONE, |shop| {
        shop.git(&["commit", "-q", "--allow-empty", "--allow-empty-message", "-m", ""]);
    };
    headers_that_nobody_knows, ONE, |shop| {
        let commit = shop.git(&["cat-file", "commit", "HEAD"]);
        let (head, body) = commit.split_once("\n\n").unwrap();
        let parent = shop.git(&["rev-parse", "HEAD"]);
        let (tree, rest) = head.split_once('\n').unwrap();
        let rest: Vec<&str> = rest.lines().filter(|line| !line.starts_with("parent")).collect();
        let text = format!(
            "{tree}\nparent {parent}\n{}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n c2ln\n -----END PGP SIGNATURE-----\nx-future some\n thing\n\n{body}\n",
            rest.join("\n")
        );
        let id = shop.feed(&["hash-object", "-t", "commit", "-w", "--stdin"], text.as_bytes());
        shop.git(&["update-ref", "refs/heads/feature", &id]);
    };
}

/// A commit on `main` that the server has; HEAD stays at `feature`, one commit ahead.
fn news_on_main(shop: &Shop) {
    shop.git(&["checkout", "-q", "main"]);
    shop.commit("main.txt", "news\n");
    shop.share("main");
    shop.git(&["checkout", "-q", "feature"]);
    shop.commit("feature.txt", "more\n");
}

/// Branches with a commit each, from where `feature` is.
fn branches(shop: &Shop, count: usize) {
    for n in 0..count {
        shop.git(&["checkout", "-q", "-b", &format!("side{n}"), "feature"]);
        shop.commit(&format!("side{n}.txt"), format!("side {n}\n"));
    }
    shop.git(&["checkout", "-q", "feature"]);
}

fn orphan(shop: &Shop) {
    shop.git(&["checkout", "-q", "--orphan", "lonely"]);
    shop.git(&["rm", "-rfq", "."]);
    shop.commit("alone.txt", "alone\n");
}

/// Many commits, quickly.
pub(in crate::push) fn long(shop: &Shop, commits: usize) {
    use std::fmt::Write as _;
    let tip = shop.git(&["rev-parse", "HEAD"]);
    let mut stream = String::new();
    for n in 0..commits {
        let text = sendoff_testing::text(&n.to_string(), 20 + n % 7);
        writeln!(stream, "commit refs/heads/feature").unwrap();
        writeln!(
            stream,
            "committer A <a@example.invalid> {} +0000",
            1_770_000_000 + n
        )
        .unwrap();
        writeln!(stream, "data 1\nx").unwrap();
        if n == 0 {
            writeln!(stream, "from {tip}").unwrap();
        }
        writeln!(
            stream,
            "M 100644 inline long/{}/{}.txt\ndata {}\n{text}",
            n % 5,
            n % 30,
            text.len()
        )
        .unwrap();
    }
    shop.feed(&["fast-import", "--quiet"], stream.as_bytes());
    shop.git(&["reset", "-q", "--hard", "feature"]);
}
