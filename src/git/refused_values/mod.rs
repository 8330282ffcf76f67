//! The values in git's configuration at which `git push` stops, and which change nothing here, for the report.

mod kind;
mod rows;

use std::collections::{HashMap, HashSet};

use gix::bstr::{BStr, ByteSlice};

use crate::environment::Environment;
use crate::names::{RemoteUrl, Scheme};

use self::rows::{LooksAt, ROWS, Row};
use super::config::{Config, Entry, Scope, of_section};
use super::ignored_keys::shown;
use super::open_error::LocalConfigTrust;
use super::url_match::{Partial, Place, Rank, rank};

/// How many keys the report names at most.
const MAX_NAMED_KEYS: usize = 100;

/// Returns a sentence for each line of the configuration at which `git push` to `url` would stop: whoever compares wants to
/// know why. A line of which that is not certain is left out: that a good set-up is bad would not be true.
pub fn refused_values(config: &Config, environment: &Environment, url: &RemoteUrl) -> Vec<String> {
    let own = config.local.sections().filter(|part| {
        let name = part.header().name();
        // They count already, or a long-lived clone has one for each branch.
        config.trust == LocalConfigTrust::Ignore && !name.eq_ignore_ascii_case(b"branch")
    });
    let own: Vec<Entry> = own
        .flat_map(|part| of_section(part, Scope::Local))
        .collect();
    // What it includes is not read, and may have the value that counts.
    let includes = own
        .iter()
        .any(|entry| entry.name == "path" && matches!(&*entry.section, "include" | "includeif"));
    let mut all: Vec<&Entry> = config.trusted.all().chain(&own).collect();
    // The environment's come last.
    all.sort_by_key(|entry| entry.scope);
    let read = Read::of(&all, url);
    let found = all.iter().enumerate().filter_map(|(at, entry)| {
        let value = entry.value.as_ref().map(|value| value.as_bstr());
        let problem = |row: &Row| {
            let problem = row.kind.problem(value)?;
            let may_be_another = includes && entry.scope != Scope::Command;
            let is_read = match (row.looks_at, row.section) {
                (LooksAt::Last, _) => !may_be_another && read.is_last(at, entry),
                (LooksAt::Each, "http") => !may_be_another && !read.passed_over.contains(&at),
                (LooksAt::Each, _) => true,
            };
            is_read.then_some(problem)
        };
        let mut rows = ROWS.iter().filter(|row| row.is_of(entry, environment, url));
        let problem = rows.find_map(problem)?;
        let subsection = entry.subsection.as_ref().map(|name| name.as_bstr());
        let key = shown(entry.section.as_str(), subsection, entry.name.as_str());
        Some(format!(
            "`git push` stops at {key} in the git configuration: {problem}"
        ))
    });
    let mut named = HashSet::new();
    let found = found.filter(|note| named.insert(note.clone()));
    found.take(MAX_NAMED_KEYS).collect()
}

/// A key of the configuration.
type Key<'e> = (&'e str, Option<&'e BStr>, &'e str);

/// Which lines git reads, where it does not read each.
struct Read<'e> {
    /// The last line of each key.
    lasts: HashMap<Key<'e>, usize>,
    /// Those of `http` after which a line of the same name is for the URL, and an earlier one is more specifically.
    passed_over: HashSet<usize>,
}

impl<'e> Read<'e> {
    fn of(all: &[&'e Entry], url: &RemoteUrl) -> Self {
        let keys = all.iter().enumerate();
        let lasts = keys.map(|(at, entry)| (key(entry), at)).collect();
        let mut passed_over = HashSet::new();
        let mut best: HashMap<&str, Rank> = HashMap::new();
        for (at, entry) in all.iter().enumerate() {
            let Some(rank) = http_rank(entry, url) else {
                continue;
            };
            let best = best.entry(&entry.name).or_insert(rank);
            if rank < *best {
                passed_over.insert(at);
            } else {
                *best = rank;
            }
        }
        Self { lasts, passed_over }
    }

    fn is_last(&self, at: usize, entry: &Entry) -> bool {
        self.lasts.get(&key(entry)) == Some(&at)
    }
}

fn key(entry: &Entry) -> Key<'_> {
    let subsection = entry.subsection.as_ref().map(|name| name.as_bstr());
    (entry.section.as_str(), subsection, entry.name.as_str())
}

/// Returns how specifically a line of `http` is for a URL; `None` where it is not.
fn http_rank(entry: &Entry, url: &RemoteUrl) -> Option<Rank> {
    if entry.section != "http" || !matches!(url.scheme(), Scheme::Http | Scheme::Https) {
        return None;
    }
    match &entry.subsection {
        None => Some(Rank::default()),
        Some(pattern) => rank(pattern.to_str().ok()?, &Place::of(url), Partial::No),
    }
}

impl Row {
    /// Says whether git reads a line so, in a push to `url`.
    fn is_of(&self, entry: &Entry, environment: &Environment, url: &RemoteUrl) -> bool {
        let name = entry.name.as_str();
        if self.section != entry.section || !self.names.split(' ').any(|known| known == name) {
            return false;
        }
        let is_own = || matches!(name, "pushdefault" | "autosetupmerge" | "autosetuprebase");
        match (self.section, &entry.subsection) {
            ("http", _) => http_rank(entry, url).is_some(),
            ("core", None) if name == "sshcommand" => {
                url.scheme() == Scheme::Ssh && environment.raw("GIT_SSH_COMMAND").is_none()
            }
            ("branch" | "remote" | "url", subsection) => subsection.is_some() != is_own(),
            (_, subsection) => subsection.is_none(),
        }
    }
}
