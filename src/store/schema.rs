//! The tables, as numbered migrations on `PRAGMA user_version`. A released migration never changes.

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
    "
CREATE TABLE schedules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '[]',
    definition TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 1,
    next_run_at INTEGER,
    cause TEXT NOT NULL DEFAULT 'time',
    event TEXT,
    problem TEXT,
    firings INTEGER NOT NULL DEFAULT 0,
    last_run_at INTEGER,
    last_status TEXT,
    last_error TEXT,
    run_count INTEGER NOT NULL DEFAULT 0,
    empty_runs INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX schedules_due ON schedules (next_run_at)
    WHERE enabled AND problem IS NULL AND next_run_at IS NOT NULL;
CREATE TABLE firings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL UNIQUE,
    schedule INTEGER NOT NULL REFERENCES schedules (id),
    due_at INTEGER NOT NULL,
    cause TEXT NOT NULL,
    event TEXT,
    attempts INTEGER NOT NULL DEFAULT 1,
    holder TEXT,
    held_until INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    status TEXT,
    detail TEXT
);
CREATE INDEX firings_open ON firings (held_until) WHERE ended_at IS NULL;
CREATE INDEX firings_of_schedule ON firings (schedule, id);
",
    "
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    delivery TEXT,
    digest BLOB NOT NULL,
    name TEXT NOT NULL,
    received_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX deliveries_by_body ON deliveries (source, digest);
CREATE UNIQUE INDEX deliveries_by_id ON deliveries (source, delivery) WHERE delivery IS NOT NULL;
CREATE INDEX deliveries_by_time ON deliveries (received_at);
CREATE TABLE event_firings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rule TEXT NOT NULL,
    fire TEXT NOT NULL,
    facts TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    claimed_until INTEGER NOT NULL,
    settled_at INTEGER,
    schedules TEXT
);
CREATE INDEX event_firings_open ON event_firings (due_at) WHERE settled_at IS NULL;
CREATE INDEX event_firings_settled ON event_firings (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX event_firings_of_rule ON event_firings (rule, created_at);
",
    "
ALTER TABLE firings ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
CREATE INDEX schedules_by_name ON schedules (name, tags, enabled, problem, next_run_at)
    WHERE enabled AND problem IS NULL AND next_run_at IS NOT NULL;
",
];

/// Returns the version of a database; 0 is an empty one.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Makes the connection parse the definitions of all tables, which its first statement would do.
pub(super) fn load(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare("SELECT 1 FROM runs LIMIT 0").map(drop)
}

/// Brings the tables up to date, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let now = version(&transaction)?;
    if now >= CURRENT {
        return Ok(());
    }
    for (next, sql) in (1_i64..).zip(MIGRATIONS) {
        if now < next {
            transaction.execute_batch(sql)?;
        }
    }
    transaction.pragma_update(None, "user_version", CURRENT)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use crate::clock::Clock;
    use crate::store::{BUSY_TIMEOUT, Slot, Store};

    use super::*;

    /// What the first version kept, and waits.
    const ROWS: &str = "
        INSERT INTO intents (run_id, repository, branch, directory, surface, pipeline, task, platform, created_at)
            VALUES ('r1', x'2f72', 'feature/x', x'2f', 'executor', 'post-task', '{}', 'https://p.example ws-1', 1);
        INSERT INTO pending VALUES (x'2f72', 'feature/x', x'2f72', NULL, 'post-commit', 'git-post-commit', 'push',
            'network', 'no answer', 1, 1, 1);
        INSERT INTO outbox (key, kind, origin, workspace, body, seal, state, created_at)
            VALUES ('r1/memory-commit', 'memory', 'https://p.example', 'ws-1', '{}', '', 'waiting', 1);
        INSERT INTO pushed (run_id, repository, branch, remote, old, new, pushed_at)
            VALUES ('r0', x'2f72', 'feature/x', 'https://a.example/r', NULL, '1', 1);";

    #[test]
    fn x21_what_waits_survives_an_upgrade_from_each_version() {
        for old in 1..MIGRATIONS.len() {
            let directory = tempfile::tempdir().unwrap();
            let database = Connection::open(directory.path().join("store.db")).unwrap();
            database.execute_batch(MIGRATIONS[0]).unwrap();
            database.execute_batch(ROWS).unwrap();
            for sql in &MIGRATIONS[1..old] {
                database.execute_batch(sql).unwrap();
            }
            database.pragma_update(None, "user_version", old).unwrap();
            drop(database);
            let store = Store::open(directory.path(), &Clock::System, BUSY_TIMEOUT).unwrap();
            assert_eq!(store.set_aside(), None);
            let slot = Slot {
                repository: "/r".into(),
                branch: "feature/x".into(),
            };
            let intents = store.waiting_intents(&slot).unwrap();
            assert_eq!(intents[0].asked.task.as_deref(), Some("{}"), "{old}");
            assert!(store.pending(&slot).unwrap().is_some(), "{old}");
            let messages = store
                .waiting_deliveries("https://p.example", "ws-1")
                .unwrap();
            assert_eq!(messages.len(), 1, "{old}");
            let pushed = store.last_pushed(&slot, "https://a.example/r").unwrap();
            assert_eq!(pushed.unwrap().new, "1", "{old}");
        }
    }
}
