//! Deliveries that come again: by id, by body, after a restart, after a week.

use pretty_assertions::assert_eq;
use sendoff_testing::supervise;

use super::server::{Home, RULE, issue};

const SAME_BODY: &str = "the same body came before";
const SAME_ID: &str = "the same delivery id came before, with another body";

#[test]
fn a_delivery_counts_once_by_its_id_and_by_its_body() {
    supervise!();
    let home = Home::new(RULE);
    home.schedule("pick-up-work", &[]);
    let server = home.serve();
    assert_eq!(server.deliver("issues", "d-1", &issue(1)).code, 202);
    let due = home.found("pick-up-work").next_run_at;
    let again = |server: &super::server::Server, id: &str, number: u64, reason: &str| {
        let got = server.deliver("issues", id, &issue(number));
        assert_eq!((got.code, got.reason().as_str()), (200, reason), "{got:?}");
        assert_eq!(got.json()["status"], "duplicate");
        assert_eq!(got.json()["event"], "issues.opened");
    };
    again(&server, "d-1", 1, SAME_BODY);
    // The id is not signed: whoever recorded a delivery can send it with another one.
    again(&server, "d-2", 1, SAME_BODY);
    again(&server, "d-1", 2, SAME_ID);
    assert_eq!(home.found("pick-up-work").next_run_at, due);
    // A refused repeat takes no id and no body from a later delivery.
    assert_eq!(server.deliver("issues", "d-2", &issue(2)).code, 202);
    // What was kept outlives the process.
    drop(server);
    let server = home.serve();
    again(&server, "d-1", 1, SAME_BODY);
    // The same body for another event is another delivery.
    let got = server.deliver("issue_comment", "d-3", &issue(1));
    assert_eq!(
        (got.code, got.json()["status"].as_str()),
        (202, Some("ignored"))
    );
}

#[test]
fn after_a_week_a_delivery_is_forgotten() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    assert_eq!(server.deliver("issues", "d-1", &issue(1)).code, 202);
    drop(server);
    let days = |days: u64| (days * 24 * 3600 - 60).to_string();
    let server = home.serve_with(&[("SENDOFF_CLOCK_OFFSET", &days(7))]);
    assert_eq!(server.deliver("issues", "d-1", &issue(1)).code, 200);
    drop(server);
    let server = home.serve_with(&[("SENDOFF_CLOCK_OFFSET", &days(8))]);
    assert_eq!(server.deliver("issues", "d-1", &issue(1)).code, 202);
    assert_eq!(server.deliver("issues", "d-1", &issue(1)).code, 200);
}

#[test]
fn a_delivery_without_an_id_is_known_by_its_body() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    let body = issue(1);
    let signature = format!(
        "sha256={}",
        super::server::code(super::server::SECRET, &body)
    );
    let headers = [
        ("x-github-event", "issues"),
        ("x-hub-signature-256", &signature),
    ];
    let send = |body: &[u8]| server.send("POST", "/hooks/github", &headers, body).code;
    assert_eq!((send(&body), send(&body)), (202, 200));
}

#[test]
fn a_delivery_that_could_not_be_kept_may_come_again() {
    supervise!();
    let home = Home::new(RULE);
    let server = home.serve();
    let path = home.state().join("store.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let got = server.deliver("issues", "d-1", &issue(1));
    assert_eq!(got.code, 503, "{got:?}");
    assert_eq!(got.json()["status"], "unavailable");
    assert!(
        got.head.to_lowercase().contains("retry-after: 60"),
        "{got:?}"
    );
    assert_eq!(got.reason(), "the delivery cannot be kept");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(server.deliver("issues", "d-1", &issue(1)).code, 202);
}
