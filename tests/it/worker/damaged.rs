//! A store that is damaged: the work goes on, a fresh one is begun, and somebody is told of what waited in the old one.

use std::fs;
use std::os::unix::fs::FileExt as _;

use sendoff_testing::supervise;
use serde_json::{Value, json};

use crate::world::World;

use super::put_off::state;
use super::{assert_silent, last_report, wait_for_workers};

/// Damages the store behind its first page, which says only what the file is.
fn damage_pages(world: &World) {
    let path = state(world).join("store.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
        .unwrap();
    let size: u64 = database
        .pragma_query_value(None, "page_size", |row| row.get(0))
        .unwrap();
    drop(database);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let length = file.metadata().unwrap().len();
    assert!(length > 4 * size);
    let garbage = vec![0xa5; usize::try_from(length - size).unwrap()];
    file.write_all_at(&garbage, size).unwrap();
}

/// Damages all of it.
fn damage_all(world: &World) {
    for name in ["store.db", "store.db-wal"] {
        fs::write(state(world).join(name), [0xa5; 8192]).unwrap();
    }
}

fn hand_over(world: &World, text: &str) -> String {
    let task = json!({"task": {"input": text}}).to_string();
    let said = world.run_with_input(&["hook", "executor"], task.as_bytes());
    assert_eq!((said.stdout.as_str(), said.code), ("", Some(0)));
    assert!(said.stderr.lines().count() <= 1, "{}", said.stderr);
    wait_for_workers(world);
    said.stderr
}

/// Guards that nobody has to repair a damaged store, and that the loss of what it held is reported.
#[test]
fn x20_a_damaged_store_is_replaced_and_told_of() {
    supervise!();
    for damage in [damage_all, damage_pages] {
        let world = World::new();
        assert_eq!(hand_over(&world, "one"), "");
        damage(&world);
        world.commit("two.txt", "two\n", "Go on");
        hand_over(&world, "two");
        // Whoever found it damaged, the next one has a store again.
        world.commit("three.txt", "three\n", "Go on");
        hand_over(&world, "three");
        let memories: Vec<Value> = world.platform.memories();
        let texts: Vec<_> = memories.iter().map(|memory| &memory["content"]).collect();
        assert_eq!(
            texts,
            [
                "Conversation: one",
                "Conversation: two",
                "Conversation: three"
            ]
        );
        assert_eq!(world.tip("feature/x"), world.sandbox.head(&world.work()));
        assert_eq!(last_report(&world)["verdict"], "done");

        let status = world.run(&["status"]);
        assert_eq!(status.code, Some(1), "{}", status.stdout);
        let mut lines = status.stdout.lines();
        let told = lines.next().unwrap();
        let aside = told
            .strip_prefix("damaged      what was kept is damaged and was set aside as ")
            .and_then(|rest| rest.strip_suffix(": what waited in it is not sent"))
            .unwrap_or_else(|| panic!("{}", status.stdout));
        assert!(fs::metadata(aside).is_ok(), "{told}");
        let advice = lines.next().unwrap();
        let command = advice
            .split_once("then remove it: ")
            .unwrap_or_else(|| panic!("{}", status.stdout))
            .1;
        let json = world.run(&["status", "--json"]).report();
        assert_eq!(json["set_aside"][0]["code"], "store-damaged", "{json}");
        // The advice, obeyed.
        let mut shell = world.sandbox.command("sh");
        assert!(shell.args(["-c", command]).status().unwrap().success());
        let status = world.run(&["status"]);
        assert_eq!(status.code, Some(0), "{}", status.stdout);
    }
}

/// Guards that the hook or the run that finds the damage says so.
#[test]
fn x20_who_finds_a_damaged_store_says_so() {
    supervise!();
    let world = World::new();
    assert_silent(&world.run(&["hook", "git-post-commit"]));
    wait_for_workers(&world);
    damage_all(&world);
    world.commit("two.txt", "two\n", "Go on");
    let told = hand_over(&world, "two");
    assert!(
        told.starts_with("sendoff: what was kept is damaged and was set aside as ")
            && told.ends_with(": what waited in it is not sent; see: sendoff status\n"),
        "{told}"
    );
    damage_all(&world);
    world.commit("three.txt", "three\n", "Go on");
    let report = world.report(&["run", "post-commit"]);
    let notes = report["notes"].as_array().unwrap();
    assert!(
        notes.iter().any(|note| note["code"] == "store-damaged"),
        "{report}"
    );
    assert_eq!(report["verdict"], "done", "{report}");
}
