//! Schedules in the store: kept, found and set due.

use sendoff::names::NamePattern;
use sendoff::store::{FiringCause, NewSchedule, ScheduleSource, ScheduleStore, SetsDue, Store};
use serde_json::json;

use crate::sandbox::Sandbox;

use super::{at, open, state};

/// When the schedules of these tests would run by themselves.
const LATER: &str = "2026-02-01T00:00:00Z";

fn add(store: &Store, name: &str, tags: &[&str]) {
    let new = NewSchedule {
        name: name.into(),
        source: ScheduleSource::Command,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        definition: "{}".into(),
        next_run_at: Some(at(LATER)),
        enabled: true,
    };
    assert!(store.add(&new).unwrap());
}

fn patterns(texts: &[&str]) -> Vec<NamePattern> {
    texts.iter().copied().map(NamePattern::new).collect()
}

#[test]
fn an_event_sets_due_what_its_patterns_match_by_name_or_tag_and_nothing_else() {
    let sandbox = Sandbox::new();
    let store = open(&state(&sandbox));
    add(&store, "Ada: Pick-Up-Work", &[]);
    add(&store, "nightly", &["pick-up-work", "night"]);
    add(&store, "weekly", &["week"]);
    let fire = patterns(&["*pick-up-work*"]);
    let expected = ["Ada: Pick-Up-Work", "nightly"];
    assert_eq!(store.matching(&fire).unwrap(), expected);
    let untouched = store.find("nightly").unwrap().unwrap();
    assert_eq!(
        untouched.next_run_at,
        Some(at(LATER)),
        "to look changes nothing"
    );
    let now = at("2026-01-01T00:00:01Z");
    let event = json!({"issue": {"number": 7}});
    assert_eq!(store.set_due(&fire, Some(&event), now).unwrap(), expected);
    let nightly = store.find("nightly").unwrap().unwrap();
    assert_eq!(nightly.next_run_at, Some(now));
    assert_eq!(nightly.cause, FiringCause::Event);
    assert_eq!(nightly.event.as_deref(), Some(event.to_string().as_str()));
    let weekly = store.find("weekly").unwrap().unwrap();
    assert_eq!(weekly.next_run_at, Some(at(LATER)));
    assert_eq!(weekly.cause, FiringCause::Time);
    assert!(
        store
            .set_due(&patterns(&["no-such*"]), None, now)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_name_is_taken_once() {
    let sandbox = Sandbox::new();
    let store = open(&state(&sandbox));
    add(&store, "nightly", &[]);
    let again = NewSchedule {
        name: "nightly".into(),
        source: ScheduleSource::Policy,
        tags: Vec::new(),
        definition: "{\"other\":1}".into(),
        next_run_at: None,
        enabled: true,
    };
    assert!(!store.add(&again).unwrap());
    let all = store.all().unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].definition, "{}");
}
