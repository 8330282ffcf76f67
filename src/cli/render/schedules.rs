//! Schedules and their firings, for people and as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::clock::to_the_second;
use crate::schedules::{FiringLine, ScheduleView};
use crate::secrets::clean_line;
use crate::store::ScheduleLine;

/// Renders schedules, a line each.
pub(in crate::cli) fn schedules(lines: &[ScheduleLine]) -> String {
    let width = lines.iter().map(|line| line.name.chars().count()).max();
    let width = width.unwrap_or(0).min(40);
    let mut text = String::new();
    for line in lines {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(
            text,
            "{:<width$}  {:<20}  {}{}",
            clean_line(&line.name),
            next(line),
            clean_line(&when(line)),
            last(line),
        );
    }
    text
}

/// Renders all that is known of one schedule.
pub(in crate::cli) fn schedule(view: &ScheduleView) -> String {
    let line = &view.line;
    let mut rows = vec![
        ("name", line.name.clone()),
        ("made by", view.source.as_str().to_owned()),
        ("runs", when(line)),
        ("next", next(line)),
        (
            "last",
            line.last_run_at.map(to_the_second).unwrap_or_default(),
        ),
        ("status", line.last_status.clone().unwrap_or_default()),
        ("error", line.last_error.clone().unwrap_or_default()),
        ("runs so far", line.run_count.to_string()),
        ("problem", view.problem.clone().unwrap_or_default()),
    ];
    if let Some(definition) = &view.definition {
        let path = definition.directory.as_ref();
        let prompt = definition.prompt.as_ref();
        rows.extend([
            ("tags", definition.tags.join(", ")),
            (
                "workspace",
                definition.workspace.clone().unwrap_or_default(),
            ),
            (
                "prompt",
                prompt
                    .map(|text| text.source().to_owned())
                    .unwrap_or_default(),
            ),
            ("pipeline", definition.pipeline.clone().unwrap_or_default()),
            ("step", definition.step.clone().unwrap_or_default()),
            (
                "directory",
                path.map(|path| path.display().to_string())
                    .unwrap_or_default(),
            ),
            ("timeout", definition.timeout.to_string()),
        ]);
    }
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    let rows = rows.map(|(name, value)| format!("{name:<12} {}", clean_line(&value)));
    rows.collect::<Vec<_>>().join("\n")
}

/// Renders firings, a line each.
pub(in crate::cli) fn firings(lines: &[FiringLine]) -> String {
    let mut text = String::new();
    for line in lines {
        let status = line.status.map_or("open", |status| status.as_str());
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(
            text,
            "{}  {:<7}  {:<7}  {}  {}",
            to_the_second(line.started_at),
            status,
            line.cause.as_str(),
            line.message_id,
            clean_line(line.detail.as_deref().unwrap_or_default()),
        );
    }
    text
}

/// Renders schedules as JSON, a line each.
pub(in crate::cli) fn schedules_json(lines: &[ScheduleLine]) -> String {
    json_lines(lines)
}

/// Renders one schedule as JSON.
pub(in crate::cli) fn schedule_json(view: &ScheduleView) -> String {
    serde_json::to_string_pretty(view).unwrap_or_default()
}

/// Renders firings as JSON, a line each.
pub(in crate::cli) fn firings_json(lines: &[FiringLine]) -> String {
    json_lines(lines)
}

fn json_lines<T: Serialize>(values: &[T]) -> String {
    let lines = values
        .iter()
        .filter_map(|value| serde_json::to_string(value).ok());
    lines.collect::<Vec<_>>().join("\n")
}

fn when(line: &ScheduleLine) -> String {
    match (&line.cron, &line.timezone) {
        (Some(cron), Some(zone)) => format!("{cron} ({zone})"),
        (Some(cron), None) => cron.clone(),
        (None, _) => "cannot be read".into(),
    }
}

fn next(line: &ScheduleLine) -> String {
    match line.next_run_at {
        _ if !line.enabled => "disabled".into(),
        Some(at) => to_the_second(at),
        None => "never".into(),
    }
}

fn last(line: &ScheduleLine) -> String {
    let Some(status) = &line.last_status else {
        return String::new();
    };
    let at = line.last_run_at.map(|at| format!(" {}", to_the_second(at)));
    let error = line.last_error.as_deref().map(|error| format!(": {error}"));
    let text = format!(
        "{status}{}{}",
        at.unwrap_or_default(),
        error.unwrap_or_default()
    );
    format!("  {}", clean_line(&text))
}
