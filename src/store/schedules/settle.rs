//! Records the results of firings, and lists them.

use rusqlite::{Row, Transaction, named_params};

use super::super::{Durability, Store, StoreError, millis, timestamp};
use super::firing::{self, Answer, Claim, FiringEnd, FiringRow, ScheduleFiring, firing};
use super::row::{ScheduleRow, ScheduleStatus};

/// How many firings of a schedule are remembered.
const MAX_FIRINGS_KEPT: u32 = 100;

/// After how many empty answers in a row a schedule is stale.
const STALE_AFTER: u64 = 3;

/// How many columns stand before those that only the history reads.
const OWN_COLUMNS: usize = 8;

impl Store {
    /// Notes what became of a firing, unless that was noted before. Returns the status that stands now.
    pub(super) fn end_firing(
        &self,
        firing: &ScheduleFiring,
        end: &FiringEnd,
    ) -> Result<Option<ScheduleStatus>, StoreError> {
        self.write(Durability::Process, |transaction| {
            note_end(transaction, firing, end)
        })
    }

    /// Claims a schedule that is due and records in the same transaction that this firing is left out.
    pub(super) fn leave_out(
        &self,
        due: &ScheduleRow,
        claim: &Claim<'_>,
        end: &FiringEnd,
    ) -> Result<bool, StoreError> {
        let Some(firing) = self.claim_due(due, claim)? else {
            return Ok(false);
        };
        self.end_firing(&firing, end).map(|noted| noted.is_some())
    }

    /// Returns the last firings of a schedule, the newest first.
    pub(super) fn last_firings(
        &self,
        schedule: i64,
        limit: usize,
    ) -> Result<Vec<FiringRow>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {}, started_at, ended_at, status, detail FROM firings
                 WHERE schedule = ?1 ORDER BY id DESC LIMIT ?2",
                firing::COLUMNS
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((schedule, limit), firing_row)?;
            rows.collect()
        })
    }
}

fn note_end(
    transaction: &Transaction<'_>,
    firing: &ScheduleFiring,
    end: &FiringEnd,
) -> rusqlite::Result<Option<ScheduleStatus>> {
    let empty_before: Option<u64> = transaction
        .prepare_cached("SELECT empty_runs FROM schedules WHERE id = ?1")?
        .query_row([firing.schedule], |row| row.get(0))
        .map(Some)
        .or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(None),
            error => Err(error),
        })?;
    // The firings of a removed schedule were removed with it.
    let Some(empty_before) = empty_before else {
        return Ok(None);
    };
    let empty = match end.answer {
        Answer::Empty => empty_before + 1,
        Answer::Text => 0,
        Answer::None => empty_before,
    };
    let is_stale = end.answer == Answer::Empty && empty >= STALE_AFTER;
    let status = if is_stale {
        ScheduleStatus::Stale
    } else {
        end.status
    };
    let ended = transaction
        .prepare_cached(
            "UPDATE firings SET ended_at = :at, status = :status, detail = :detail, event = NULL, holder = NULL
             WHERE id = :id AND ended_at IS NULL",
        )?
        .execute(named_params! {
            ":id": firing.id,
            ":at": millis(end.at),
            ":status": status.as_str(),
            ":detail": end.detail,
        })?;
    if ended == 0 {
        return Ok(None);
    }
    note_result(transaction, firing, end, status, empty)?;
    forget_old(transaction, firing.schedule)?;
    Ok(Some(status))
}

/// Writes the result of a firing into its schedule.
fn note_result(
    transaction: &Transaction<'_>,
    firing: &ScheduleFiring,
    end: &FiringEnd,
    status: ScheduleStatus,
    empty_runs: u64,
) -> rusqlite::Result<()> {
    let error = end.detail.as_ref().filter(|_| status != ScheduleStatus::Ok);
    transaction
        .prepare_cached(
            "UPDATE schedules SET last_status = :status, last_error = :error, empty_runs = :empty,
                 run_count = run_count + :ran,
                 last_run_at = (SELECT started_at FROM firings WHERE id = :firing)
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": firing.schedule,
            ":firing": firing.id,
            ":status": status.as_str(),
            ":error": error,
            ":empty": empty_runs,
            ":ran": status != ScheduleStatus::Skipped,
        })?;
    Ok(())
}

/// Removes the oldest firings of a schedule that ended.
fn forget_old(transaction: &Transaction<'_>, schedule: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM firings WHERE schedule = ?1 AND ended_at IS NOT NULL AND id <=
                 (SELECT id FROM firings WHERE schedule = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute((schedule, MAX_FIRINGS_KEPT))?;
    Ok(())
}

fn firing_row(row: &Row<'_>) -> rusqlite::Result<FiringRow> {
    let ended: Option<i64> = row.get(OWN_COLUMNS + 1)?;
    let status: Option<String> = row.get(OWN_COLUMNS + 2)?;
    Ok(FiringRow {
        firing: firing(row)?,
        started_at: timestamp(row.get(OWN_COLUMNS)?),
        ended_at: ended.map(timestamp),
        status: status.as_deref().and_then(ScheduleStatus::of),
        detail: row.get(OWN_COLUMNS + 3)?,
    })
}
