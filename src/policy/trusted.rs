//! `TrustedKeys`: the keys of a repository's policy that the user trusts, each with its value.

use std::collections::BTreeSet;

/// The keys of a repository's policy that count because the user was shown them, each with the value that was shown.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys(BTreeSet<(String, String)>);

impl TrustedKeys {
    /// Says whether a key counts with this value: TOML on one line, keys sorted.
    pub(super) fn has(&self, key: &str, value: &str) -> bool {
        let mut keys = self.0.iter();
        keys.any(|(trusted, as_shown)| trusted == key && as_shown == value)
    }
}

impl FromIterator<(String, String)> for TrustedKeys {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(keys: T) -> Self {
        Self(keys.into_iter().collect())
    }
}
