//! The messages of the outbox, for people and as JSON.

use std::fmt::Write;

use crate::clock::to_the_second;
use crate::secrets::{clean, clean_line};
use crate::store::{Delivery, DeliveryState};

/// Renders messages, a line each.
pub(in crate::cli) fn deliveries(deliveries: &[Delivery]) -> String {
    let mut text = String::new();
    for delivery in deliveries {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(
            text,
            "{:>5}  {:<7}  {:<9}  {}  {}  {}",
            delivery.id,
            delivery.state.as_str(),
            delivery.message.kind.as_str(),
            to_the_second(delivery.created_at),
            clean_line(&delivery.message.workspace),
            next(delivery),
        );
    }
    text
}

/// Renders one message with its text.
pub(in crate::cli) fn delivery(delivery: &Delivery) -> String {
    let mut text = deliveries(std::slice::from_ref(delivery));
    // Writing to a `String` cannot fail.
    let _infallible = writeln!(
        text,
        "       for {} at {}\n       {}",
        clean_line(&delivery.message.workspace),
        clean_line(&delivery.message.origin),
        clean(&delivery.message.body)
    );
    text
}

/// Renders messages as JSON, a line each.
pub(in crate::cli) fn deliveries_json(deliveries: &[Delivery]) -> String {
    let lines = deliveries
        .iter()
        .filter_map(|delivery| serde_json::to_string(delivery).ok());
    lines.collect::<Vec<_>>().join("\n")
}

/// Says what happens next.
fn next(delivery: &Delivery) -> String {
    let reason = delivery.reason.as_deref().unwrap_or("not sent yet");
    if delivery.altered {
        return "was changed by hand, and is not sent".into();
    }
    if delivery.state == DeliveryState::Dead {
        return format!(
            "given up: {reason}; to try once more: sendoff outbox flush {}",
            delivery.id
        );
    }
    format!(
        "{reason}; sent {} times; next try after {}",
        delivery.attempts,
        to_the_second(delivery.not_before)
    )
}
