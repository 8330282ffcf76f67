//! The environment as the system's policy may want it: nobody's word (`[environment] trust = "none"`).

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::directories::SEARCH_PATH;
use super::variables::counts_without_trust;
use super::{Environment, variables};

impl Environment {
    /// Forgets all but tokens, `WORKSPACE_ID`, `SENDOFF` and its kin, `NO_COLOR` and `LANG`. The home
    /// directory is the one of the user database, programs are looked for in the usual places.
    #[must_use]
    pub fn distrusted(self) -> Self {
        let mut kept: BTreeMap<OsString, OsString> = self
            .values
            .iter()
            .filter(|(name, _)| name.to_str().is_some_and(counts_without_trust))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        kept.insert("PATH".into(), SEARCH_PATH.into());
        if let Some(home) = home_of_user_database() {
            kept.insert("HOME".into(), home.into());
        }
        let names = variables().map(|variable| variable.name);
        let unheard = names
            .filter(|name| {
                let given = self.values.get(OsStr::new(name));
                given.is_some() && given != kept.get(OsStr::new(name))
            })
            .filter(|name| *name != "PWD")
            .map(str::to_owned);
        Self {
            unheard: unheard.collect(),
            values: Arc::new(kept),
            ..self
        }
    }

    /// Returns the variables that are set and do not count, by name.
    pub fn unheard(&self) -> &[String] {
        &self.unheard
    }
}

/// Looks the user's home directory up where no variable can say otherwise.
fn home_of_user_database() -> Option<PathBuf> {
    let me = rustix::process::getuid().as_raw().to_string();
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let home = users.lines().find_map(|line| {
        let mut fields = line.split(':').skip(2);
        (fields.next() == Some(me.as_str())).then(|| fields.nth(2))?
    })?;
    let home = PathBuf::from(home);
    home.is_absolute().then_some(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_without_trust_keeps_tokens_and_names_what_it_forgets() {
        let pairs = [
            ("GH_TOKEN", "t"),
            ("WORKSPACE_ID", "w"),
            ("SENDOFF_LOG", "debug"),
            ("HOME", "/tmp/elsewhere"),
            ("PLATFORM_URL", "https://evil.example"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_SSH", "/tmp/ssh"),
            ("GIT_OBJECT_DIRECTORY", "/tmp/objects"),
            ("https_proxy", "http://127.0.0.1:1"),
            ("UNRELATED", "x"),
        ];
        let environment = Environment::from_pairs("/", pairs).distrusted();
        assert_eq!(environment.text("GH_TOKEN"), Some("t"));
        assert_eq!(environment.text("WORKSPACE_ID"), Some("w"));
        assert_eq!(environment.text("PLATFORM_URL"), None);
        assert_ne!(environment.home(), Some(PathBuf::from("/tmp/elsewhere")));
        assert_eq!(
            environment.unheard(),
            [
                "PLATFORM_URL",
                "HOME",
                "GIT_OBJECT_DIRECTORY",
                "GIT_CONFIG_COUNT",
                "GIT_SSH",
                "https_proxy"
            ]
        );
        let passed = environment.for_programs();
        assert!(passed.iter().all(|(name, _)| *name != "GIT_CONFIG_COUNT"));
    }
}
