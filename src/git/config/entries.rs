//! `Entries`: what configuration files say, one after the other, in the order in which git reads them.

use gix::bstr::{BStr, BString, ByteSlice};
use gix::config::File;

/// Who says it; later ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
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
pub(super) struct Entry {
    /// In lower case.
    pub(super) section: String,
    /// As it is written.
    pub(super) subsection: Option<BString>,
    /// In lower case.
    pub(super) name: String,
    /// Nothing where only the key stands there, which means true.
    pub(super) value: Option<BString>,
    /// Who says it.
    pub(super) scope: Scope,
}

/// What configuration files say, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries(Vec<Entry>);

impl Entry {
    /// Returns the value; empty where only the key stands there.
    pub(super) fn value(&self) -> &BStr {
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
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.0.iter()
    }

    /// Returns those of one section whose name is `name`, in whatever subsection.
    pub(super) fn named<'e>(
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

/// Takes a key apart: section, subsection, name. Nothing when a part is missing.
pub(super) fn split(key: &str) -> Option<(&str, Option<&str>, &str)> {
    let (section, rest) = key.split_once('.')?;
    match rest.rsplit_once('.') {
        Some((subsection, name)) => Some((section, Some(subsection), name)),
        None => Some((section, None, rest)),
    }
    .filter(|(section, _, name)| !section.is_empty() && !name.is_empty())
}

/// Returns the lines of one section of a file.
pub(super) fn of_section(
    part: gix::config::file::SectionRef<'_>,
    scope: Scope,
) -> impl Iterator<Item = Entry> {
    let header = part.header();
    let section = header.name().to_str_lossy().to_ascii_lowercase();
    let subsection = header.subsection_name().map(ToOwned::to_owned);
    let names: Vec<String> = part
        .value_names()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let mut entries = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let before = names.iter().take(at).filter(|other| *other == name).count();
        let is_last = !names.iter().skip(at + 1).any(|other| other == name);
        let implicit = is_last && part.value_implicit(name) == Some(None);
        let value = part.values(name).into_iter().nth(before);
        entries.push(Entry {
            section: section.clone(),
            subsection: subsection.clone(),
            name: name.clone(),
            value: value.filter(|_| !implicit),
            scope,
        });
    }
    entries.into_iter()
}

/// Returns the lines of a file whose includes are not followed.
pub(super) fn of_file(file: &File, scope: Scope) -> Vec<Entry> {
    file.sections()
        .flat_map(|part| of_section(part, scope))
        .collect()
}

/// Reads a truth as git does; nothing when it is none.
pub(in crate::git) fn truth(value: Option<&BStr>) -> Option<bool> {
    let Some(value) = value else {
        return Some(true);
    };
    let text = value.to_str_lossy().to_ascii_lowercase();
    match text.as_str() {
        "true" | "yes" | "on" => Some(true),
        "" | "false" | "no" | "off" => Some(false),
        number => {
            let number = gix::config::Integer::try_from(BStr::new(number)).ok()?;
            number.to_decimal().map(|number| number != 0)
        }
    }
}
