//! The history: the reports of runs.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, named_params};

use crate::report::Report;

use super::place::{Slot, bytes, path};
use super::{Durability, Store, StoreError, millis, timestamp};

/// A run and its report.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// What it was about.
    pub slot: Slot,
    /// What it did.
    pub report: Report,
}

/// A run in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// The run.
    pub run_id: String,
    /// What it was about.
    pub slot: Slot,
    /// The pipeline.
    pub pipeline: String,
    /// Who asked.
    pub surface: String,
    /// The verdict of the run.
    pub verdict: String,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl Store {
    /// Keeps what a run did, and forgets what is older than the caps allow.
    pub fn record(&self, run: &RunRow) -> Result<(), StoreError> {
        let report = &run.report;
        let text = serde_json::to_string(report).unwrap_or_default();
        let duration = i64::try_from(report.duration_ms).unwrap_or(i64::MAX);
        self.write(Durability::Process, |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO runs (run_id, repository, branch, pipeline, surface, verdict, started_at,
                         duration_ms, report)
                     VALUES (:run_id, :repository, :branch, :pipeline, :surface, :verdict, :started_at,
                         :duration, :report)
                     ON CONFLICT (run_id) DO UPDATE SET verdict = :verdict, duration_ms = :duration,
                         report = :report",
                )?
                .execute(named_params! {
                    ":run_id": report.run_id,
                    ":repository": bytes(&run.slot.repository),
                    ":branch": run.slot.branch,
                    ":pipeline": report.pipeline,
                    ":surface": report.trigger,
                    ":verdict": report.verdict.as_str(),
                    ":started_at": millis(report.started_at),
                    ":duration": duration,
                    ":report": text,
                })?;
            self.forget_runs(transaction)
        })?;
        self.shorten_log();
        Ok(())
    }

    /// Returns the last runs, the newest first; of one repository where one is named.
    pub fn runs(
        &self,
        limit: usize,
        repository: Option<&Path>,
    ) -> Result<Vec<RunSummary>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT run_id, repository, branch, pipeline, surface, verdict, started_at, duration_ms
                 FROM runs WHERE ?1 IS NULL OR repository = ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            let rows = statement.query_map((repository.map(bytes), limit), summary)?;
            rows.collect()
        })
    }

    /// Returns the runs whose id begins with a text, the newest first, at most two: with two the text is ambiguous.
    pub fn run(&self, id: &str) -> Result<Vec<RunRow>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT repository, branch, report FROM runs
                 WHERE substr(run_id, 1, length(?1)) = ?1 ORDER BY id DESC LIMIT 2",
            )?;
            let rows = statement.query_map([id], run)?;
            rows.collect()
        })
    }

    /// Returns the runs of a branch from this one on, the oldest first.
    pub fn runs_since(&self, slot: &Slot, run_id: &str) -> Result<Vec<RunRow>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT repository, branch, report FROM runs
                 WHERE repository = ?1 AND branch = ?2 AND id >= (SELECT id FROM runs WHERE run_id = ?3)
                 ORDER BY id",
            )?;
            let rows = statement.query_map((bytes(&slot.repository), &slot.branch, run_id), run)?;
            rows.collect()
        })
    }

    /// Returns the last run of a branch.
    pub fn last_run(&self, slot: &Slot) -> Result<Option<RunRow>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT repository, branch, report FROM runs
                 WHERE repository = ?1 AND branch = ?2 ORDER BY id DESC LIMIT 1",
            )?;
            statement
                .query_row((bytes(&slot.repository), &slot.branch), run)
                .optional()
        })
    }
}

fn summary(row: &Row<'_>) -> rusqlite::Result<RunSummary> {
    let duration: i64 = row.get(7)?;
    Ok(RunSummary {
        run_id: row.get(0)?,
        slot: slot(row, 1)?,
        pipeline: row.get(3)?,
        surface: row.get(4)?,
        verdict: row.get(5)?,
        started_at: timestamp(row.get(6)?),
        duration_ms: u64::try_from(duration).unwrap_or(0),
    })
}

fn run(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let text: String = row.get(2)?;
    let report = serde_json::from_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error))
    })?;
    Ok(RunRow {
        slot: slot(row, 0)?,
        report,
    })
}

/// Reads a slot from two columns.
fn slot(row: &Row<'_>, first: usize) -> rusqlite::Result<Slot> {
    Ok(Slot {
        repository: path(&row.get::<_, Vec<u8>>(first)?),
        branch: row.get(first + 1)?,
    })
}
