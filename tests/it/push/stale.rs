//! Connections that a server or a proxy ends without having said so, when the next request is on its way.

use sendoff::demo::git_server::GitServerOptions;

use super::front::{Front, Manner, Reused};
use super::proxy::configured;
use super::rig::push_head;
use super::served::Served;

fn front(upstream: &str, reused: Reused) -> Front {
    let manner = Manner {
        reused,
        ..Manner::default()
    };
    Front::start(upstream, manner)
}

/// Pushes a new commit, and returns what the front saw of it. On a busy machine a connection may not be free again when the next
/// request begins, which then takes another one that nobody cuts: it is tried again.
fn talk_on_one_connection(served: &Served, front: &Front) -> Vec<String> {
    let talk = || {
        let commit = ["commit", "-q", "--allow-empty", "-m", "more"];
        served.sandbox.git(&served.work, &commit);
        let before = front.talk().len();
        let options = configured(&served.sandbox, &served.work, &front.url());
        let pushed = push_head(&served.sandbox, &served.work, &front.url(), &options).unwrap();
        assert_eq!(served.tip(), pushed.new.to_string());
        front.talk().split_off(before)
    };
    let is_cut = |talk: &Vec<String>| talk.iter().any(|line| line.ends_with(" 0"));
    std::iter::repeat_with(talk)
        .take(5)
        .find(is_cut)
        .unwrap_or_else(|| panic!("each request took a connection of its own"))
}

/// Guards that a request is sent again on a new connection where the kept one has ended, as git does.
#[test]
fn a_request_on_a_connection_that_has_ended_is_sent_again() {
    let served = Served::start(GitServerOptions::default());
    let front = front(&served.server.url(), Reused::Cut);
    let mut push = served.sandbox.command("git");
    push.current_dir(&served.work)
        .args(["push", "-q", &front.url(), "feature:git"]);
    assert!(push.output().unwrap().status.success(), "git");
    assert_eq!(
        talk_on_one_connection(&served, &front),
        [
            "HTTP/1.1 GET refs 200",
            "HTTP/1.1 POST git-receive-pack 0",
            "HTTP/1.1 GET refs 200",
            "HTTP/1.1 POST git-receive-pack 200"
        ]
    );
}

/// Guards that a request which was carried out before its connection ended is not sent again, for a new branch and for one
/// that is there.
#[test]
fn a_push_that_was_done_before_its_connection_ended_is_not_sent_again() {
    let served = Served::start(GitServerOptions::default());
    let front = front(&served.server.url(), Reused::CutWhenDone);
    for message in ["new branch", "more"] {
        assert_eq!(
            talk_on_one_connection(&served, &front),
            [
                "HTTP/1.1 GET refs 200",
                "HTTP/1.1 POST git-receive-pack 0",
                "HTTP/1.1 GET refs 200"
            ],
            "{message}"
        );
    }
}
