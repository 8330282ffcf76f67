//! Keys that are set for URLs: `<section>.<url>.<name>`, and `url.<base>.insteadOf`.

use gix::bstr::{BString, ByteSlice};

use crate::git::url_match::{Partial, Place, Rank, rank};
use crate::names::RemoteUrl;

use super::entries::{Entry, truth};
use super::{Config, text};

/// Which of the values below matching `<section>.<url>` count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// Those that no earlier value matched more closely, as for `http.<url>.*`: of a key with one
    /// value the last counts, of `extraHeader` all.
    Best,
    /// All, in the order of the files, as for `credential.<url>.*`.
    All,
}

impl Config {
    /// Returns the values of `<section>.<name>` and of each `<section>.<url>.<name>` that matches
    /// `url` by git's rules: scheme, host (`*` for one label), port, path prefix, user.
    pub fn scoped(
        &self,
        section: &str,
        name: &str,
        url: &RemoteUrl,
        matching: Matching,
    ) -> Vec<String> {
        self.scoped_to(section, name, Place::of(url), matching)
    }

    /// Returns the same for any place.
    pub(in crate::git) fn scoped_to(
        &self,
        section: &str,
        name: &str,
        place: Place<'_>,
        matching: Matching,
    ) -> Vec<String> {
        let entries = self.scoped_entries(section, name, place, matching);
        entries
            .into_iter()
            .map(|entry| text(entry.value()))
            .collect()
    }

    /// Returns the truth of the value that counts, where a key without a value is true and an empty value is not; nothing
    /// when it is not set, or is no truth.
    pub fn scoped_truth(
        &self,
        section: &str,
        name: &str,
        url: &RemoteUrl,
        matching: Matching,
    ) -> Option<bool> {
        let entries = self.scoped_entries(section, name, Place::of(url), matching);
        let last = entries.last()?;
        truth(last.value.as_ref().map(|value| value.as_bstr()))
    }

    fn scoped_entries<'e>(
        &'e self,
        section: &'e str,
        name: &'e str,
        place: Place<'_>,
        matching: Matching,
    ) -> Vec<&'e Entry> {
        let partial = match matching {
            Matching::Best => Partial::No,
            Matching::All => Partial::Allowed,
        };
        let mut best: Option<Rank> = None;
        let mut found = Vec::new();
        for entry in self.trusted.named(section, name) {
            let rank = match &entry.subsection {
                None => Some(Rank::default()),
                Some(pattern) => {
                    let pattern = pattern.to_str().ok();
                    pattern.and_then(|pattern| rank(pattern, &place, partial))
                }
            };
            let Some(rank) = rank else { continue };
            match best {
                Some(known) if matching == Matching::Best && rank < known => continue,
                _ => {}
            }
            best = Some(rank);
            found.push(entry);
        }
        found
    }

    /// Returns `url` rewritten by the longest `url.<base>.<key>` that it begins with, and the base.
    pub(in crate::git) fn rewritten(&self, url: &str, key: &str) -> Option<(String, BString)> {
        let mut best: Option<(usize, (String, BString))> = None;
        for entry in self.trusted.named("url", key) {
            let Some(base) = &entry.subsection else {
                continue;
            };
            // Without a value it is a mistake, which git refuses, and no prefix of every URL.
            let Some(prefix) = &entry.value else {
                continue;
            };
            let longer = best
                .as_ref()
                .is_none_or(|(length, _)| prefix.len() > *length);
            if let Some(rest) = url.as_bytes().strip_prefix(prefix.as_bytes())
                && longer
            {
                let rewritten = format!("{base}{}", rest.as_bstr());
                best = Some((prefix.len(), (rewritten, base.to_owned())));
            }
        }
        best.map(|(_, rewritten)| rewritten)
    }
}
