//! `config_lines`: the lines of one configuration file, for code that edits it.

use gix::bstr::BString;
use gix::config::file::{Metadata, includes, init};
use gix::config::{File, Source};

use super::entries::{Scope, of_section};

/// One line of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigLine {
    /// In lower case.
    pub section: String,
    /// As it is written.
    pub subsection: Option<BString>,
    /// In lower case.
    pub name: String,
    /// Nothing where only the key stands there, which means true.
    pub value: Option<BString>,
}

/// Returns the lines of a configuration file; `None` when git could not read it either.
pub fn config_lines(content: &[u8]) -> Option<Vec<ConfigLine>> {
    let options = init::Options {
        includes: includes::Options::no_follow(),
        lossy: true,
        ignore_io_errors: true,
    };
    let metadata = Metadata::from(Source::Local);
    let file = File::from_bytes_owned(&mut content.to_vec(), metadata, options).ok()?;
    let entries = file
        .sections()
        .flat_map(|section| of_section(section, Scope::Local));
    let lines = entries.map(|entry| ConfigLine {
        section: entry.section,
        subsection: entry.subsection,
        name: entry.name,
        value: entry.value,
    });
    Some(lines.collect())
}
