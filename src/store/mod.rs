//! The persistent state, in SQLite: intents, the outbox, pending pushes, history.
//!
//! All SQL of the program is in this module, so that another database can take its place. It decides nothing: what is
//! tried again, and when, is up to its callers.

mod damage;
mod delivery;
mod error;
mod event_firings;
mod events;
mod file;
mod history;
mod intent;
mod intents;
mod lazy;
mod outbox;
mod pending;
mod place;
mod platform_address;
mod platform_table;
mod platform_tls;
mod pushed;
mod retention;
mod schedules;
mod schema;
mod spool;
mod turn;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::clock::Clock;
use crate::threads::lock;

pub use delivery::{Delivery, DeliveryKind, DeliveryState, NewDelivery};
pub use error::StoreError;
pub use event_firings::{Firing, FiringState, NewFiring};
pub use events::{DELIVERIES_KEPT, DuplicateBy, EventState, NewEvent};
pub use history::{RunRow, RunSummary};
pub use intent::{Intent, IntentState, NewIntent};
pub use lazy::LazyStore;
pub use outbox::Counts;
pub use pending::{NewPending, Pending};
pub use place::{Place, Slot};
pub use platform_table::PlatformTable;
pub use pushed::PushedRow;
pub use retention::Caps;
pub use schedules::{
    Answer, Claim, Due, FiringCause, FiringEnd, FiringRow, NewSchedule, ScheduleFiring,
    ScheduleLine, ScheduleRow, ScheduleSource, ScheduleStatus, ScheduleStore, SetsDue, Switch,
    Wait, WaitsFor,
};
pub use spool::Spool;
pub use turn::{Turn, TurnAt};

/// How long an operation waits for another process that writes.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The same for a thread that ends the process: for another process, and for the thread that uses the store.
const LATE_BUSY_TIMEOUT: Duration = Duration::from_millis(200);
/// How often such a thread tries.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// What a committed transaction survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process: for what can be derived again.
    Process,
    /// A power cut, too.
    PowerCut,
}

/// The store. One connection, used by one thread at a time.
#[derive(Debug)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
    /// How long the connection is waited for; without limit where it is `None`.
    patience: Option<Duration>,
    path: PathBuf,
    clock: Clock,
    caps: Caps,
    set_aside: Option<PathBuf>,
}

impl Store {
    /// Opens the store in `directory`, which is made when it is not there. Waits for other processes
    /// for at most `patience`.
    ///
    /// A damaged file is set aside and a fresh one begun; one of a newer version is left alone.
    pub fn open(directory: &Path, clock: &Clock, patience: Duration) -> Result<Self, StoreError> {
        let opened = file::open(directory, clock, patience)?;
        let store = Self {
            connection: Arc::new(Mutex::new(opened.connection)),
            patience: None,
            path: opened.path,
            clock: clock.clone(),
            caps: Caps::default(),
            set_aside: opened.set_aside,
        };
        spool::import(&store, directory);
        Ok(store)
    }

    /// Replaces the caps.
    #[must_use]
    pub const fn with_caps(mut self, caps: Caps) -> Self {
        self.caps = caps;
        self
    }

    /// Returns the same store for a thread that ends the process: it gives up soon where another thread is stuck.
    fn late(&self) -> Self {
        Self {
            connection: Arc::clone(&self.connection),
            patience: Some(LATE_BUSY_TIMEOUT),
            path: self.path.clone(),
            clock: self.clock.clone(),
            caps: self.caps,
            set_aside: self.set_aside.clone(),
        }
    }

    /// Reads what SQLite needs before its first statement.
    fn read_ahead(&self) {
        // An error is found again by the caller that needs it.
        let _read = self.read(schema::load);
    }

    /// Says whether no thread uses it at this moment.
    fn is_free(&self) -> bool {
        !matches!(self.connection.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Returns the caps.
    pub(super) const fn caps(&self) -> Caps {
        self.caps
    }

    /// Checks whether the store in `directory` can be read and is whole. Changes nothing; a missing store is whole.
    pub fn check(directory: &Path) -> Result<(), StoreError> {
        damage::check(&file::path(directory))
    }

    /// Says whether there is a store in `directory`, without opening it.
    pub fn exists(directory: &Path) -> bool {
        file::path(directory).exists()
    }

    /// Returns where the damaged file is that this one replaces, where there was one.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// Returns the damaged files that were set aside in `directory` and are there still.
    pub fn all_set_aside(directory: &Path) -> Vec<PathBuf> {
        damage::all_set_aside(directory)
    }

    /// Returns the time in the store's terms: milliseconds since 1970.
    fn now(&self) -> i64 {
        millis(self.clock.now())
    }

    /// Reads.
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connection = self.connection()?;
        work(&connection).map_err(|error| self.failed(error))
    }

    /// Writes in one transaction that takes its lock at the beginning, so that it is not refused half way.
    fn write<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection()?;
        let done = || {
            let synchronous = match durability {
                Durability::Process => "NORMAL",
                Durability::PowerCut => "FULL",
            };
            connection.pragma_update(None, "synchronous", synchronous)?;
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        done().map_err(|error| self.failed(error))
    }

    /// Sorts an error. Where it shows damage, the next open looks at the whole file.
    fn failed(&self, error: rusqlite::Error) -> StoreError {
        let error = StoreError::sql(&self.path, error);
        if error.is_damage() {
            damage::suspect(&self.path);
        }
        error
    }

    /// Keeps the log short that the next process has to read. A thread that ends the process leaves this to that
    /// process.
    fn shorten_log(&self) {
        if self.patience.is_some() {
            return;
        }
        let shortened = self.connection().map(|connection| {
            let shortened = file::shorten_log(&connection, &self.path, BUSY_TIMEOUT);
            shortened.map_err(|error| StoreError::sql(&self.path, error))
        });
        if let Err(error) = shortened.flatten() {
            tracing::debug!(%error, "the log of the store stays long");
        }
    }

    /// Returns the connection when no other thread uses it any more.
    fn connection(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        let Some(patience) = self.patience else {
            return Ok(lock(&self.connection));
        };
        let began = Instant::now();
        loop {
            let connection = match self.connection.try_lock() {
                Ok(connection) => connection,
                Err(TryLockError::Poisoned(locked)) => locked.into_inner(),
                Err(TryLockError::WouldBlock) if began.elapsed() < patience => {
                    std::thread::sleep(RETRY_INTERVAL);
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(self.path.clone())),
            };
            let set = connection.busy_timeout(patience);
            set.map_err(|error| StoreError::sql(&self.path, error))?;
            return Ok(connection);
        }
    }
}

/// Returns a time as the store keeps it.
fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// Returns a time from the store. One that no calendar has counts as 1970.
fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A memory cannot be derived again, so it waits for the disk; a push can.
    #[test]
    fn an_intent_with_a_task_survives_a_power_cut() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), &Clock::System, BUSY_TIMEOUT).unwrap();
        // Of SQLite's numbers, 1 is NORMAL and 2 is FULL.
        for (run, task, wanted) in [("1", None, 1), ("2", Some("{}"), 2), ("3", None, 1)] {
            store.intend(&NewIntent::of_test(run, task)).unwrap();
            let synchronous = store.read(|connection| {
                connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))
            });
            assert_eq!(synchronous.unwrap(), wanted);
        }
    }
}
