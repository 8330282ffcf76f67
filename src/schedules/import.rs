//! Imports schedules from a file: in our format as TOML or JSON, or in the platform's as JSON.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::policy::Schedule;
use crate::store::{ScheduleSource, ScheduleStore, StoreError};

use super::definition::keep;

/// The platform's names of some of our keys.
const PLATFORM_KEYS: &[(&str, &str)] = &[("cron_expr", "cron"), ("workspace_id", "workspace")];

/// The platform's state of a schedule, which is not imported.
const PLATFORM_STATE: &[&str] = &[
    "id",
    "last_run_at",
    "next_run_at",
    "run_count",
    "last_status",
    "last_error",
    "consecutive_empty_runs",
    "source",
    "created_at",
    "updated_at",
];

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// The names that were added.
    pub added: Vec<String>,
    /// The names that existed already. These schedules are unchanged.
    pub kept: Vec<String>,
}

/// Why nothing is imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is neither valid JSON nor valid TOML.
    #[error("the file is not valid {format}: {said}")]
    Syntax {
        /// The format that it seems to have.
        format: &'static str,
        /// What is wrong.
        said: String,
    },
    /// It has no list of schedules.
    #[error(
        "the file has no schedules: wanted a JSON array of objects, or `[[schedules]]` in TOML"
    )]
    NoList,
    /// One of them cannot be used.
    #[error("schedule {entry} of the file cannot be used: {said}")]
    Schedule {
        /// Which.
        entry: Entry,
        /// What is wrong.
        said: String,
    },
    /// Two have the same name.
    #[error("schedule {entry} of the file has the name of schedule {first}")]
    Twice {
        /// The second one.
        entry: Entry,
        /// The number of the first one.
        first: usize,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A schedule of a file: its number, from 1, and its name where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    number: usize,
    name: Option<String>,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} (`{name}`)", self.number),
            None => write!(f, "{}", self.number),
        }
    }
}

impl ImportError {
    /// Returns what to do, in one line.
    pub fn advice(&self) -> String {
        match self {
            Self::Store(error) => error.advice(),
            _ => "nothing was imported; correct the file and import it again".into(),
        }
    }
}

/// Adds the schedules of a file: all of them, or none where one is invalid. Those whose names exist already are unchanged.
pub fn import(store: &dyn ScheduleStore, text: &str) -> Result<Imported, ImportError> {
    let schedules = read(text)?;
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut new = Vec::new();
    let now = Clock::System.now();
    for (schedule, number) in schedules.iter().zip(1..) {
        let entry = Entry {
            number,
            name: Some(shown(&schedule.name)),
        };
        if let Some(first) = seen.insert(&schedule.name, number) {
            return Err(ImportError::Twice { entry, first });
        }
        let kept = keep(schedule, ScheduleSource::Command, now);
        new.push(kept.map_err(|error| ImportError::Schedule {
            entry,
            said: error.to_string(),
        })?);
    }
    let mut imported = Imported::default();
    for (schedule, is_new) in schedules.into_iter().zip(store.add_all(&new)?) {
        if is_new {
            imported.added.push(schedule.name);
        } else {
            imported.kept.push(schedule.name);
        }
    }
    Ok(imported)
}

fn read(text: &str) -> Result<Vec<Schedule>, ImportError> {
    let list = match file(text)? {
        Value::Array(list) => list,
        Value::Object(mut file) => match file.remove("schedules") {
            Some(Value::Array(list)) => list,
            _ => return Err(ImportError::NoList),
        },
        _ => return Err(ImportError::NoList),
    };
    let read = |(value, number): (Value, usize)| {
        let name = value.get("name").and_then(Value::as_str).map(shown);
        schedule(value).map_err(|said| ImportError::Schedule {
            entry: Entry { number, name },
            said,
        })
    };
    list.into_iter().zip(1..).map(read).collect()
}

fn file(text: &str) -> Result<Value, ImportError> {
    let begin = text.trim_start();
    let is_json = begin.starts_with('{') || (begin.starts_with('[') && !begin.starts_with("[["));
    if is_json {
        return serde_json::from_str(text).map_err(|error| ImportError::Syntax {
            format: "JSON",
            said: error.to_string(),
        });
    }
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        ImportError::Syntax {
            format: "TOML",
            said: format!("{} at line {line}", error.message()),
        }
    })
}

/// Returns the start of a name, escaped.
fn shown(name: &str) -> String {
    name.escape_debug().take(60).collect()
}

fn schedule(value: Value) -> Result<Schedule, String> {
    let Value::Object(keys) = value else {
        return Err("it is not a table".into());
    };
    let ours: Map<String, Value> = keys
        .into_iter()
        .filter(|(key, value)| !PLATFORM_STATE.contains(&key.as_str()) && !value.is_null())
        .map(|(key, value)| {
            let ours = PLATFORM_KEYS.iter().find(|(theirs, _)| *theirs == key);
            (ours.map_or(key, |(_, ours)| (*ours).to_owned()), value)
        })
        .collect();
    let schedule = Schedule::deserialize(Value::Object(ours)).map_err(|error| error.to_string())?;
    schedule.work().map_err(|error| error.to_string())?;
    Ok(schedule)
}
