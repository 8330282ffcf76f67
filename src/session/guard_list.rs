//! The guards in their order, each with the keys of the policy that it reads and the codes with which it refuses.

use crate::reason::Code;

/// When a guard is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Before anything is sent, from local data.
    Here,
    /// During the push, from the remote's answers or from the commits that are sent.
    DuringPush,
    /// Before the pull request is opened.
    BeforePullRequest,
}

/// One guard.
#[derive(Debug)]
pub(super) struct GuardDef {
    /// Its name.
    pub(super) name: &'static str,
    /// The keys of the policy that decide, dotted; `[[branches.rule]]` as `branches.rule`.
    pub(super) keys: &'static [&'static str],
    /// The codes with which it refuses.
    pub(super) codes: &'static [Code],
    /// When it is checked.
    pub(super) asked: Asked,
}

const fn here(
    name: &'static str,
    keys: &'static [&'static str],
    codes: &'static [Code],
) -> GuardDef {
    GuardDef {
        name,
        keys,
        codes,
        asked: Asked::Here,
    }
}

const fn during_push(
    name: &'static str,
    keys: &'static [&'static str],
    codes: &'static [Code],
) -> GuardDef {
    GuardDef {
        asked: Asked::DuringPush,
        ..here(name, keys, codes)
    }
}

/// Every guard, in the order in which a run checks them. `session/guards.rs` checks the local ones, the push and
/// `pr-create` the others.
pub(super) const GUARDS: &[GuardDef] = &[
    here(
        "policy",
        &[],
        &[Code::PolicyError, Code::Disabled, Code::Needs, Code::When],
    ),
    here(
        "repository",
        &[],
        &[
            Code::NotARepository,
            Code::NoDirectory,
            Code::BadEnvironment,
            Code::BadRepository,
            Code::GitDirUntrusted,
            Code::TwoRepositories,
            Code::BareRepository,
        ],
    ),
    here(
        "branch",
        &[],
        &[
            Code::BadHead,
            Code::BranchGone,
            Code::UnbornBranch,
            Code::DetachedHead,
        ],
    ),
    here("operation", &[], &[Code::OperationInProgress]),
    here(
        "name",
        &[],
        &[Code::SecretInBranchName, Code::OddBranchName],
    ),
    here(
        "protected",
        &["branches.protected", "branches.policy-base"],
        &[Code::ProtectedBranch],
    ),
    here(
        "remote",
        &["steps.push.remote"],
        &[
            Code::NoRemote,
            Code::RemoteAbsent,
            Code::RemoteAmbiguous,
            Code::RemoteUrl,
            Code::RemoteLocal,
        ],
    ),
    here(
        "remote-allowed",
        &[
            "remotes.allowed",
            "remotes.allow-file",
            "network.allow-http",
        ],
        &[Code::RemoteNotAllowed, Code::FileRemote, Code::PlainHttp],
    ),
    here(
        "base",
        &["branches.base", "branches.rule"],
        &[Code::BaseIsHead],
    ),
    here(
        "commits",
        &["limits.commits"],
        &[Code::NothingAhead, Code::TooManyCommits, Code::BadRef],
    ),
    here(
        "remote-known",
        &["remotes.allowed"],
        &[Code::RemoteUnknown, Code::TrustRecord],
    ),
    here("guard.branch", &["guard.branch"], &[Code::BranchPattern]),
    here("guard.private", &["guard.private"], &[Code::PrivateCommits]),
    here(
        "guard.foreign-authors",
        &["guard.foreign-authors"],
        &[Code::ForeignAuthor],
    ),
    here("guard.paths", &["guard.paths"], &[Code::GuardedPath]),
    here("guard.files", &["guard.files"], &[Code::TooManyFiles]),
    during_push(
        "fast-forward",
        &["steps.push.rewrite"],
        &[Code::Diverged, Code::LeaseBroken],
    ),
    during_push(
        "pre-push-hook",
        &["steps.push.hooks", "limits.hook-timeout"],
        &[Code::HookDeclined],
    ),
    during_push("submodules", &["steps.push.submodules"], &[Code::Submodule]),
    during_push("lfs", &[], &[Code::Lfs]),
    during_push("own-objects", &[], &[Code::BorrowedObject]),
    during_push("size", &["limits.push-size"], &[Code::TooLarge]),
    during_push("remote-head", &[], &[Code::RemoteHeadUnknown]),
    during_push(
        "pull-request",
        &["steps.pr-create.when-merged"],
        &[Code::PullRequestEnded],
    ),
    during_push(
        "policy-unchanged",
        &["branches.policy-base"],
        &[Code::PolicyChanged],
    ),
    during_push(
        "login",
        &[],
        &[Code::Auth, Code::AuthScheme, Code::Denied, Code::NotFound],
    ),
    GuardDef {
        name: "forge",
        keys: &["forge.kind", "forge.api-url"],
        codes: &[Code::NoForge, Code::NoToken, Code::Forbidden],
        asked: Asked::BeforePullRequest,
    },
    GuardDef {
        name: "policy-known",
        keys: &["branches.policy-base"],
        codes: &[Code::PolicyUnavailable],
        asked: Asked::BeforePullRequest,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::policy::{TABLE_CLASSES, class_of};
    use crate::steps::STEPS;

    #[test]
    fn each_code_belongs_to_one_guard() {
        let mut seen = BTreeSet::new();
        for guard in GUARDS {
            assert!(!guard.codes.is_empty(), "{}", guard.name);
            for code in guard.codes {
                assert!(seen.insert(code), "{code} belongs to two guards");
            }
        }
    }

    #[test]
    fn each_key_is_one_of_the_policy() {
        let is_one = |key: &str| {
            let (table, name) = key.rsplit_once('.').unwrap();
            let classes = match table.strip_prefix("steps.") {
                Some(step) => STEPS
                    .iter()
                    .find(|kind| kind.name == step)
                    .unwrap()
                    .classes(),
                None => {
                    TABLE_CLASSES
                        .iter()
                        .find(|(name, _)| *name == table)
                        .unwrap()
                        .1
                }
            };
            class_of(classes, name).is_some()
        };
        for key in GUARDS.iter().flat_map(|guard| guard.keys) {
            assert!(is_one(key), "{key}");
        }
    }
}
