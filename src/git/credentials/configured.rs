//! Which helpers the configuration names for a URL, and which of them are run.

use std::path::Path;

use crate::git::url_match::Place;
use crate::git::{Config, Matching};
use crate::names::RemoteUrl;
use crate::net::ProxyUrl;
use crate::process::Inheritance;

use super::helpers::{Helpers, UrlPath};

impl Helpers {
    /// Takes the helpers that the user's configuration names. Those that lead into the work tree are run only where the
    /// repository's own configuration counts: the files there are as trustworthy as that.
    pub fn of_lines(config: &Config, lines: Vec<String>, inheritance: Inheritance) -> Self {
        let mut helpers = Self::new(lines, inheritance);
        if config.trusts_repository() {
            helpers.start.directory = Some(config.relative(Path::new("")));
        } else {
            helpers
                .commands
                .retain(|helper| !leads_into_work_tree(helper));
        }
        helpers
    }

    /// Reads what `config` says about `url`: `credential.helper`, `.username`, `.useHttpPath`, and the
    /// same below `credential.<url>`.
    pub fn from_config(config: &Config, url: &RemoteUrl, inheritance: Inheritance) -> Self {
        let values = |name| config.scoped("credential", name, url, Matching::All);
        let shown = config.scoped_truth("credential", "useHttpPath", url, Matching::All);
        let mut helpers = Self::of_lines(config, values("helper"), inheritance);
        helpers.username = values("username").pop();
        let written = url.host().zip(url.written_host());
        helpers.written_host = written.map(|(host, written)| (host.to_owned(), written.to_owned()));
        if shown == Some(true) {
            helpers.path = UrlPath::Shown;
        }
        helpers
    }

    /// Reads the same about a proxy, of SOCKS as well.
    pub fn of_proxy(config: &Config, proxy: &ProxyUrl, inheritance: Inheritance) -> Self {
        let user = proxy.user();
        let place = Place::of_proxy(proxy, user.as_deref());
        let values = |name| config.scoped_to("credential", name, place, Matching::All);
        let mut helpers = Self::of_lines(config, values("helper"), inheritance);
        helpers.username = values("username").pop();
        // Helpers hear the path of any URL but those of http(s): that of the socket.
        if proxy.socket().is_some() {
            helpers.path = UrlPath::Shown;
        }
        helpers
    }
}

/// Says whether the command line of a helper names a file by a path from the directory in which git runs it, the top of the work
/// tree: a program, as in `!./helper`, or the file of `store`.
pub(in crate::git) fn leads_into_work_tree(helper: &str) -> bool {
    let from_here = |path: &str| path.starts_with("./") || path.starts_with("../");
    let is_quote = |c: char| "'\"(){};&|`".contains(c);
    let mut words = helper
        .strip_prefix('!')
        .unwrap_or(helper)
        .split_whitespace();
    let bare = |word: &'_ str| -> String { word.trim_matches(is_quote).to_owned() };
    let program = words.next().map(bare).unwrap_or_default();
    let begins_plainly = program.starts_with(|c: char| c.is_alphanumeric() || "._".contains(c));
    if helper.starts_with('!') && begins_plainly && program.contains('/') {
        return true;
    }
    let mut is_file = false;
    for word in words.map(bare) {
        let value = word.strip_prefix("--file=").or(is_file.then_some(&*word));
        if value.is_some_and(|path| !path.starts_with(['/', '~', '$'])) || from_here(&word) {
            return true;
        }
        is_file = word == "--file";
    }
    false
}

#[cfg(test)]
mod tests {
    use super::leads_into_work_tree;

    #[test]
    fn a_helper_that_leads_into_the_work_tree_is_told_from_others() {
        for helper in [
            "!./helper",
            "! '../bin/helper' -x",
            "!ci/helper",
            "!f() { ./helper; }; f",
            "!sh ./helper",
            "store --file ./logins",
            "store --file=.git/logins",
            "store --file logins",
        ] {
            assert!(leads_into_work_tree(helper), "{helper}");
        }
        for helper in [
            "!/usr/bin/helper ./",
            "!~/bin/helper",
            "!\"$HOME/bin/helper\"",
            "!gh auth git-credential",
            "store",
            "store --file ~/logins",
            "store --file=/etc/logins",
            "cache --timeout 3600",
            "!f() { echo password=a/b; }; f",
        ] {
            let leads = leads_into_work_tree(helper);
            assert!(!leads || helper.ends_with(" ./"), "{helper}");
        }
    }
}
