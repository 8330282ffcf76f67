//! Every push is done twice, by us and by `git push`, and the remotes are compared.
//!
//! A scenario is one line of a table: what the repository is like, and over which transports it is tried.

mod history;
mod storage;
mod trees;

use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::refs::FullName;
use sendoff_push::{
    Action, Borrowed, LastSeen, NoLocalChecks, NoProgress, PushOutcome, PushRequest, Transport,
    push,
};
use sendoff_testing::{GitPush, GitServer, Sent, TwinFixture};

use crate::transports::{Pipes, PlainHttp};
use crate::workshop::id;

/// How the two remotes are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Http,
    File,
}

/// For what no transport can change: one that speaks in requests, and one that streams.
const FAST: &[Over] = &[Over::Http, Over::File];
/// For what only the repositories' own form decides.
pub(crate) const ONE: &[Over] = &[Over::File];

/// Makes one test of each line: its name, the transports, and what is done to a repository before it is pushed.
macro_rules! scenarios {
    ($($name:ident, $ways:ident, $build:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let fixture = sendoff_testing::TwinFixture::new("sha1");
                let build: fn(&sendoff_testing::TwinFixture) = $build;
                build(&fixture);
                crate::twin::compare(&fixture, $ways);
            }
        )*
    };
}
use scenarios;

/// Pushes over each transport, and compares.
pub(crate) fn compare(fixture: &TwinFixture, over: &[Over]) {
    for over in over {
        let (ours, gits) = (fixture.copy("ours"), fixture.copy("gits"));
        match over {
            Over::File => {
                let pipes = Pipes {
                    sandbox: &fixture.sandbox,
                    remote: ours.clone(),
                };
                let seen = || {
                    let (branch, tips) = fixture.sandbox.tips(&ours, &fixture.branch());
                    LastSeen {
                        branch: branch.as_deref().map(id),
                        tips: tips.iter().map(|tip| id(tip)).collect(),
                    }
                };
                let git_push = GitPush {
                    url: gits.to_str().unwrap().to_owned(),
                    ..GitPush::default()
                };
                fixture.compare("file", &|| push_head(fixture, &pipes, &seen), &git_push);
            }
            Over::Http => {
                let server = GitServer::start(&fixture.sandbox, &fixture.sandbox.path("remotes"));
                let url = server.url();
                let http = PlainHttp {
                    address: url.trim_start_matches("http://").to_owned(),
                    path: "/ours.git".into(),
                };
                let git_push = GitPush {
                    url: format!("{url}/gits.git"),
                    ..GitPush::default()
                };
                // Nothing was seen before, so that everything waits for the answer.
                let push = || push_head(fixture, &http, &LastSeen::default);
                fixture.compare("http", &push, &git_push);
            }
        }
    }
}

/// Pushes HEAD to the branch of the same name.
fn push_head(
    fixture: &TwinFixture,
    transport: &dyn Transport,
    last_seen: &dyn Fn() -> LastSeen,
) -> Sent {
    let repo = gix::open_opts(fixture.work(), gix::open::Options::isolated()).unwrap();
    let new: ObjectId = id(&fixture.git(&["rev-parse", "HEAD"]));
    let branch = FullName::try_from(format!("refs/heads/{}", fixture.branch())).unwrap();
    let request = PushRequest {
        branch: branch.as_ref(),
        transport,
        local: &NoLocalChecks,
        new,
        push_options: &[],
        push_size: u64::MAX,
        borrowed: Borrowed::Sent,
        last_seen,
        confirm: &|_, _| Ok(()),
        agent: "twin/1",
        progress: &NoProgress,
        stop: &AtomicBool::new(false),
    };
    match push(&repo, &request).unwrap() {
        PushOutcome::Pushed(pushed) => Sent {
            objects: pushed.objects,
            bytes: pushed.bytes,
            new: pushed.new.to_string(),
            is_up_to_date: pushed.action == Action::UpToDate,
        },
        PushOutcome::Rejected(rejected) => panic!("{rejected}"),
    }
}
