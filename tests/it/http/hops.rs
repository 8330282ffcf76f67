//! Redirects: which are followed, with what, and where to.

use sendoff::demo::Fault;
use sendoff::http::Request;
use sendoff_testing::supervise;
use serde_json::json;

use super::{client, get, moved, ok, server, token};

#[tokio::test]
async fn a_get_follows_one_hop_within_its_origin() {
    supervise!();
    let server = server();
    server.inject([
        Fault::Instead(moved(301, "/elsewhere?a=b")),
        Fault::Instead(ok()),
    ]);
    let token = token(server.url());
    let request = Request::get(server.url().clone()).token(Some(&token));
    let response = client().send(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.url().path(), "/elsewhere");
    let log = server.log();
    assert_eq!(
        (log[1].path.as_str(), log[1].query.as_str()),
        ("/elsewhere", "a=b")
    );
    assert!(log[1].authorization().is_some());
}

#[tokio::test]
async fn n12_a_loop_of_hops_ends_after_the_first() {
    supervise!();
    let server = server();
    server.inject(std::iter::repeat_n(
        Fault::Instead(moved(302, "/again")),
        20,
    ));
    let error = get(&server).await.unwrap_err();
    assert_eq!(error.class().code().as_str(), "redirect-refused");
    assert_eq!(server.log().len(), 2);
}

#[tokio::test]
async fn a_post_is_sent_again_only_to_the_same_path_and_where_method_and_body_are_kept() {
    supervise!();
    let server = server();
    for (status, to, followed) in [
        (307, "/a/", true),
        (308, "/a/", true),
        (307, "/a/?x", false),
        (307, "/new", false),
        (308, "/b/", false),
        (301, "/a/", false),
        (302, "/a/", false),
        (303, "/a/", false),
    ] {
        server.inject([Fault::Instead(moved(status, to)), Fault::Instead(ok())]);
        let before = server.log().len();
        let url = server.url().join("/a").unwrap();
        let request = Request::post(url, &json!({"a": 1})).unwrap();
        let outcome = client().send(request).await;
        assert_eq!(outcome.is_ok(), followed, "{status} {to}");
        if followed {
            let again = &server.log()[before + 1];
            assert_eq!(
                (again.method.as_str(), again.body.as_slice()),
                ("POST", &br#"{"a":1}"#[..])
            );
        } else {
            get(&server).await.unwrap();
        }
    }
}

#[tokio::test]
async fn n10_no_hop_leaves_the_origin() {
    supervise!();
    let (server, other) = (server(), server());
    let port = other.url().port().unwrap();
    for to in [
        other.url().to_string(),
        format!("//127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{}/", server.url().port().unwrap()),
        format!("http://localhost:{}/", server.url().port().unwrap()),
        "javascript:alert(1)".to_owned(),
    ] {
        server.inject([Fault::Instead(moved(302, to.clone()))]);
        let error = get(&server).await.unwrap_err();
        assert_eq!(error.class().code().as_str(), "redirect-refused", "{to}");
    }
    assert!(other.log().is_empty());
}
