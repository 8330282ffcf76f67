//! The address of the platform's database, with the encryption of its connection by libpq's rules.

use std::net::IpAddr;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::net::{DatabaseTrust, RootFiles};

use super::StoreError;

/// The keys of the address that the client of the database does not read as libpq does.
const MODE: &str = "sslmode";
/// See [`MODE`].
const ROOTS: &str = "sslrootcert";

/// A parsed address.
#[derive(Debug)]
pub(super) struct Address {
    /// What the client of the database reads.
    pub(super) config: Config,
    /// What the database has to prove; `None` where the connection is never encrypted.
    pub(super) trust: Option<DatabaseTrust>,
}

/// How the connection may be encrypted, by `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyAuthority,
    VerifyFull,
}

impl Mode {
    fn of(word: &str) -> Option<Self> {
        match word {
            "disable" => Some(Self::Disable),
            "prefer" => Some(Self::Prefer),
            "require" => Some(Self::Require),
            "verify-ca" => Some(Self::VerifyAuthority),
            "verify-full" => Some(Self::VerifyFull),
            _ => None,
        }
    }
}

impl Address {
    /// Reads an address, which is shown as `place`. `system` are the authorities where it names none.
    ///
    /// A host that is not this machine, and that `may_be_plain` does not name, is never reached without encryption; where the
    /// address says nothing of that, its certificate has to be for the host.
    pub(super) fn read(
        url: &str,
        place: &str,
        may_be_plain: &[String],
        system: RootFiles,
    ) -> Result<Self, StoreError> {
        let wrong = |said: String| StoreError::DatabaseUrl {
            place: place.to_owned(),
            said,
        };
        let (rest, own) = taken_out(url);
        let mut config: Config = rest.parse().map_err(|error: tokio_postgres::Error| {
            let source = std::error::Error::source(&error);
            wrong(source.map_or_else(|| error.to_string(), ToString::to_string))
        })?;
        let mode = match own.mode.as_deref() {
            None => None,
            Some(word) => Some(Mode::of(word).ok_or_else(|| {
                let word: String = word.escape_debug().take(30).collect();
                wrong(format!(
                    "got sslmode={word}, wanted disable, prefer, require, verify-ca or verify-full"
                ))
            })?),
        };
        let is_near = is_near(&config, may_be_plain);
        let mode = match (mode, is_near) {
            (Some(Mode::Disable), false) => {
                return Err(StoreError::PlainDatabase(place.to_owned()));
            }
            (Some(Mode::Prefer), false) => Mode::Require,
            (None, false) => Mode::VerifyFull,
            (None, true) => Mode::Prefer,
            (Some(mode), _) => mode,
        };
        let names_roots = own.roots.is_some();
        let roots = match own.roots.as_deref() {
            None | Some("system") => system,
            Some(path) => RootFiles {
                system_file: Some(PathBuf::from(path)),
                files: vec![PathBuf::from(path)],
                ..RootFiles::default()
            },
        };
        let (trust, mode) = match mode {
            Mode::Disable => (None, SslMode::Disable),
            Mode::Prefer => (Some(DatabaseTrust::Anyone), SslMode::Prefer),
            // As in libpq: naming authorities implies that they are checked.
            Mode::Require if names_roots => {
                (Some(DatabaseTrust::Authority(roots)), SslMode::Require)
            }
            Mode::Require => (Some(DatabaseTrust::Anyone), SslMode::Require),
            Mode::VerifyAuthority => (Some(DatabaseTrust::Authority(roots)), SslMode::Require),
            Mode::VerifyFull => (Some(DatabaseTrust::Host(roots)), SslMode::Require),
        };
        config.ssl_mode(mode);
        Ok(Self { config, trust })
    }
}

/// What an address says about encryption.
#[derive(Debug, Default)]
struct Own {
    mode: Option<String>,
    roots: Option<String>,
}

