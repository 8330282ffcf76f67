//! `delegation-results`: delivers the results of delegated tasks, each once.

use std::path::Path;
use std::time::SystemTime;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::handover::{ClaimedLines, HandoverError, Line, claim};
use crate::pipeline::{
    Context, ErrorKind, Outcome, Outputs, Step, StepDef, StepError, interruptible,
};
use crate::reason::Reason;
use crate::secrets::strip_controls;
use crate::text::{ellipsize, repaired_json};

pub(super) const STEP: StepDef = StepDef::of::<DelegationResults>(
    "delegation-results",
    "Delivers the results of delegated tasks, each once.",
);

/// The most text that one run delivers, in bytes; the rest is left for the next run.
const MAX_TEXT_SIZE: usize = 64 << 10;
/// The most characters of a response's preview.
const MAX_PREVIEW_LENGTH: usize = 200;
/// The most characters of a status or a summary.
const MAX_FIELD_LENGTH: usize = 4000;

/// Deliver the results of delegated tasks, each once
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DelegationResults {}

crate::classes!(DelegationResults {});

#[async_trait(?Send)]
impl Step for DelegationResults {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let path = cx.environment.delegation_results();
        let now = SystemTime::from(cx.clock.now());
        let collected = interruptible(move |_| Results::collect(&path, now)).await?;
        let results = match collected {
            Ok(results) => results,
            Err(error @ HandoverError::Busy(_)) => {
                let reason = Reason::new(error.code(), error.to_string());
                return Ok(Outcome::Skipped(reason.advise(error.advice())));
            }
            Err(error) => return Err(step_error(&error)),
        };
        let mut outputs = Outputs::new();
        outputs.insert("count".into(), results.count.into());
        outputs.insert("unreadable".into(), results.unreadable.into());
        outputs.insert("left".into(), results.left.into());
        outputs.insert("text".into(), results.text.into());
        outputs.insert(
            super::SOURCE.into(),
            "results of tasks that were delegated to other agents".into(),
        );
        if let Some(taken) = results.taken {
            cx.receipts.add(move || {
                if let Err(error) = taken.confirm() {
                    // The next run delivers these results again, which is no reason to fail.
                    tracing::warn!(%error, "the results were not confirmed");
                }
            });
        }
        let mut summary = format!("{} results delivered", results.count);
        if results.unreadable > 0 {
            summary = format!("{summary}, {} lines unreadable", results.unreadable);
        }
        Ok(Outcome::Done { summary, outputs })
    }
}

/// The results that were read.
#[derive(Default)]
struct Results {
    text: String,
    count: u64,
    unreadable: u64,
    left: u64,
    taken: Option<ClaimedLines>,
}

impl Results {
    fn collect(path: &Path, now: SystemTime) -> Result<Self, HandoverError> {
        let mut results = Self::default();
        let Some(taken) = claim(path, now)? else {
            return Ok(results);
        };
        // Writers that never end their last line still write whole objects.
        let mut taken = taken.completed_by(is_object);
        let mut line = Vec::new();
        while let Some(read) = taken.next(&mut line)? {
            let records = match read {
                Line::TooLong => Records {
                    unreadable: 1,
                    ..Records::default()
                },
                Line::Whole => Records::of(&line),
            };
            if results.text.len() + records.text.len() > MAX_TEXT_SIZE {
                results.left = taken.leave_rest()?;
                let more = format!("\n+{} more, at the next run", results.left);
                results.text.push_str(&more);
                break;
            }
            results.add(&records);
        }
        results.taken = Some(taken);
        Ok(results)
    }

    fn add(&mut self, records: &Records) {
        if !records.text.is_empty() {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            self.text += &records.text;
        }
        self.count += records.count;
        self.unreadable += records.unreadable;
    }
}

/// The records of one line: usually one. A file whose line ends are CR only is one line, as is one of a writer that ends none.
#[derive(Default)]
struct Records {
    text: String,
    count: u64,
    unreadable: u64,
}

