//! The security-sensitive keys of a repository's own configuration that are ignored, for the report.

use std::collections::BTreeSet;

use gix::bstr::{BString, ByteSlice};

use super::config::{Config, Scope};
use super::open_error::LocalConfigTrust;

/// How many keys the report names at most.
const MAX_NAMED_KEYS: usize = 100;

impl Config {
    /// Returns the security-sensitive keys in the repository's configuration that are ignored, in
    /// the form `section.name`, sorted; at most a hundred.
    pub fn ignored_local_keys(&self) -> Vec<String> {
        if self.trust == LocalConfigTrust::Trust {
            return Vec::new();
        }
        let mut keys = BTreeSet::new();
        let sections = self.local.sections();
        // A long-lived clone has a section for each branch.
        for part in sections.filter(|part| !part.header().name().eq_ignore_ascii_case(b"branch")) {
            let section = part.header().name().to_str_lossy().to_ascii_lowercase();
            for name in part.value_names() {
                let name = name.to_ascii_lowercase();
                if is_security_sensitive(&section, &name) {
                    keys.insert(shown(&section, part.header().subsection_name(), &name));
                }
            }
        }
        keys.into_iter().take(MAX_NAMED_KEYS).collect()
    }
}

impl Config {
    /// Returns the lines of the repository's own configuration that have power, includes followed, in the order in
    /// which git reads them: key as git shows it, and value. Empty where they are not read because they are not
    /// trusted.
    pub fn powerful_local_lines(&self) -> Vec<(String, BString)> {
        let own = self
            .trusted
            .all()
            .filter(|entry| entry.scope == Scope::Local);
        let powerful = own.filter(|entry| has_power(&entry.section, &entry.name));
        let lines = powerful.map(|entry| {
            let subsection = entry.subsection.as_ref().map(|name| name.as_bstr());
            let key = shown(&entry.section, subsection, &entry.name);
            (key, entry.value().to_owned())
        });
        lines.collect()
    }
}

/// Says whether a key has power where the repository's own configuration counts: the security-sensitive ones, and
/// those that set hooks or options for the server's.
fn has_power(section: &str, name: &str) -> bool {
    is_security_sensitive(section, name)
        || matches!(section, "push" | "transfer")
        || (section == "core" && name == "hookspath")
}

/// Says whether a key runs programs, moves credentials or URLs, or reads other files.
fn is_security_sensitive(section: &str, name: &str) -> bool {
    match section {
        "credential" | "http" | "url" | "include" | "includeif" | "gpg" | "filter" | "protocol"
        | "ssh" | "hook" => true,
        "core" => ["sshcommand", "askpass", "fsmonitor", "gitproxy"].contains(&name),
        "remote" => [
            "vcs",
            "receivepack",
            "uploadpack",
            "proxy",
            "proxyauthmethod",
        ]
        .contains(&name),
        _ => false,
    }
}

/// Returns a key as git shows it, without a password in a URL and without control characters.
pub(super) fn shown(section: &str, subsection: Option<&gix::bstr::BStr>, name: &str) -> String {
    let Some(subsection) = subsection else {
        return format!("{section}.{name}");
    };
    let middle = subsection.to_str_lossy();
    let middle = match (middle.find("://"), middle.rfind('@')) {
        (Some(start), Some(at)) if start < at => {
            let (before, after) = (middle.get(..start), middle.get(at..));
            format!("{}://***{}", before.unwrap_or(""), after.unwrap_or(""))
        }
        _ => middle.into_owned(),
    };
    let middle: String = middle.chars().take(200).collect();
    format!("{section}.{}.{name}", middle.escape_debug())
}
