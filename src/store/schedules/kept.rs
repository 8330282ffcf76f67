//! The rows of schedules: inserts, look-ups and lists.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, named_params};

use super::super::{Durability, Store, StoreError, millis};
use super::row::{COLUMNS, NewSchedule, ScheduleRow, schedule};

impl Store {
    /// Keeps new schedules in one transaction. Says of each whether it is kept: its name may be taken.
    pub(super) fn insert_schedules(&self, new: &[NewSchedule]) -> Result<Vec<bool>, StoreError> {
        self.write(Durability::PowerCut, |transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO schedules (uid, name, source, tags, definition, next_run_at, enabled)
                 VALUES (:uid, :name, :source, :tags, :definition, :next, :enabled)
                 ON CONFLICT (name) DO NOTHING",
            )?;
            let mut insert = |new: &NewSchedule| {
                let rows = insert.execute(named_params! {
                    ":uid": uuid::Uuid::new_v4().to_string(),
                    ":name": new.name,
                    ":source": new.source.as_str(),
                    ":tags": serde_json::to_string(&new.tags).unwrap_or_default(),
                    ":definition": new.definition,
                    ":next": new.next_run_at.map(millis),
                    ":enabled": new.enabled,
                })?;
                Ok(rows > 0)
            };
            new.iter().map(&mut insert).collect()
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

    pub(super) fn schedule_of(&self, id: i64) -> Result<Option<ScheduleRow>, StoreError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM schedules WHERE id = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_row([id], schedule).optional()
        })
    }

    /// Replaces the definition of a schedule, and removes the note on its problem.
    pub(super) fn change_schedule(&self, id: i64, new: &NewSchedule) -> Result<(), StoreError> {
        let tags = serde_json::to_string(&new.tags).unwrap_or_default();
        self.write(Durability::PowerCut, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE schedules SET tags = :tags, definition = :definition, next_run_at = :next,
                         enabled = :enabled, problem = NULL WHERE id = :id",
                )?
                .execute(named_params! {
                    ":id": id,
                    ":tags": tags,
                    ":definition": new.definition,
                    ":next": new.next_run_at.map(millis),
                    ":enabled": new.enabled,
                })
                .map(drop)
        })
    }

    pub(super) fn switch_schedule(
        &self,
        id: i64,
        enabled: bool,
        next_run_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.write(Durability::PowerCut, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE schedules SET enabled = ?2, next_run_at = ?3, cause = 'time', event = NULL WHERE id = ?1",
                )?
                .execute((id, enabled, next_run_at.map(millis)))
                .map(drop)
        })
    }

    pub(super) fn remove_schedule(&self, id: i64) -> Result<(), StoreError> {
        self.write(Durability::PowerCut, |transaction| {
            transaction
                .prepare_cached("DELETE FROM firings WHERE schedule = ?1")?
                .execute([id])?;
            transaction
                .prepare_cached("DELETE FROM schedules WHERE id = ?1")?
                .execute([id])
                .map(drop)
        })
    }

    pub(super) fn note_schedule_problem(&self, id: i64, problem: &str) -> Result<(), StoreError> {
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "UPDATE schedules SET problem = ?2, last_status = 'error', last_error = ?2 WHERE id = ?1",
                )?
                .execute((id, problem))
                .map(drop)
        })
    }
}
