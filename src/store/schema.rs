//! The tables: numbered migrations on `PRAGMA user_version`. A migration that was released never changes.

use rusqlite::{Connection, TransactionBehavior};

/// The version that this program reads and writes.
#[expect(clippy::cast_possible_wrap, reason = "a handful of migrations")]
pub(super) const CURRENT: i64 = MIGRATIONS.len() as i64;

/// What makes version `n + 1` of version `n`. Times are milliseconds since 1970; paths are bytes.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE intents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE,
    repository BLOB NOT NULL,
    branch TEXT NOT NULL,
    git_dir BLOB,
    work_tree BLOB,
    directory BLOB NOT NULL,
    surface TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    task TEXT,
    platform TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    settled_at INTEGER,
    carried_by TEXT
);
CREATE INDEX intents_open ON intents (repository, branch) WHERE settled_at IS NULL;
CREATE TABLE pending (
    repository BLOB NOT NULL,
    branch TEXT NOT NULL,
    git_dir BLOB NOT NULL,
    work_tree BLOB,
    pipeline TEXT NOT NULL,
    surface TEXT NOT NULL,
    steps TEXT NOT NULL,
    reason TEXT NOT NULL,
    summary TEXT NOT NULL,
    since INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    PRIMARY KEY (repository, branch)
);
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    workspace TEXT NOT NULL,
    body TEXT NOT NULL,
    seal TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    first_sent_at INTEGER,
    not_before INTEGER NOT NULL DEFAULT 0,
    settled_at INTEGER
);
CREATE INDEX outbox_open ON outbox (workspace, id) WHERE settled_at IS NULL;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE,
    repository BLOB NOT NULL,
    branch TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    surface TEXT NOT NULL,
    verdict TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    report TEXT NOT NULL
);
CREATE INDEX runs_of_branch ON runs (repository, branch, id);
CREATE TABLE pushed (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    repository BLOB NOT NULL,
    branch TEXT NOT NULL,
    remote TEXT NOT NULL,
    old TEXT,
    new TEXT NOT NULL,
    pushed_at INTEGER NOT NULL
);
CREATE INDEX pushed_of_branch ON pushed (repository, branch, id);
",
    "
ALTER TABLE intents ADD COLUMN steps TEXT NOT NULL DEFAULT '';
ALTER TABLE intents ADD COLUMN reason TEXT;
ALTER TABLE intents ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;
",
];

/// Returns the version of a database; 0 is an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings the tables up to date, one version a transaction.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    for (next, sql) in (1_i64..).zip(MIGRATIONS) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if version(&transaction)? < next {
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", next)?;
            transaction.commit()?;
        }
    }
    Ok(())
}
