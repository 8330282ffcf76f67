//! `DatabaseUrl`: the address of a `PostgreSQL` database in a policy, which may contain a password.

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};

use super::text::written_as_text;

/// The address of a `PostgreSQL` database. What shows it hides the password.
#[derive(Debug, Clone)]
pub struct DatabaseUrl {
    shown: String,
    host: Option<String>,
    password: Option<SecretString>,
    whole: SecretString,
}

written_as_text!(
    DatabaseUrl,
    "a URL such as \"postgres://db.example/platform\"",
    { "title": "URL", "type": "string", "pattern": "^postgres(ql)?:" }
);

/// Why a text is not the address of a database. Never shows the text, because it can contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// It is not a URL, or has another scheme.
    #[error("wanted a URL such as \"postgres://db.example/platform\"")]
    Syntax,
    /// It contains the password in a place where it is shown.
    #[error("got a URL with a password behind the `?`, wanted it behind the user, before the host")]
    Query,
}

impl DatabaseUrl {
    /// Returns the whole address, for the client of the database only.
    pub fn expose(&self) -> &str {
        self.whole.expose_secret()
    }

    /// Returns the password, which must not be shown.
    pub const fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Returns the host, where it stands before the `?`.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }
}

impl PartialEq for DatabaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for DatabaseUrl {}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        let mut url = url::Url::parse(text).map_err(|_| DatabaseUrlError::Syntax)?;
        if !matches!(url.scheme(), "postgres" | "postgresql") || url.cannot_be_a_base() {
            return Err(DatabaseUrlError::Syntax);
        }
        if url.query_pairs().any(|(key, _)| key == "password") {
            return Err(DatabaseUrlError::Query);
        }
        let decoded = |text: &str| {
            let decoded = percent_encoding::percent_decode_str(text);
            decoded.decode_utf8_lossy().into_owned()
        };
        let password = url.password().map(decoded).map(SecretString::from);
        if password.is_some() {
            url.set_password(Some("REDACTED"))
                .map_err(|()| DatabaseUrlError::Syntax)?;
        }
        Ok(Self {
            host: url
                .host_str()
                .filter(|host| !host.is_empty())
                .map(str::to_owned),
            password,
            shown: url.into(),
            whole: text.to_owned().into(),
        })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<DatabaseUrl, DatabaseUrlError> {
        DatabaseUrl::from_str(text)
    }

    #[test]
    fn the_password_is_never_shown() {
        let text = "postgres://ada:w%40nderland@db.example:5433/platform?sslmode=require";
        let found = url(text).unwrap();
        assert_eq!(found.expose(), text);
        assert_eq!(found.password().unwrap().expose_secret(), "w@nderland");
        let json = serde_json::to_string(&found).unwrap();
        for shown in [found.to_string(), format!("{found:?}"), json] {
            assert!(!shown.contains("nderland"), "{shown}");
            assert!(shown.contains("ada:REDACTED@db.example:5433"), "{shown}");
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        assert!(url("postgresql:///platform?host=/run/postgresql").is_ok());
        for text in ["mysql://x/y", "db.example", "postgres:platform", ""] {
            assert_eq!(url(text), Err(DatabaseUrlError::Syntax), "{text}");
        }
        let query = url("postgres://db/x?password=wonderland");
        assert_eq!(query, Err(DatabaseUrlError::Query));
    }
}
