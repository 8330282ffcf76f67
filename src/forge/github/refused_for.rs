//! Advice on an error by its message, because most causes have nothing to do with the permissions of the token.

use super::ForgeErrorClass;

/// Words of a refusal, in lower case, what they mean, and what to do.
struct Cause {
    words: &'static [&'static str],
    remedy: Remedy,
}

/// What a refusal means, and what to do about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Remedy {
    pub(super) class: ForgeErrorClass,
    pub(super) advice: &'static str,
    /// Whether the token lacks a permission.
    pub(super) is_permission: bool,
}

const fn forbidden(words: &'static [&'static str], advice: &'static str) -> Cause {
    Cause {
        words,
        remedy: Remedy {
            class: ForgeErrorClass::Forbidden,
            advice,
            is_permission: false,
        },
    }
}

const fn lacking(words: &'static [&'static str], advice: &'static str) -> Cause {
    let cause = forbidden(words, advice);
    Cause {
        words,
        remedy: Remedy {
            is_permission: true,
            ..cause.remedy
        },
    }
}

/// The first cause with a word that is found counts.
const CAUSES: &[Cause] = &[
    Cause {
        words: &["archived"],
        remedy: Remedy {
            class: ForgeErrorClass::Archived,
            advice: "unarchive the repository, or push to another one",
            is_permission: false,
        },
    },
    forbidden(
        &[
            "pull requests are disabled",
            "pull requests disabled",
            "disabled pull requests",
            "pull requests have been disabled",
            "pull requests are turned off",
        ],
        "let the repository take pull requests in its settings, or set `steps.pr-create.enabled = false` in the policy",
    ),
    forbidden(
        &[
            "only collaborators",
            "collaborators only",
            "must be a collaborator",
            "limited to collaborators",
            "restricted to collaborators",
            "limited to prior contributors",
            "restricted to prior contributors",
            "interaction limits are",
        ],
        "give a token of a collaborator: the repository takes pull requests of nobody else",
    ),
    forbidden(
        &["github actions is not permitted"],
        "allow GitHub Actions to create pull requests (Settings, Actions, General, of the repository or its organisation), or give a token of an app or a person",
    ),
    forbidden(
        &["oauth app access restrictions"],
        "have an owner of the organisation approve the app that made the token, or give a personal token",
    ),
    forbidden(
        &[
            "access via a personal access token (classic)",
            "classic token",
        ],
        "give a fine-grained token or one of a GitHub App: the organisation takes no classic tokens",
    ),
    forbidden(
        &["lifetime"],
        "give a token that ends sooner, as the organisation asks for",
    ),
    forbidden(
        &["access via a fine-grained", "access via fine-grained"],
        "have an owner of the organisation approve the fine-grained token, or give one of a GitHub App",
    ),
    forbidden(
        &["ip allow list", "ip address"],
        "run from an address on the organisation's IP allow list, or have an owner add this one",
    ),
    forbidden(
        &[
            "email address must be verified",
            "verified email",
            "verify your email",
        ],
        "verify an email address of the token's account, in its settings at the forge",
    ),
    forbidden(
        &["two-factor", "2fa"],
        "switch two-factor authentication on for the token's account, as the organisation asks for",
    ),
    forbidden(
        &["suspended"],
        "give a token of an account that is not suspended, or ask the forge's support",
    ),
    forbidden(
        &[
            "you have been blocked",
            "user is blocked",
            "you are blocked",
        ],
        "give a token of another account: the owner of the repository has blocked this one",
    ),
    forbidden(
        &["migrat", "is locked", "been locked"],
        "wait until the owner has unlocked the repository, as after a migration, then run again",
    ),
    forbidden(
        &["billing", "payment", "upgrade to"],
        "have the owner of the repository see to its plan and its payments at the forge",
    ),
    forbidden(&["blocked", "dmca", "legal", "disabled"], CLOSED),
    lacking(
        &["resource not accessible by integration"],
        "give the token write access to pull requests: `permissions: pull-requests: write` in a workflow, else in the settings of the app",
    ),
    forbidden(
        &["not all refs are readable"],
        "give a token that may read the repository of the branch as well",
    ),
    lacking(
        &[
            "resource not accessible",
            "must have",
            "permission",
            "scope",
        ],
        "give the token write access to pull requests of this repository",
    ),
];

/// What to do about a repository that is closed.
pub(super) const CLOSED: &str =
    "see the page of the repository: the forge or its owner has closed it";

/// Returns what a refusal means, and what to do about it; `None` where its words are not known.
pub(super) fn cause(said: &str) -> Option<Remedy> {
    let said = said.to_ascii_lowercase();
    let is_said = |cause: &&Cause| cause.words.iter().any(|words| said.contains(words));
    CAUSES.iter().find(is_said).map(|cause| cause.remedy)
}
