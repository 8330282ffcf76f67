//! Webhooks: deliveries, rules, what they fire, and the server that takes them.

mod answers;
mod client;
mod github;
mod hostile;
mod kept;
mod life;
mod no_threads;
mod offline;
mod packaged;
mod payloads;
mod recorded;
mod replay;
mod rules;
mod schemas;
mod server;
mod table;
mod together;
mod whole;

use sendoff::events::{Delivery, EventFacts, Rules, Source};
use sendoff::policy::{LayerKind, Layers, Policy};
use sendoff::steps::STEPS;
use serde_json::Value;

/// Loads a policy as the user's.
fn policy(text: &str) -> Policy {
    let loaded = Layers::from_texts(&[(LayerKind::User, text)], STEPS).unwrap();
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems[0].error);
    loaded.policy
}

/// Makes a delivery of a payload.
fn delivery(source: Source, event: &str, payload: &Value) -> Delivery {
    Delivery::recorded(source, event, payload.to_string().as_bytes()).unwrap()
}

/// Says why a delivery does not match the one rule of a policy; nothing where it does.
fn miss(rule: &str, delivery: &Delivery) -> Option<String> {
    let rules = Rules::of(&policy(rule)).unwrap();
    let facts: EventFacts = delivery.facts();
    let judged = rules.judge(&facts, delivery);
    judged[0].mismatch.as_ref().map(ToString::to_string)
}
