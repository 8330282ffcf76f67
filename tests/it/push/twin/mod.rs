//! Pushes over sendoff's own transports are done twice, by us and by `git push`, and the remotes are compared.
//!
//! What the repositories can be like is tried in `crates/push/tests/it/twin`; here are those where the transport matters.

mod route;

use sendoff_push::{Action, LastSeen};
use sendoff_testing::{GitPush, Sent, TwinFixture, noise_text};

use super::rig::{About, push_about, seen_of};

pub(super) use route::Over;
use route::{Route, route};

/// Every transport.
const ALL: &[Over] = &[Over::Http, Over::HttpWithPassword, Over::File, Over::Ssh];
/// For what no transport can change: one that speaks in requests, and one that streams.
pub(super) const FAST: &[Over] = &[Over::Http, Over::File];
/// For what only the repositories' own form decides.
pub(super) const ONE: &[Over] = &[Over::File];

/// Makes one test of each line: its name, and what is done to a repository before it is pushed over every transport.
macro_rules! scenarios {
    ($($name:ident, $build:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let fixture = TwinFixture::new("sha1");
                let build: fn(&TwinFixture) = $build;
                build(&fixture);
                compare(&fixture, ALL);
            }
        )*
    };
}

scenarios! {
    linear_commits, |fixture| {
        for n in 0..4 {
            fixture.commit("feature.txt", format!("begin\n{n}\n"));
        }
    };
    a_merge_of_main, |fixture| {
        fixture.git(&["checkout", "-q", "main"]);
        fixture.commit("main.txt", "news\n");
        fixture.share("main");
        fixture.git(&["checkout", "-q", "feature"]);
        fixture.commit("feature.txt", "more\n");
        fixture.git(&["merge", "-q", "--no-ff", "-m", "merge", "main"]);
    };
    a_new_branch_at_an_old_commit, |fixture| {
        fixture.git(&["checkout", "-q", "-b", "old", "main~1"]);
    };
    a_branch_in_a_directory_of_branches, |fixture| {
        fixture.git(&["checkout", "-q", "-b", "users/me/täsk-1"]);
        fixture.commit("task.txt", "task\n");
    };
    the_first_push_of_all, |fixture| {
        fixture.server(&["update-ref", "-d", "refs/heads/main"]);
        fixture.server(&["update-ref", "-d", "refs/heads/feature"]);
        fixture.server(&["prune", "--expire=now"]);
    };
    a_shallow_clone, |fixture| {
        fixture.clone(&["--depth=1"]);
        fixture.commit("feature.txt", "from the shallow\n");
    };
    one_changed_line_of_a_large_file, |fixture| {
        let mut lines: Vec<String> = (0..150_000)
            .map(|n| format!("row {n} of a long table\n"))
            .collect();
        fixture.commit("table.txt", lines.concat());
        fixture.share("feature");
        lines[75_000] = "changed\n".into();
        fixture.commit("table.txt", lines.concat());
    };
    a_push_larger_than_what_is_collected, |fixture| {
        fixture.commit("noise.txt", noise_text(400_000));
    };
}

#[test]
fn repositories_of_the_longer_hash() {
    let fixture = TwinFixture::new("sha256");
    fixture.commit_many(20);
    fixture.commit("feature.txt", "sixty-four digits\n");
    compare(&fixture, ALL);
}

/// Pushes over each transport, and compares.
pub(super) fn compare(fixture: &TwinFixture, over: &[Over]) {
    for over in over {
        let route = route(&fixture.sandbox, *over);
        let git_push = GitPush {
            url: (route.urls)("gits").1,
            ssh: route.git_ssh.clone(),
        };
        let ours = || push(fixture, *over, &route);
        fixture.compare(&format!("{over:?}"), &ours, &git_push);
    }
}

fn push(fixture: &TwinFixture, over: Over, route: &Route) -> Sent {
    // Over http nothing was seen before, so that everything waits for the answer.
    let seen = match over {
        Over::Http => LastSeen::default(),
        _ => seen_of(&fixture.sandbox, &fixture.copy("ours"), &fixture.branch()),
    };
    let about = About {
        seen,
        ..About::default()
    };
    let url = (route.urls)("ours").0;
    let pushed = push_about(
        &fixture.sandbox,
        &fixture.work(),
        &url,
        &route.options,
        &about,
    );
    let pushed = pushed.unwrap_or_else(|error| panic!("{over:?}: {error:?}"));
    Sent {
        objects: pushed.objects,
        bytes: pushed.bytes,
        new: pushed.new.to_string(),
        is_up_to_date: pushed.action == Action::UpToDate,
    }
}
