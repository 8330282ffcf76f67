//! Limits of how much is stored, and for how long.

use std::time::Duration;

use rusqlite::Transaction;

use super::Store;

/// How much the store keeps, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Runs in the history.
    pub runs: u32,
    /// How long a run stays in the history.
    pub run_age: Duration,
    /// Messages that wait in the outbox.
    pub rows: u64,
    /// Bytes of the messages that wait.
    pub bytes: u64,
    /// How long a message is tried.
    pub age: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            runs: 1000,
            run_age: 90 * DAY,
            rows: 10_000,
            bytes: 64 << 20,
            age: 30 * DAY,
        }
    }
}

/// How long settled rows are remembered: a worker that was killed needs to know what became of them.
const SETTLED_FOR: Duration = Duration::from_hours(7 * 24);

/// How far the time of a row may be ahead, in milliseconds: a day.
const AHEAD_MILLIS: i64 = 24 * 3_600_000;

/// After how many runs old rows are looked for, which reads whole tables.
const SWEEP_INTERVAL: i64 = 32;

/// How many of the last runs have to agree that something is too old.
const CLOCKS: i64 = 16;

impl Store {
    /// Removes the runs that are too many and, after some runs, old rows.
    pub(super) fn forget_runs(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        transaction
            .prepare_cached("DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?1")?
            .execute([self.caps.runs])?;
        if transaction.last_insert_rowid() % SWEEP_INTERVAL == 0 {
            self.forget_old(transaction)?;
        }
        Ok(())
    }

    /// Removes the runs that are too old, and what was settled long ago, by the earliest clock of the last runs: a
    /// clock that jumps ahead for a few of them costs nothing.
    fn forget_old(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let earliest: i64 = transaction
            .prepare_cached(
                "SELECT min(started_at) FROM (SELECT started_at FROM runs ORDER BY id DESC LIMIT ?1)",
            )?
            .query_row([CLOCKS], |row| row.get(0))?;
        let now = self.now().min(earliest);
        transaction
            .prepare_cached("DELETE FROM runs WHERE started_at < ?1")?
            .execute([before(now, self.caps.run_age)])?;
        let long_ago = before(now, SETTLED_FOR);
        for sql in [
            "DELETE FROM intents WHERE settled_at < ?1",
            "DELETE FROM outbox WHERE settled_at < ?1 AND state <> 'dead'",
            "DELETE FROM pushed WHERE pushed_at < ?1 AND id NOT IN
                 (SELECT max(id) FROM pushed GROUP BY repository, branch, remote)",
        ] {
            transaction.prepare_cached(sql)?.execute([long_ago])?;
        }
        Ok(())
    }
}

/// A row so much older than the caps allow, or so far in the future, was written with a wrong clock.
const IMPLAUSIBLE: Duration = Duration::from_hours(5 * 366 * 24);

/// Sets the time of waiting rows to now where it cannot be right, because a clock jumped. Nothing is given up for
/// that.
pub(super) fn correct_times(
    transaction: &Transaction<'_>,
    table: &'static str,
    now: i64,
    age: Duration,
) -> rusqlite::Result<()> {
    let earliest = before(now, age.saturating_add(IMPLAUSIBLE));
    let latest = now.saturating_add(AHEAD_MILLIS);
    let sql = format!(
        "UPDATE {table} SET created_at = ?1 WHERE settled_at IS NULL AND (created_at < ?2 OR created_at > ?3)"
    );
    transaction
        .prepare_cached(&sql)?
        .execute((now, earliest, latest))
        .map(drop)
}

/// Returns the time that was `age` before `now`.
pub(super) fn before(now: i64, age: Duration) -> i64 {
    now.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}
