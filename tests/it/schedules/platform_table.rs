//! The platform's own table, in a real `PostgreSQL`.

use std::sync::Arc;

use sendoff::clock::Clock;
use sendoff::names::NamePattern;
use sendoff::schedules::open_schedules;
use sendoff::secrets::KnownSecrets;
use sendoff::session::Service;
use serde_json::{Value, json};

use crate::sandbox::environment;

use super::Machine;
use super::postgres::{PASSWORD, Postgres};

fn service(machine: &Machine) -> Arc<Service> {
    let environment = environment(&machine.sandbox, std::path::Path::new("/"));
    Arc::new(Service::open(&environment, &KnownSecrets::default()).unwrap())
}

fn patterns(texts: &[&str]) -> Vec<NamePattern> {
    texts.iter().copied().map(NamePattern::new).collect()
}

/// What the table has, but for the times of those that are due.
const REST: &str = "SELECT row(name, cron_expr, timezone, prompt, enabled, last_run_at, run_count, last_status, last_error,
    consecutive_empty_runs, CASE WHEN next_run_at > '2098-01-01' THEN next_run_at END)::text FROM workspace_schedules ORDER BY name";

#[test]
fn an_event_sets_due_what_matches_and_touches_nothing_else() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let machine = Machine::new(&format!(
        "[store]\nplatform-schedules = \"{}\"\n",
        postgres.url()
    ));
    let due = open_schedules(&service(&machine)).unwrap();
    let before = postgres.query(REST);
    let fire = patterns(&["*pr review*", "*SECURITY review*"]);
    let expected = ["Ada: PR Review", "Bob: security review"];
    assert_eq!(due.matching(&fire).unwrap(), expected);
    assert_eq!(postgres.query(REST), before, "to look changes nothing");
    let now = Clock::System.now();
    assert_eq!(
        due.set_due(&fire, Some(&json!({"a": 1})), now).unwrap(),
        expected
    );
    let is_due = "SELECT name FROM workspace_schedules WHERE next_run_at <= now() AND next_run_at > now() - interval '1 minute' ORDER BY name";
    assert_eq!(postgres.query(is_due), expected);
    let after = postgres.query(REST);
    assert_eq!(
        after[2..],
        before[2..],
        "what is disabled or has no time stays, as do the others"
    );
    let all_but_time = |rows: &[String]| -> Vec<String> {
        rows.iter()
            .map(|row| row.rsplit_once(',').unwrap().0.to_owned())
            .collect()
    };
    assert_eq!(
        all_but_time(&after),
        all_but_time(&before),
        "no other column is touched"
    );
    assert_eq!(
        due.matching(&patterns(&["*50%_*"])).unwrap(),
        ["Eve: 50%_off"]
    );
    assert!(due.matching(&patterns(&["*5x%_*"])).unwrap().is_empty());
    // The list reads the table, and the rest of the commands say whose it is.
    let list = machine.schedule(&["list", "--json"]);
    let lines: Vec<Value> = serde_json::Deserializer::from_slice(&list.stdout)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0]["name"], "Ada: PR Review");
    assert_eq!(
        (&lines[0]["run_count"], &lines[0]["last_status"]),
        (&json!(7), &json!("ok"))
    );
    assert!(lines[3]["next_run_at"].is_null());
    insta::assert_snapshot!(machine.said(&["run", "Ada: PR Review"]), @r"
    the schedules are in the platform's table, by `store.platform-schedules` of the policy; change and run them on the platform
    exit 64
    ");
}

#[test]
fn a_database_that_does_not_answer_as_it_should_is_told_without_its_password() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let policy = |url: &str| format!("[store]\nplatform-schedules = \"{url}\"\n");
    let machine = Machine::new(&policy(&postgres.url()));
    let told = |machine: &Machine| {
        let said = machine.said(&["list"]);
        assert!(!said.contains("canary"), "{said}");
        said.replace(&postgres.port.to_string(), "[PORT]")
    };
    postgres.query("ALTER TABLE workspace_schedules RENAME TO other");
    let mut said = vec![told(&machine)];
    machine.set_policy(&policy(&postgres.url().replace("5f7a", "0000")));
    said.push(told(&machine));
    machine.set_policy(&policy(&format!(
        "postgres://ada:{PASSWORD}@127.0.0.1:1/postgres"
    )));
    said.push(told(&machine));
    machine.set_policy(&policy(&format!(
        "postgres://ada:{PASSWORD}@db.example/postgres?sslmode=disable"
    )));
    said.push(told(&machine));
    insta::assert_snapshot!(said.join("\n\n"));
}
