//! Several servers on one state directory.

use std::collections::BTreeMap;
use std::thread;

use pretty_assertions::assert_eq;
use sendoff_testing::wait_until;

use super::server::{Home, RULE, issue};

#[test]
fn a_delivery_counts_once_for_all_servers_and_so_does_a_limit() {
    let home = Home::new(&format!("{RULE}limit = \"5/h\"\n"));
    home.schedule("pick-up-work", &[]);
    let servers = [home.serve(), home.serve(), home.serve()];
    let mut counted: BTreeMap<String, u32> = BTreeMap::new();
    for number in 0..10 {
        let said: Vec<String> = thread::scope(|scope| {
            let send = |server| {
                scope.spawn(move || {
                    let server: &super::server::Server = server;
                    let got = server.deliver("issues", &format!("d-{number}"), &issue(number));
                    let got = got.json();
                    let state = got["matched"][0]["state"].as_str();
                    state.unwrap_or(got["status"].as_str().unwrap()).to_owned()
                })
            };
            let threads: Vec<_> = servers.iter().map(send).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        for word in said {
            // A machine at work may be slower with the names than an answer waits.
            let word = if word == "queued" {
                "fired".into()
            } else {
                word
            };
            *counted.entry(word).or_default() += 1;
        }
    }
    let counted: Vec<(&str, u32)> = counted
        .iter()
        .map(|(word, n)| (word.as_str(), *n))
        .collect();
    assert_eq!(counted, [("duplicate", 20), ("fired", 5), ("limited", 5)]);
}

#[test]
fn what_waits_is_fired_by_another_server_when_its_own_was_killed() {
    let home = Home::new(&format!("{RULE}debounce = \"5s\"\n"));
    home.schedule("pick-up-work", &[]);
    let server = home.serve();
    let before = home.found("pick-up-work").next_run_at;
    let got = server.deliver("issues", "d-1", &issue(1));
    assert_eq!(got.json()["matched"][0]["state"], "waits", "{got:?}");
    assert!(got.json()["matched"][0]["until"].is_string());
    server.signal("-KILL");
    drop(server);
    assert_eq!(home.found("pick-up-work").next_run_at, before);
    let _other = home.serve();
    wait_until("the schedule to be due", || {
        (home.found("pick-up-work").event.is_some()).then_some(())
    });
}
