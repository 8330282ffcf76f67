//! The platform's own table of schedules, in its `PostgreSQL` database. Events set rows of it due, and the platform
//! fires them.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::runtime::Builder;
use tokio_postgres::{Client, Config, NoTls, Row};

use crate::names::NamePattern;
use crate::net::{RootFiles, TlsFault, database_tls};

use super::platform_address::Address;
use super::platform_tls::TableTls;
use super::schedules::{ScheduleLine, SetsDue};
use super::{StoreError, timestamp};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a statement may take, with its connection.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Sets due what matches. One statement, and no other column: the platform fires what it finds due.
const SET_DUE: &str = "UPDATE workspace_schedules SET next_run_at = now()
     WHERE enabled AND next_run_at IS NOT NULL AND name ILIKE ANY ($1) RETURNING name::text";

/// The same rows, unchanged.
const MATCHING: &str = "SELECT name::text FROM workspace_schedules
     WHERE enabled AND next_run_at IS NOT NULL AND name ILIKE ANY ($1)";

/// What a list shows. Times are milliseconds since 1970.
const ALL: &str = "SELECT name::text, cron_expr::text, timezone::text, enabled,
         (extract(epoch FROM next_run_at) * 1000)::bigint, (extract(epoch FROM last_run_at) * 1000)::bigint,
         last_status::text, last_error::text, run_count::bigint
     FROM workspace_schedules ORDER BY name, id";

/// The platform's table `workspace_schedules`. Each call makes a connection of its own.
#[derive(Debug)]
pub struct PlatformTable {
    config: Config,
    /// What encrypts the connection, where it may be encrypted.
    tls: Option<TableTls>,
    /// The database, without a password.
    place: String,
}

impl PlatformTable {
    /// Names the database at `url`, which is shown as `place`, and reads the certificates of the authorities that it names, or
    /// those of `system`. Opens no connection.
    ///
    /// A host that is not this machine has to be one that `may_be_plain` names, or the connection is encrypted.
    pub fn new(
        url: &str,
        place: &str,
        may_be_plain: &[String],
        system: RootFiles,
    ) -> Result<Self, StoreError> {
        let address = Address::read(url, place, may_be_plain, system)?;
        let tls = address.trust.as_ref().map(database_tls).transpose();
        let tls = tls.map_err(|error| StoreError::DatabaseTls {
            place: place.to_owned(),
            said: error.to_string(),
            advice: error.advice(),
        })?;
        let mut config = address.config;
        config
            .connect_timeout(CONNECT_TIMEOUT)
            .application_name("sendoff");
        Ok(Self {
            config,
            tls: tls.map(|tls| TableTls(Arc::new(tls))),
            place: place.to_owned(),
        })
    }

    /// Returns all schedules, by name.
    pub fn all(&self) -> Result<Vec<ScheduleLine>, StoreError> {
        let rows = self.ask(async |client| client.query(ALL, &[]).await)?;
        rows.iter()
            .map(|row| platform_row(row).map_err(|error| table_error(&self.place, &error)))
            .collect()
    }

    fn names(&self, statement: &str, fire: &[NamePattern]) -> Result<Vec<String>, StoreError> {
        let patterns: Vec<String> = fire.iter().filter_map(like).collect();
        let rows = self.ask(async |client| client.query(statement, &[&patterns]).await)?;
        let names = rows.iter().map(|row| row.try_get::<_, String>(0));
        let names: Result<BTreeSet<String>, _> = names.collect();
        names
            .map(|names| names.into_iter().collect())
            .map_err(|error| table_error(&self.place, &error))
    }

    /// Connects and asks, on a thread and a runtime of its own: the caller's runtime must not block.
    fn ask<T: Send>(
        &self,
        ask: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error> + Send,
    ) -> Result<T, StoreError> {
        let failed = |said: String| StoreError::PlatformTable {
            place: self.place.clone(),
            said,
        };
        let asked = thread::scope(|scope| {
            let own = thread::Builder::new().spawn_scoped(scope, || {
                let runtime = Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| failed(error.to_string()))?;
                runtime.block_on(within(
                    STATEMENT_TIMEOUT,
                    &self.place,
                    self.connect_and(ask),
                ))
            });
            let own = own.map_err(|error| failed(error.to_string()))?;
            own.join()
                .unwrap_or_else(|_| Err(failed("the thread that asks it panicked".into())))
        })?;
        asked.map_err(|error| table_error(&self.place, &error))
    }

    async fn connect_and<T>(
        &self,
        ask: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, tokio_postgres::Error> {
        // The connection ends by an error that the client tells, too.
        let client = if let Some(tls) = &self.tls {
            let (client, connection) = self.config.connect(tls.clone()).await?;
            tokio::spawn(connection);
            client
        } else {
            let (client, connection) = self.config.connect(NoTls).await?;
            tokio::spawn(connection);
            client
        };
        ask(&client).await
    }
}