impl Records {
    fn of(line: &[u8]) -> Self {
        let line = repaired_json(line);
        let mut records = Self::default();
        match record(&line) {
            Some(text) => records.add(&text),
            None => line.split('\r').for_each(|part| match joined(part) {
                _ if part.trim().is_empty() => {}
                Some(texts) => texts.iter().for_each(|text| records.add(text)),
                None => records.unreadable += 1,
            }),
        }
        records
    }

    fn add(&mut self, text: &str) {
        // A record must fit into the text of one run.
        if self.text.len() + text.len() >= MAX_TEXT_SIZE / 2 {
            self.unreadable += 1;
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text += text;
        self.count += 1;
    }
}

/// Formats the records of a line, which may follow one another without a line end; `None` when it holds anything else.
fn joined(line: &str) -> Option<Vec<String>> {
    if let Some(text) = record(line) {
        return Some(vec![text]);
    }
    let mut values = serde_json::Deserializer::from_str(line).into_iter::<IgnoredAny>();
    let mut texts = Vec::new();
    let mut start = 0;
    while let Some(value) = values.next() {
        value.ok()?;
        let end = values.byte_offset();
        texts.push(record(line.get(start..end)?)?);
        start = end;
    }
    Some(texts)
}

/// Formats a record as lines of text; `None` when the line does not hold an object.
fn record(line: &str) -> Option<String> {
    let parsed: Value = match serde_json::from_str(line) {
        Ok(value) => value,
        // Python writes non-finite numbers, which JSON does not have.
        Err(_) => serde_json::from_str(&without_non_finite_numbers(line)?).ok()?,
    };
    let record = parsed.as_object()?;
    let known = |key: &str| {
        let value = record.get(key).filter(|value| !value.is_null());
        value.map_or_else(|| "?".into(), shown)
    };
    let mut text = format!("- [{}] {}", known("status"), known("summary"));
    let preview = record.get("response_preview").map(shown);
    if let Some(preview) = preview.filter(|preview| !preview.is_empty()) {
        let first: String = preview.chars().take(MAX_PREVIEW_LENGTH).collect();
        text.push_str("\n  Response: ");
        text.push_str(&first);
    }
    Some(text)
}

/// Formats a value on one line, without control characters.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => strip_controls(text),
        other => strip_controls(&other.to_string()),
    };
    ellipsize(&text, MAX_FIELD_LENGTH).into_owned()
}

/// Replaces `NaN`, `Infinity` and `-Infinity` outside strings with null; `None` when there are none.
fn without_non_finite_numbers(line: &str) -> Option<String> {
    const NON_FINITE: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    if !NON_FINITE.iter().any(|number| line.contains(number)) {
        return None;
    }
    let mut out = String::with_capacity(line.len());
    let (mut in_string, mut rest) = (false, line);
    while let Some(first) = rest.chars().next() {
        let found = NON_FINITE
            .iter()
            .find(|number| !in_string && rest.starts_with(**number));
        let width = match (found, first) {
            (Some(number), _) => {
                out.push_str("null");
                rest = rest.get(number.len()..).unwrap_or_default();
                continue;
            }
            (None, '\\') if in_string => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            (None, other) => {
                in_string ^= other == '"';
                other.len_utf8()
            }
        };
        out.push_str(rest.get(..width).unwrap_or(rest));
        rest = rest.get(width..).unwrap_or_default();
    }
    Some(out)
}

/// Says whether a line is a whole object, or several, so that nothing of it is missing.
fn is_object(line: &[u8]) -> bool {
    if std::str::from_utf8(line).is_err() {
        return false;
    }
    let line = repaired_json(line);
    let line = line.trim_ascii();
    line.starts_with('{') && line.ends_with('}') && joined(line).is_some()
}

fn step_error(error: &HandoverError) -> StepError {
    StepError::new(ErrorKind::Denied, error.code(), error.to_string()).advise(error.advice())
}
