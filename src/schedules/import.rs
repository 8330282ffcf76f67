//! Schedules from a file: ours in TOML or JSON, or the platform's own in JSON.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::policy::Schedule;
use crate::store::ScheduleStore;

use super::edit::{EditError, add};

/// What the platform calls some of our keys.
const PLATFORM_KEYS: &[(&str, &str)] = &[("cron_expr", "cron"), ("workspace_id", "workspace")];

/// What the platform keeps besides: it is not ours to take over.
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
    /// The names that there were already; these are as they were.
    pub kept: Vec<String>,
}

/// Why nothing is imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is neither JSON nor TOML.
    #[error("the file is no {format}: {said}")]
    Syntax {
        /// What it looks like.
        format: &'static str,
        /// What is wrong.
        said: String,
    },
    /// It has no list of schedules.
    #[error(
        "the file has no schedules: wanted a JSON array of objects, or `[[schedules]]` in TOML"
    )]
    NoList,
    /// One of them cannot be read.
    #[error("schedule {number} of the file cannot be read: {said}")]
    Schedule {
        /// Which, from 1.
        number: usize,
        /// What is wrong.
        said: String,
    },
    /// It cannot be added.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl ImportError {
    /// Returns what to do, in one line.
    pub fn advice(&self) -> String {
        match self {
            Self::Edit(error) => error.advice(),
            _ => "nothing was imported; correct the file and import it again".into(),
        }
    }
}

/// Adds the schedules of a file. When one cannot be read, none is added; those whose names are taken are left as they are.
pub fn import(store: &dyn ScheduleStore, text: &str) -> Result<Imported, ImportError> {
    let schedules = read(text)?;
    let mut imported = Imported::default();
    for schedule in schedules {
        match add(store, &schedule) {
            Ok(()) => imported.added.push(schedule.name),
            Err(EditError::Exists(name)) => imported.kept.push(name),
            Err(error) => return Err(error.into()),
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
    let read = |(at, value)| {
        schedule(value).map_err(|said| ImportError::Schedule {
            number: at + 1,
            said,
        })
    };
    list.into_iter().enumerate().map(read).collect()
}

fn file(text: &str) -> Result<Value, ImportError> {
    let text = text.trim_start();
    let is_json = text.starts_with('{') || (text.starts_with('[') && !text.starts_with("[["));
    if is_json {
        return serde_json::from_str(text).map_err(|error| ImportError::Syntax {
            format: "JSON",
            said: error.to_string(),
        });
    }
    toml::from_str(text).map_err(|error| ImportError::Syntax {
        format: "TOML",
        said: error.message().to_owned(),
    })
}

fn schedule(value: Value) -> Result<Schedule, String> {
    let Value::Object(keys) = value else {
        return Err("it is no table".into());
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
