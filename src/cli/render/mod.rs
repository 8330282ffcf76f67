//! Renders reports, plans and errors as text.

mod human;
mod kept;
mod outbox;
mod plan;
mod schedules;
mod trust;
mod why;

use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::exit::Exit;
use crate::policy::PolicyError;
use crate::report::Report;
use crate::secrets::redact;

use super::output::eprint;

pub(super) use human::{Detail, human, is_quiet};
pub(super) use kept::{history, history_json, status, store_error, timeline};
pub(super) use outbox::{deliveries, deliveries_json, delivery};
pub(super) use plan::plan;
pub(super) use schedules::{
    firings, firings_json, schedule, schedule_json, schedules, schedules_json,
};
pub(super) use trust::{asked, trusted};
pub(super) use why::why;

/// Renders a report as one JSON document.
pub(super) fn json(report: &Report) -> String {
    // A report is made of text, numbers and maps with text keys, which always serialise.
    serde_json::to_string_pretty(report).unwrap_or_default()
}

/// Prints an error of the policy on stderr, and returns its exit code.
pub(super) fn policy_error(error: &PolicyError) -> Exit {
    eprint(&policy_error_text(error));
    Exit::Policy
}

/// Renders an error of the policy with its place, without colour, because logs have it too.
pub(super) fn policy_error_text(error: &PolicyError) -> String {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
    match handler.render_report(&mut text, error) {
        // It quotes lines of the file.
        Ok(()) => redact(&text).into_owned(),
        Err(_) => error.to_string(),
    }
}
