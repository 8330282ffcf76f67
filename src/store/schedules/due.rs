//! Setting schedules due, by their names and tags.

use jiff::Timestamp;
use rusqlite::{Connection, named_params};
use serde_json::Value;

use crate::names::NamePattern;

use super::super::{Durability, Store, StoreError, millis};
use super::SetsDue;

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
fn matched(connection: &Connection, fire: &[NamePattern]) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, tags FROM schedules
         WHERE enabled AND problem IS NULL AND next_run_at IS NOT NULL ORDER BY name",
    )?;
    let mut rows = statement.query(())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let tags: String = row.get(2)?;
        // Tags that somebody changed by hand are none.
        let tags: Vec<String> = serde_json::from_str(&tags).unwrap_or_default();
        let is_meant = |text: &String| fire.iter().any(|pattern| pattern.matches(text));
        if is_meant(&name) || tags.iter().any(is_meant) {
            found.push((row.get(0)?, name));
        }
    }
    Ok(found)
}

fn names(found: Vec<(i64, String)>) -> Vec<String> {
    found.into_iter().map(|(_, name)| name).collect()
}