/// Removes the keys from an address that are read here.
fn taken_out(url: &str) -> (String, Own) {
    let Some((base, query)) = url.split_once('?') else {
        return (url.to_owned(), Own::default());
    };
    let mut own = Own::default();
    let mut rest = Vec::new();
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
        match key {
            MODE => own.mode = Some(value),
            ROOTS => own.roots = Some(value),
            _ => rest.push(pair),
        }
    }
    let rest = if rest.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", rest.join("&"))
    };
    (rest, own)
}

/// Says whether a connection leads to this machine, or to a host that may be reached without encryption.
fn is_near(config: &Config, may_be_plain: &[String]) -> bool {
    let is_listed = |name: &str| may_be_plain.iter().any(|listed| listed == name);
    let host = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            let is_loopback = name
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback());
            name == "localhost" || is_loopback || is_listed(name)
        }
    };
    // Where an address is given, too, that is where the connection leads to.
    let address = |address: &IpAddr| address.is_loopback() || is_listed(&address.to_string());
    config.get_hosts().iter().all(host) && config.get_hostaddrs().iter().all(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Address, StoreError> {
        let listed = ["db.intern".to_owned(), "10.0.0.7".to_owned()];
        Address::read(url, "postgres://x", &listed, RootFiles::default())
    }

    fn modes(url: &str) -> (SslMode, Option<DatabaseTrust>) {
        let address = read(url).unwrap();
        (address.config.get_ssl_mode(), address.trust)
    }

    #[test]
    fn each_mode_is_libpqs() {
        let host = || Some(DatabaseTrust::Host(RootFiles::default()));
        let authority = || Some(DatabaseTrust::Authority(RootFiles::default()));
        let anyone = || Some(DatabaseTrust::Anyone);
        let (prefer, require) = (SslMode::Prefer, SslMode::Require);
        for (url, mode, trust) in [
            ("postgres://localhost/x", prefer, anyone()),
            ("postgres://[::1]/x", prefer, anyone()),
            ("postgres:///x?host=/run/postgresql", prefer, anyone()),
            (
                "postgres://127.0.0.1/x?sslmode=disable",
                SslMode::Disable,
                None,
            ),
            (
                "postgres://db.intern/x?sslmode=disable",
                SslMode::Disable,
                None,
            ),
            ("postgres://db.intern/x?hostaddr=10.0.0.7", prefer, anyone()),
            ("postgres://db.example/x", require, host()),
            ("postgres://db.example/x?sslmode=prefer", require, anyone()),
            ("postgres://localhost/x?sslmode=require", require, anyone()),
            (
                "postgres://db.example/x?sslmode=require&sslrootcert=system",
                require,
                authority(),
            ),
            (
                "postgres://db.example/x?sslmode=verify-ca",
                require,
                authority(),
            ),
            (
                "postgres://localhost/x?connect_timeout=3&sslmode=verify-full",
                require,
                host(),
            ),
            // The connection leads elsewhere than the name says.
            ("postgres://localhost/x?hostaddr=10.0.0.8", require, host()),
        ] {
            assert_eq!(modes(url), (mode, trust), "{url}");
        }
        let roots = RootFiles {
            system_file: Some("/etc/my ca.pem".into()),
            files: vec!["/etc/my ca.pem".into()],
            ..RootFiles::default()
        };
        let named = "postgres://db.example/x?sslrootcert=/etc/my%20ca.pem";
        assert_eq!(modes(named), (require, Some(DatabaseTrust::Host(roots))));
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        let error = |url: &str| read(url).unwrap_err();
        let plain = error("postgres://db.example/x?sslmode=disable");
        assert_eq!(
            plain.to_string(),
            "the database at `postgres://x` is on another machine, and would be reached without encryption"
        );
        assert!(
            plain.advice().contains("take `sslmode=disable` out"),
            "{}",
            plain.advice()
        );
        assert_eq!(
            error("postgres://localhost/x?sslmode=odd").to_string(),
            "the address `postgres://x` of the platform's table cannot be used: got sslmode=odd, wanted disable, prefer, \
             require, verify-ca or verify-full"
        );
        let unknown = error("postgres://localhost/x?color=red").to_string();
        assert!(
            unknown.ends_with("cannot be used: unknown option `color`"),
            "{unknown}"
        );
    }
}
