//! Schedules that move to the platform's own table, and back, while the server runs.

use super::server::{Home, RULE, issue};
use crate::schedules::postgres::Postgres;

const RULES: &str = "
[[events.rule]]
on = \"issues.opened\"
repositories = [\"*\"]
fire = [\"*pr review*\"]
";

#[test]
fn a_reload_takes_the_schedules_from_one_place_to_the_other() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let home = Home::new(RULES);
    home.schedule("our PR review", &[]);
    let server = home.serve();
    let fired = |id: &str, number| {
        let got = server.deliver("issues", id, &issue(number));
        assert_eq!(got.code, 202, "{got:?}");
        got.json()["matched"][0]["schedules"].clone()
    };
    assert_eq!(fired("d-1", 1), serde_json::json!(["our PR review"]));
    let table = postgres.url();
    home.policy(&format!(
        "{RULES}[store]\nplatform-schedules = \"{table}\"\n"
    ));
    server.signal("-HUP");
    server.logs("the schedules are stored in another place now");
    assert_eq!(fired("d-2", 2), serde_json::json!(["Ada: PR Review"]));
    let due = "SELECT name FROM workspace_schedules WHERE next_run_at <= now()";
    assert_eq!(postgres.query(due), ["Ada: PR Review"]);
    // One that cannot be used changes nothing.
    let far = table.replace("127.0.0.1", "db.example") + "?sslmode=disable";
    home.policy(&format!("{RULES}[store]\nplatform-schedules = \"{far}\"\n"));
    server.signal("-HUP");
    server.logs("would be reached without encryption");
    server.logs("the previous one stays in effect");
    assert_eq!(fired("d-3", 3), serde_json::json!(["Ada: PR Review"]));
    home.policy(RULES);
    server.signal("-HUP");
    server.logs("place=\"the own store\"");
    assert_eq!(fired("d-4", 4), serde_json::json!(["our PR review"]));
    let log = server.log();
    assert!(!log.contains("canary"), "{log}");
}

#[test]
fn a_table_that_cannot_be_used_is_told_at_the_start() {
    let home = Home::new("");
    let far = "postgres://u:canary-1@db.example/x?sslmode=disable";
    home.policy(&format!("{RULE}[store]\nplatform-schedules = \"{far}\"\n"));
    let (code, _, said) = home.run(&["serve"], b"");
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(said, @r"
    the schedules cannot be used: the database at `postgres://u:REDACTED@db.example/x?sslmode=disable` is on another machine, and would be reached without encryption
      -> take `sslmode=disable` out of `store.platform-schedules`, or list its host in `network.allow-http`
    ");
}