impl SetsDue for PlatformTable {
    fn set_due(
        &self,
        fire: &[NamePattern],
        _event: Option<&Value>,
        _now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        self.names(SET_DUE, fire)
    }

    fn matching(&self, fire: &[NamePattern]) -> Result<Vec<String>, StoreError> {
        self.names(MATCHING, fire)
    }
}

async fn within<T>(
    limit: Duration,
    place: &str,
    work: impl Future<Output = T>,
) -> Result<T, StoreError> {
    let done = tokio::time::timeout(limit, work).await;
    done.map_err(|_| StoreError::PlatformTable {
        place: place.to_owned(),
        said: format!("it did not answer within {limit:?}"),
    })
}

/// Writes a pattern as `LIKE` has it; `None` for the empty one, which matches no name.
fn like(pattern: &NamePattern) -> Option<String> {
    let mut like = String::new();
    for c in pattern.as_str().chars() {
        match c {
            '*' => like.push('%'),
            '?' => like.push('_'),
            '%' | '_' | '\\' => like.extend(['\\', c]),
            c => like.push(c),
        }
    }
    (!like.is_empty()).then_some(like)
}

fn table_error(place: &str, error: &tokio_postgres::Error) -> StoreError {
    let failed = |said: String, advice: &str| StoreError::DatabaseTls {
        place: place.to_owned(),
        said,
        advice: advice.to_owned(),
    };
    if let Some(fault) = TlsFault::of(error) {
        return failed(fault.to_string(), tls_advice(&fault));
    }
    let source = error.source().map(ToString::to_string);
    if source.as_deref() == Some(NO_TLS) {
        let advice = "switch `ssl` on in its `postgresql.conf`, or reach it through an encrypted tunnel that ends on this machine";
        return failed("it does not encrypt connections".into(), advice);
    }
    let database = error.as_db_error().map(|error| error.message().to_owned());
    let said = database.unwrap_or_else(|| match source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    });
    StoreError::PlatformTable {
        place: place.to_owned(),
        said,
    }
}

/// What the client says of a database that offers no encryption.
const NO_TLS: &str = "server does not support TLS";

const fn tls_advice(fault: &TlsFault) -> &'static str {
    match fault {
        TlsFault::UnknownIssuer | TlsFault::SelfSigned => {
            "name the file of its authority in `store.platform-schedules`: `?sslrootcert=/path/to/ca.pem`"
        }
        TlsFault::WrongName(_) => {
            "use a name in `store.platform-schedules` that the certificate is for, or `sslmode=verify-ca`, which takes any"
        }
        TlsFault::NotValidYet => "set the clock of this machine, or of the database's",
        _ => {
            "let the database's administrator renew its certificate, and check its `ssl_*` settings"
        }
    }
}

fn platform_row(row: &Row) -> Result<ScheduleLine, tokio_postgres::Error> {
    let at = |column: usize| -> Result<Option<Timestamp>, tokio_postgres::Error> {
        Ok(row.try_get::<_, Option<i64>>(column)?.map(timestamp))
    };
    let error: Option<String> = row.try_get(7)?;
    let count: Option<i64> = row.try_get(8)?;
    Ok(ScheduleLine {
        name: row.try_get(0)?,
        cron: row.try_get(1)?,
        timezone: row.try_get(2)?,
        enabled: row.try_get::<_, Option<bool>>(3)?.unwrap_or(false),
        next_run_at: at(4)?,
        last_run_at: at(5)?,
        last_status: row.try_get(6)?,
        last_error: error.filter(|error| !error.is_empty()),
        run_count: u64::try_from(count.unwrap_or(0)).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_written_as_like_has_it() {
        let like = |text: &str| like(&NamePattern::new(text));
        assert_eq!(like("*PR review?").as_deref(), Some("%PR review_"));
        assert_eq!(like(r"50%_\*").as_deref(), Some(r"50\%\_\\%"));
        assert_eq!(like(""), None);
    }
}
