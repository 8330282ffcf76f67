//! What is trusted in a repository, and what it asks for, as text.

use std::fmt::Write as _;

use crate::policy::LayerKind;
use crate::secrets::clean_line;
use crate::session::{KeyState, TrustRecord, TrustReview};

/// Lists what is trusted.
pub(in crate::cli) fn trusted(record: &TrustRecord) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{}", clean_line(&words));
    };
    for remote in &record.remotes {
        line(format!("remote      {remote}"));
    }
    for promisor in &record.promisors {
        line(format!("promisor    {promisor}"));
    }
    for known in &record.keys {
        line(format!("policy      {} = {}", known.key, known.value));
        for file in &known.files {
            line(format!(
                "            runs {} {}",
                file.path,
                short(&file.hash)
            ));
        }
    }
    if let Some(config) = &record.git_config {
        line(format!("git-config  {}", config.keys.join(", ")));
    }
    for lead in &record.git_dir {
        let (from, to) = (lead.from.display(), lead.to.display());
        line(format!("git-dir     {from} leads to {to}"));
    }
    if text.is_empty() {
        text.push_str("nothing is trusted here\n");
    }
    text
}

/// Shows what is asked for, and what changed since it was trusted.
pub(in crate::cli) fn asked(review: &TrustReview) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{}", clean_line(&words));
    };
    for key in review.asked() {
        let copy = match key.layer {
            LayerKind::PolicyBase => "policy base",
            _ => "work tree",
        };
        if let KeyState::Changed { was, files } = &key.state {
            if was.value != key.value {
                line(format!("- {} = {}", was.key, was.value));
            }
            for file in files {
                line(format!("  {file} changed"));
            }
        }
        line(format!("+ {} = {}  # {copy}", key.key, key.value));
        for file in &key.trusted.files {
            line(format!("  runs {} {}", file.path, short(&file.hash)));
        }
        line(format!("  for `trust.steps`: {}", key.trusted.whole_hash()));
    }
    for known in &review.unused {
        line(format!(
            "- {} = {}  # not asked for any more",
            known.key, known.value
        ));
    }
    if text.is_empty() {
        text.push_str("the repository's policy asks for nothing that does not count\n");
    }
    text
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
