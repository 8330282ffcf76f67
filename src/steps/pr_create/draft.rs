//! Whether a pull request is a draft, and which subjects say that the work is unfinished.

use crate::pipeline::{Context, Shipment};
use crate::policy::Draft;

/// How the subjects of commits begin that are to be merged into others.
const TO_BE_SQUASHED: &[&str] = &["fixup!", "squash!", "amend!"];

/// How far the work is, by the policy's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// A draft, whatever the commits say.
    Draft,
    /// A draft until no commit says that it is unfinished.
    Unfinished,
    /// Ready, by a rule that does not look at the commits.
    Ready,
    /// Ready, because no commit says that it is unfinished.
    Finished,
}

impl Stage {
    /// Returns the stage of what is shipped. `draft` is the step's setting; a rule for the branch comes first.
    pub(super) fn of(cx: &Context<'_>, shipment: &Shipment, draft: Draft) -> Self {
        let rule = cx.policy.branches().rule_for(&shipment.branch);
        let draft = rule.and_then(|rule| rule.draft).unwrap_or(draft);
        let of_agent = cx.trigger.is_agent() || cx.task.task.ok == Some(false);
        match draft {
            Draft::Always => Self::Draft,
            Draft::Agent | Draft::Auto if of_agent => Self::Draft,
            Draft::Never | Draft::Agent => Self::Ready,
            Draft::Auto => {
                let commits = cx.facts.repo.iter().flat_map(|repo| &repo.commits);
                let mut subjects = commits.map(|commit| commit.subject.as_str());
                if subjects.any(is_unfinished) {
                    Self::Unfinished
                } else {
                    Self::Finished
                }
            }
        }
    }

    /// Says whether a new pull request is a draft.
    pub(super) const fn is_draft(self) -> bool {
        matches!(self, Self::Draft | Self::Unfinished)
    }
}

/// Says whether a subject says that its commit is unfinished: `WIP` as a word of its own, `wip` at the beginning, or what
/// `git commit --fixup` and `--squash` write.
fn is_unfinished(subject: &str) -> bool {
    let subject = subject.trim_start();
    if TO_BE_SQUASHED.iter().any(|mark| subject.starts_with(mark)) {
        return true;
    }
    let mut words = subject.split(|c: char| !c.is_alphanumeric());
    let first = words.clone().find(|word| !word.is_empty());
    first.is_some_and(|word| word.eq_ignore_ascii_case("wip")) || words.any(|word| word == "WIP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_that_say_that_the_work_is_unfinished_are_known() {
        for subject in [
            "WIP",
            "wip: parse it",
            "[wip] parse it",
            "(WIP) parse it",
            "Parse it (WIP)",
            "feat: WIP parser",
            "fixup! Parse it",
            "squash! Parse it",
            "amend! Parse it",
            "  WIP",
        ] {
            assert!(is_unfinished(subject), "{subject}");
        }
        for subject in [
            "",
            "Parse it",
            "Wipe the disk",
            "Swipe",
            "Stop a wip from leaving",
            "Say fixup! twice",
        ] {
            assert!(!is_unfinished(subject), "{subject}");
        }
    }
}
