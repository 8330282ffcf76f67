//! `Entries`: the lines of configuration files, in the order in which git reads them.

use std::collections::HashSet;

use gix::bstr::{BStr, BString, ByteSlice};
use gix::config::parse::{EventRef, Events, SectionRef};

use super::number::integer;

/// The scope of a line; later ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::git) enum Scope {
    /// The system's file.
    System,
    /// The user's files.
    Global,
    /// The repository's, where it is trusted.
    Local,
    /// `GIT_CONFIG_PARAMETERS` and `GIT_CONFIG_COUNT`.
    Command,
}

/// One line of configuration.
#[derive(Debug, Clone)]
pub(in crate::git) struct Entry {
    /// In lower case.
    pub(in crate::git) section: String,
    /// As it is written.
    pub(in crate::git) subsection: Option<BString>,
    /// In lower case.
    pub(in crate::git) name: String,
    /// `None` where there is only the key, which means true.
    pub(in crate::git) value: Option<BString>,
    /// The scope.
    pub(in crate::git) scope: Scope,
}

/// The lines of configuration files, in order.
#[derive(Debug, Clone, Default)]
pub(in crate::git) struct Entries(Vec<Entry>);

impl Entry {
    /// Returns the value; empty where there is only the key.
    pub(in crate::git) fn value(&self) -> &BStr {
        self.value
            .as_ref()
            .map_or(BStr::new(b""), |value| value.as_bstr())
    }
}

impl Entries {
    /// Adds one at the end.
    pub(super) fn push(&mut self, entry: Entry) {
        self.0.push(entry);
    }

    /// Returns all of them.
    pub(in crate::git) fn all(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.0.iter()
    }

    /// Returns those of one section whose name is `name`, in whatever subsection.
    pub(in crate::git) fn named<'e>(
        &'e self,
        section: &'e str,
        name: &'e str,
    ) -> impl DoubleEndedIterator<Item = &'e Entry> {
        self.0.iter().filter(move |entry| {
            entry.section.eq_ignore_ascii_case(section) && entry.name.eq_ignore_ascii_case(name)
        })
    }

    /// Returns the lines of a key such as `core.sshCommand` or `remote.origin.url`.
    pub(super) fn of_key<'e>(&'e self, key: &'e str) -> impl DoubleEndedIterator<Item = &'e Entry> {
        let (section, subsection, name) = split(key).unwrap_or((key, None, ""));
        let subsection = subsection.map(BStr::new);
        self.named(section, name)
            .filter(move |entry| entry.subsection.as_ref().map(|name| name.as_bstr()) == subsection)
    }
}

/// Splits a key into section, subsection and name. Returns `None` when a part is missing.
pub(super) fn split(key: &str) -> Option<(&str, Option<&str>, &str)> {
    let (section, rest) = key.split_once('.')?;
    match rest.rsplit_once('.') {
        Some((subsection, name)) => Some((section, Some(subsection), name)),
        None => Some((section, None, rest)),
    }
    .filter(|(section, _, name)| !section.is_empty() && !name.is_empty())
}

/// Returns the lines of one section of a file.
pub(in crate::git) fn of_section(
    part: gix::config::file::SectionRef<'_>,
    scope: Scope,
) -> impl Iterator<Item = Entry> {
    let header = part.header();
    let section = header.name().to_str_lossy().to_ascii_lowercase();
    let subsection = header.subsection_name().map(ToOwned::to_owned);
    let pairs = part.body().into_iter();
    let pairs: Vec<(String, BString)> = pairs
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let implicit = without_value(part, &pairs);
    let entries = pairs.into_iter().zip(implicit);
    entries.map(move |((name, value), implicit)| Entry {
        section: section.clone(),
        subsection: subsection.clone(),
        name,
        value: (!implicit).then_some(value),
        scope,
    })
}

/// Says of each line of a section whether it has the key alone: gitoxide says so of the last line of a name.
fn without_value(
    part: gix::config::file::SectionRef<'_>,
    pairs: &[(String, BString)],
) -> Vec<bool> {
    // What has a value is not asked about, and that is mostly all.
    if pairs.iter().all(|(_, value)| !value.is_empty()) {
        return vec![false; pairs.len()];
    }
    let mut found = Vec::with_capacity(pairs.len());
    if let Ok(events) = Events::from_bytes(&part.to_bstring(), None) {
        for event in events.sections().flat_map(SectionRef::body) {
            match event {
                EventRef::SectionValueName(_) => found.push(true),
                EventRef::KeyValueSeparator => {
                    if let Some(last) = found.last_mut() {
                        *last = false;
                    }
                }
                _ => {}
            }
        }
    }
    if found.len() == pairs.len() {
        return found;
    }
    // It does not read as it was written: what gitoxide says of the last line of a name is known all the same.
    let mut lasts = HashSet::new();
    let mut found: Vec<bool> = pairs
        .iter()
        .rev()
        .map(|(name, value)| {
            let is_last = lasts.insert(name.as_str());
            is_last && value.is_empty() && part.value_implicit(name) == Some(None)
        })
        .collect();
    found.reverse();
    found
}

/// Parses a boolean as git does; `None` when it is none.
pub(in crate::git) fn truth(value: Option<&BStr>) -> Option<bool> {
    let Some(value) = value else {
        return Some(true);
    };
    let text = value.to_str_lossy().to_ascii_lowercase();
    match text.as_str() {
        "true" | "yes" | "on" => Some(true),
        "" | "false" | "no" | "off" => Some(false),
        _ => integer(value, i32::MAX.into()).map(|number| number != 0),
    }
}
