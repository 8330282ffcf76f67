//! Setting schedules due, by their names and tags.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};
use serde_json::Value;

use crate::names::NamePattern;

use super::super::{Durability, Store, StoreError, millis};
use super::SetsDue;

/// How a list without tags is kept.
const NO_TAGS: &str = "[]";

impl SetsDue for Store {
    fn set_due(
        &self,
        fire: &[NamePattern],
        event: Option<&Value>,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let event = event.map(Value::to_string);
        self.write(Durability::PowerCut, |transaction| {
            let found = matched(transaction, fire)?;
            let mut update = transaction.prepare_cached(
                "UPDATE schedules SET next_run_at = :now, cause = 'event', event = :event WHERE id = :id",
            )?;
            for (id, _) in &found {
                update.execute(named_params! {
                    ":id": id,
                    ":now": millis(now),
                    ":event": event,
                })?;
            }
            Ok(names(found))
        })
    }

    fn matching(&self, fire: &[NamePattern]) -> Result<Vec<String>, StoreError> {
        self.read(|connection| matched(connection, fire).map(names))
    }
}

/// Returns what can be set due and matches, sorted by name.
///
/// No index helps with a pattern that begins with a star, so all names are compared, in an index that has them side
/// by side, and without a copy of those that do not match.
fn matched(connection: &Connection, fire: &[NamePattern]) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, tags FROM schedules
         WHERE enabled AND problem IS NULL AND next_run_at IS NOT NULL ORDER BY name",
    )?;
    let mut rows = statement.query(())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name = row.get_ref(1)?.as_str()?;
        let is_meant = |text: &str| fire.iter().any(|pattern| pattern.matches(text));
        if is_meant(name) || tags(row.get_ref(2)?.as_str()?).any(|tag| is_meant(&tag)) {
            found.push((row.get(0)?, name.to_owned()));
        }
    }
    Ok(found)
}

/// Reads a list of tags. One that is not valid counts as empty.
fn tags(list: &str) -> impl Iterator<Item = String> {
    let tags: Vec<String> = match list {
        NO_TAGS => Vec::new(),
        list => serde_json::from_str(list).unwrap_or_default(),
    };
    tags.into_iter()
}

fn names(found: Vec<(i64, String)>) -> Vec<String> {
    found.into_iter().map(|(_, name)| name).collect()
}
