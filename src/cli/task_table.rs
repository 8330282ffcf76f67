//! The tables of a task document: which keys they have, and an object's keys with their values as they are written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::task_value::Holds;

/// How many keys of an object are kept, where they are unknown.
const MOST_KEPT: usize = 64;

/// The keys of each table, and what they hold.
pub(super) type Keys = &'static [(&'static str, Holds)];

/// The tables of a document.
pub(super) const TABLES: [(&str, Keys); 2] = [("task", TASK), ("heartbeat", HEARTBEAT)];
/// The keys besides the tables.
pub(super) const TOP: Keys = &[("schema", Holds::Text), ("executor", Holds::Text)];
/// See [`Keys`].
const TASK: Keys = &[
    ("id", Holds::Text),
    ("input", Holds::Text),
    ("response", Holds::Text),
    ("ok", Holds::Truth),
    ("error", Holds::Text),
    ("stderr", Holds::Text),
    ("exit_code", Holds::Whole),
];
/// See [`Keys`].
const HEARTBEAT: Keys = &[
    ("current_task", Holds::Text),
    ("active_tasks", Holds::Count),
    ("error_rate", Holds::Number),
    ("sample_error", Holds::Text),
    ("uptime_seconds", Holds::Count),
];

/// Says whether any table has a key of this name.
fn is_known(key: &str) -> bool {
    let has = |keys: Keys| keys.iter().any(|(name, _)| *name == key);
    has(TOP) || TABLES.iter().any(|&(name, keys)| name == key || has(keys))
}

/// The keys of an object with their values as they are written: of several of one name the last one, and of the unknown
/// ones the first few, so that a document of nothing else takes no memory.
pub(super) struct Table<'json> {
    pub(super) entries: Vec<(String, &'json RawValue)>,
    /// How many unknown keys are not kept.
    pub(super) more: usize,
}

impl<'json> Table<'json> {
    /// Reads a value; `None` where it is no object.
    pub(super) fn of(value: &'json RawValue) -> Option<Self> {
        serde_json::from_str(value.get()).ok()
    }

    /// Returns the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'json RawValue> {
        let of_key = self.entries.iter().find(|(name, _)| name == key);
        of_key.map(|(_, value)| *value)
    }

    fn add(&mut self, key: String, value: &'json RawValue) {
        let mut entries = self.entries.iter_mut();
        if let Some((_, last)) = entries.find(|(name, _)| *name == key) {
            *last = value;
        } else if is_known(&key) || self.entries.len() < MOST_KEPT {
            self.entries.push((key, value));
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

impl<'de> Deserialize<'de> for Table<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Table<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Table<'de>, A::Error> {
                let mut table = Table {
                    entries: Vec::new(),
                    more: 0,
                };
                while let Some((key, value)) = map.next_entry()? {
                    table.add(key, value);
                }
                Ok(table)
            }
        }

        deserializer.deserialize_map(Entries)
    }
}
