//! The schedules that are kept: made, found and listed.

use rusqlite::{OptionalExtension, named_params};

use super::super::{Durability, Store, StoreError, millis};
use super::row::{COLUMNS, NewSchedule, ScheduleRow, schedule};

impl Store {
    /// Keeps a new schedule. Says whether it did: there may be one of its name.
    pub(super) fn insert_schedule(&self, new: &NewSchedule) -> Result<bool, StoreError> {
        let tags = serde_json::to_string(&new.tags).unwrap_or_default();
        let uid = uuid::Uuid::new_v4().to_string();
        self.write(Durability::PowerCut, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO schedules (uid, name, source, tags, definition, next_run_at)
                     VALUES (:uid, :name, :source, :tags, :definition, :next)
                     ON CONFLICT (name) DO NOTHING",
                )?
                .execute(named_params! {
                    ":uid": uid,
                    ":name": new.name,
                    ":source": new.source.as_str(),
                    ":tags": tags,
                    ":definition": new.definition,
                    ":next": new.next_run_at.map(millis),
                })
                .map(|rows| rows > 0)
        })
    }

    pub(super) fn find_schedule(&self, name: &str) -> Result<Option<ScheduleRow>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM schedules WHERE name = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_row([name], schedule).optional()
        })
    }

    pub(super) fn all_schedules(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM schedules ORDER BY name");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((), schedule)?;
            rows.collect()
        })
    }
}
