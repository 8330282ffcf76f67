//! Histories: what the commits and their parents look like.

use sendoff_testing::{TwinFixture, text};

use super::{FAST, ONE, scenarios};

scenarios! {
    a_merge_of_main_that_the_server_has_not, FAST, |fixture| {
        fixture.git(&["checkout", "-q", "main"]);
        fixture.commit("main.txt", "news\n");
        fixture.git(&["checkout", "-q", "feature"]);
        fixture.commit("feature.txt", "more\n");
        fixture.git(&["merge", "-q", "--no-ff", "-m", "merge", "main"]);
    };
    a_fast_forward_to_main, FAST, |fixture| {
        fixture.git(&["checkout", "-q", "-b", "behind", "main~1"]);
        fixture.share("behind");
        fixture.git(&["merge", "-q", "--ff-only", "main"]);
    };
    an_octopus_merge, FAST, |fixture| {
        branches(fixture, 4);
        fixture.git(&["merge", "-q", "-m", "all", "side0", "side1", "side2", "side3"]);
    };
    a_merge_of_sixty_four_branches, ONE, |fixture| {
        let tree = fixture.git(&["rev-parse", "HEAD^{tree}"]);
        let mut arguments = vec!["commit-tree".to_owned(), tree.clone(), "-m".into(), "merge".into()];
        for n in 0..64 {
            let message = format!("root {n}");
            let root = fixture.git(&["commit-tree", &tree, "-m", &message, "-p", "HEAD"]);
            arguments.extend(["-p".into(), root]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let merge = fixture.git(&arguments);
        fixture.git(&["reset", "-q", "--hard", &merge]);
        // A merge that does not lead to the old tip would be refused.
        fixture.git(&["checkout", "-q", "-b", "merged"]);
    };
    a_criss_cross, FAST, |fixture| {
        branches(fixture, 2);
        fixture.git(&["checkout", "-q", "side0"]);
        fixture.git(&["merge", "-q", "-m", "one", "side1"]);
        fixture.git(&["checkout", "-q", "side1"]);
        fixture.git(&["merge", "-q", "-m", "other", "side0~1"]);
        fixture.git(&["merge", "-q", "-s", "ours", "-m", "both", "side0"]);
    };
    a_merge_that_keeps_one_side, FAST, |fixture| {
        news_on_main(fixture);
        fixture.git(&["merge", "-q", "-s", "ours", "-m", "ours", "main"]);
    };
    a_merge_with_a_change_of_its_own, FAST, |fixture| {
        news_on_main(fixture);
        fixture.git(&["merge", "-q", "--no-commit", "--no-ff", "main"]);
        fixture.commit("neither.txt", "from neither side\n");
    };
    a_squashed_merge, FAST, |fixture| {
        branches(fixture, 1);
        fixture.git(&["merge", "-q", "--squash", "side0"]);
        fixture.commit("squashed.txt", "one commit\n");
    };
    a_subtree_merge, FAST, |fixture| {
        branches(fixture, 1);
        fixture.git(&["merge", "-q", "-s", "ours", "--no-commit", "side0"]);
        fixture.git(&["read-tree", "--prefix=vendor/", "-u", "side0"]);
        fixture.commit("note.txt", "subtree\n");
    };
    an_orphan_branch, FAST, orphan;
    an_orphan_that_is_merged_in, FAST, |fixture| {
        orphan(fixture);
        fixture.git(&["checkout", "-q", "feature"]);
        fixture.git(&["merge", "-q", "-m", "two roots", "--allow-unrelated-histories", "lonely"]);
    };
    a_revert, FAST, |fixture| {
        fixture.commit("src/lib.rs", "all new\n");
        fixture.git(&["revert", "--no-edit", "HEAD"]);
    };
    a_revert_of_what_the_server_has, FAST, |fixture| {
        fixture.git(&["revert", "--no-edit", "HEAD"]);
    };
    a_revert_of_a_merge, FAST, |fixture| {
        news_on_main(fixture);
        fixture.git(&["merge", "-q", "--no-ff", "-m", "merge", "main"]);
        fixture.git(&["revert", "--no-edit", "-m", "1", "HEAD"]);
    };
    a_merge_whose_sides_have_a_file_each_at_one_place, ONE, |fixture| {
        let (one, two) = (text("one", 300), text("two", 300));
        fixture.git(&["checkout", "-q", "-b", "side0"]);
        fixture.commit("both.txt", &one);
        fixture.share("side0");
        fixture.git(&["checkout", "-q", "-b", "side1", "feature"]);
        fixture.commit("both.txt", &two);
        fixture.share("side1");
        fixture.git(&["checkout", "-q", "side0"]);
        fixture.git(&["merge", "-q", "-s", "ours", "-m", "ours", "side1"]);
        fixture.commit("both.txt", format!("{two}more\n"));
    };
    a_cherry_pick, FAST, |fixture| {
        news_on_main(fixture);
        fixture.git(&["cherry-pick", "main"]);
    };
    an_empty_commit, FAST, |fixture| {
        fixture.git(&["commit", "-q", "--allow-empty", "-m", "nothing"]);
    };
    a_new_branch_at_a_tag_of_the_server, FAST, |fixture| {
        fixture.commit("tagged.txt", "tagged\n");
        fixture.git(&["tag", "-a", "-m", "one", "v1"]);
        fixture.git(&["tag", "-a", "-m", "a tag of a tag", "v1-again", "v1"]);
        fixture.share("v1-again");
        fixture.git(&["checkout", "-q", "-b", "release-work"]);
    };
    a_new_branch_from_deep_in_the_past, FAST, |fixture| {
        fixture.git(&["checkout", "-q", "-b", "past", "main~2"]);
        fixture.commit("past.txt", "late\n");
    };
    two_hundred_commits, FAST, |fixture| { fixture.commit_many(200); };
    commits_of_one_second, FAST, |fixture| {
        for n in 0..10 {
            fixture.commit_at(1_700_000_000, &format!("same {n}"));
        }
    };
    a_clock_that_runs_backwards, FAST, |fixture| {
        for n in 0..10 {
            fixture.commit_at(1_600_000_000 - n * 100_000, &format!("back {n}"));
        }
    };
    a_commit_from_the_far_future_and_one_from_the_beginning, FAST, |fixture| {
        fixture.commit_at(4_000_000_000, "future");
        fixture.commit_at(1, "beginning");
        fixture.commit_at(1_700_000_000, "now");
    };
    a_rebased_branch_under_a_new_name, FAST, |fixture| {
        fixture.commit("first.txt", "first\n");
        fixture.share("feature");
        news_on_main(fixture);
        fixture.git(&["checkout", "-q", "-b", "feature-2"]);
        fixture.git(&["rebase", "-q", "main"]);
    };
    what_was_already_pushed_to_another_branch, FAST, |fixture| {
        fixture.commit("feature.txt", "more\n");
        fixture.share("feature:elsewhere");
    };
    a_message_in_latin_1, ONE, |fixture| {
        fixture.git(&["config", "i18n.commitEncoding", "ISO-8859-1"]);
        fixture.write("x.txt", "x\n");
        fixture.git(&["add", "x.txt"]);
        fixture.feed(&["commit", "-q", "-F", "-"], b"gr\xfc\xdfe\n");
    };
    an_author_with_many_letters, ONE, |fixture| {
        fixture.git(&["commit", "-q", "--allow-empty", "-m", "名", "--author", "Åsa Ø 名前 <a@example.invalid>"]);
    };
    a_long_message, ONE, |fixture| {
        let message = text("message", 4_000);
        fixture.feed(&["commit", "-q", "--allow-empty", "-F", "-"], message.as_bytes());
    };
    a_long_message_of_one_line_repeated, ONE, |fixture| {
        let text = "a line of a long message\n".repeat(8_000);
        fixture.feed(&["commit", "-q", "--allow-empty", "-F", "-"], text.as_bytes());
    };
    no_message, ONE, |fixture| {
        fixture.git(&["commit", "-q", "--allow-empty", "--allow-empty-message", "-m", ""]);
    };
    headers_that_nobody_knows, ONE, |fixture| {
        let commit = fixture.git(&["cat-file", "commit", "HEAD"]);
        let (head, body) = commit.split_once("\n\n").unwrap();
        let parent = fixture.git(&["rev-parse", "HEAD"]);
        let (tree, rest) = head.split_once('\n').unwrap();
        let rest: Vec<&str> = rest.lines().filter(|line| !line.starts_with("parent")).collect();
        let text = format!(
            "{tree}\nparent {parent}\n{}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n c2ln\n -----END PGP SIGNATURE-----\nx-future some\n thing\n\n{body}\n",
            rest.join("\n")
        );
        let id = fixture.feed(&["hash-object", "-t", "commit", "-w", "--stdin"], text.as_bytes());
        fixture.git(&["update-ref", "refs/heads/feature", &id]);
    };
}

/// A commit on `main` that the server has; HEAD stays at `feature`, one commit ahead.
fn news_on_main(fixture: &TwinFixture) {
    fixture.git(&["checkout", "-q", "main"]);
    fixture.commit("main.txt", "news\n");
    fixture.share("main");
    fixture.git(&["checkout", "-q", "feature"]);
    fixture.commit("feature.txt", "more\n");
}

/// Branches with a commit each, from where `feature` is.
fn branches(fixture: &TwinFixture, count: usize) {
    for n in 0..count {
        fixture.git(&["checkout", "-q", "-b", &format!("side{n}"), "feature"]);
        fixture.commit(&format!("side{n}.txt"), format!("side {n}\n"));
    }
    fixture.git(&["checkout", "-q", "feature"]);
}

fn orphan(fixture: &TwinFixture) {
    fixture.git(&["checkout", "-q", "--orphan", "lonely"]);
    fixture.git(&["rm", "-rfq", "."]);
    fixture.commit("alone.txt", "alone\n");
}
