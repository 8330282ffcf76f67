//! `Code`: the stable codes of reasons, each with its text.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares the codes, each with its text.
macro_rules! codes {
    ($($(#[doc = $about:literal])+ $name:ident = $text:literal,)+) => {
        /// The stable codes of reasons, as reports carry them. A code is never renamed and never
        /// used for something else.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $about])+ $name,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns what it means, as the reference has it.
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($about),+),)+
                }
            }

            /// Returns the text that stands in reports.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

codes! {
    /// The row was changed by hand.
    Altered = "altered",
    /// The repository is archived: read only.
    Archived = "archived",
    /// The token or the login is missing, wrong or expired, or may not do this.
    Auth = "auth",
    /// The server offers no scheme of authentication that sendoff speaks.
    AuthScheme = "auth-scheme",
    /// Configuration in the environment cannot be read.
    BadEnvironment = "bad-environment",
    /// The repository's HEAD cannot be read.
    BadHead = "bad-head",
    /// What the command line names cannot be used.
    BadInput = "bad-input",
    /// `PLATFORM_URL` is no URL.
    BadPlatformUrl = "bad-platform-url",
    /// A ref cannot be read.
    BadRef = "bad-ref",
    /// The repository cannot be opened.
    BadRepository = "bad-repository",
    /// The answer cannot be understood.
    BadResponse = "bad-response",
    /// A step's URL cannot be used.
    BadUrl = "bad-url",
    /// The repository is bare.
    BareRepository = "bare-repository",
    /// The branch is the base itself.
    BaseIsHead = "base-is-head",
    /// The forge has no branch of the base's name.
    BaseMissing = "base-missing",
    /// Nobody names a base branch.
    BaseUnknown = "base-unknown",
    /// The push would send an object that only another repository has.
    BorrowedObject = "borrowed-object",
    /// The branch that was handed over is gone.
    BranchGone = "branch-gone",
    /// Another process holds the file.
    Busy = "busy",
    /// The branch is checked out in the repository that it would be pushed to.
    CheckedOut = "checked-out",
    /// Keys of the repository's own git configuration are ignored.
    ConfigIgnored = "config-ignored",
    /// What the repository stores is damaged.
    Corrupt = "corrupt",
    /// The run's deadline passed.
    Deadline = "deadline",
    /// The server denies access to the repository.
    Denied = "denied",
    /// HEAD names no branch.
    DetachedHead = "detached-head",
    /// The policy switches the step off.
    Disabled = "disabled",
    /// The branch on the remote has commits that are not here.
    Diverged = "diverged",
    /// A variable for a token holds what no token has, such as a blank.
    DoubtfulToken = "doubtful-token",
    /// Variables are set that do not count, by the system's policy.
    EnvironmentIgnored = "environment-ignored",
    /// A command cannot be started, or did not end.
    Exec = "exec",
    /// A command ended with another exit code than 0.
    ExitCode = "exit-code",
    /// A file cannot be read or written.
    File = "file",
    /// The remote is a path.
    FileRemote = "file-remote",
    /// The token is good and may not do this.
    Forbidden = "forbidden",
    /// What was asked for was taken out of service.
    Gone = "gone",
    /// The repository leads to directories that do not say that they belong to it.
    GitDirUntrusted = "git-dir-untrusted",
    /// The forge has no branch of the head's name, or not yet.
    HeadMissing = "head-missing",
    /// A hook declined the push.
    HookDeclined = "hook-declined",
    /// A server answered with a status that is none of success.
    HttpStatus = "http-status",
    /// Memories before it wait still.
    InOrder = "in-order",
    /// A bug of ours.
    Internal = "internal",
    /// A signal ended the run.
    Interrupted = "interrupted",
    /// The branch on the remote is not where it was left.
    LeaseBroken = "lease-broken",
    /// Pointers of git-lfs would leave without their files.
    Lfs = "lfs",
    /// The remote could not lock the ref.
    Lock = "lock",
    /// The pull request is merged already.
    Merged = "merged",
    /// A text is no message.
    Message = "message",
    /// The remote misses objects of the push.
    MissingObjects = "missing-objects",
    /// A step that is needed before is not done.
    Needs = "needs",
    /// The connection failed.
    Network = "network",
    /// There is nothing to remember.
    NoContent = "no-content",
    /// There is no such directory.
    NoDirectory = "no-directory",
    /// There is no error to classify.
    NoError = "no-error",
    /// No forge is known for the remote.
    NoForge = "no-forge",
    /// The task document has no input.
    NoInput = "no-input",
    /// No platform is configured.
    NoPlatform = "no-platform",
    /// A program that is needed cannot be started.
    NoProgram = "no-program",
    /// There is no system prompt.
    NoPrompt = "no-prompt",
    /// There is no remote.
    NoRemote = "no-remote",
    /// The machine refused files or memory.
    NoResources = "no-resources",
    /// There is no token for the forge.
    NoToken = "no-token",
    /// The policy does not list the address.
    NotAllowed = "not-allowed",
    /// There is no repository here.
    NotARepository = "not-a-repository",
    /// There is no such repository, or it is hidden.
    NotFound = "not-found",
    /// The machine refused a thread or a timer.
    NotStarted = "not-started",
    /// There is no commit to ship.
    NothingAhead = "nothing-ahead",
    /// Head and base have the same commits.
    NothingBetween = "nothing-between",
    /// There is nothing to open a pull request for.
    NothingToShip = "nothing-to-ship",
    /// The branch's name could be read as something else.
    OddBranchName = "odd-branch-name",
    /// `SENDOFF=0` switches sendoff off.
    Off = "off",
    /// A merge, rebase or the like is in progress.
    OperationInProgress = "operation-in-progress",
    /// The remote is reached over unencrypted http.
    PlainHttp = "plain-http",
    /// A request would go over unencrypted http.
    PlainHttpRefused = "plain-http-refused",
    /// The platform's token belongs to another address.
    PlatformTokenUnbound = "platform-token-unbound",
    /// The platform's URL cannot be used.
    PlatformUrl = "platform-url",
    /// The repository's policy on the remote changed during the run.
    PolicyChanged = "policy-changed",
    /// A layer of the policy was left out.
    PolicyDropped = "policy-dropped",
    /// The policy has an error.
    PolicyError = "policy-error",
    /// The system's policy locks keys that other layers set.
    PolicyLocked = "policy-locked",
    /// The repository's policy may be an old one.
    PolicyStale = "policy-stale",
    /// The repository's policy on the remote is not known.
    PolicyUnavailable = "policy-unavailable",
    /// Keys of the repository's policy do not count yet.
    PolicyUntrusted = "policy-untrusted",
    /// The remote refuses a private email address.
    PrivateEmail = "private-email",
    /// A prompt's file cannot be read.
    Prompt = "prompt",
    /// The remote protects the branch.
    Protected = "protected",
    /// The policy protects the branch.
    ProtectedBranch = "protected-branch",
    /// The proxy cannot be used, or refuses the request.
    Proxy = "proxy",
    /// The pull request of the branch was merged or closed.
    PullRequestEnded = "pull-request-ended",
    /// Too many requests.
    RateLimited = "rate-limited",
    /// The remote takes no pushes.
    ReadOnly = "read-only",
    /// A redirect was refused.
    RedirectRefused = "redirect-refused",
    /// A branch on the remote has a name that the branch's conflicts with.
    RefConflict = "ref-conflict",
    /// The server or the file is refused.
    Refused = "refused",
    /// The remote refused the push.
    Rejected = "rejected",
    /// A remote was recorded for the repository.
    RemoteAdded = "remote-added",
    /// There is no remote of that name.
    RemoteAbsent = "remote-absent",
    /// Which remote to push to is not clear.
    RemoteAmbiguous = "remote-ambiguous",
    /// The remote has the branch and did not say whether it is its default branch.
    RemoteHeadUnknown = "remote-head-unknown",
    /// The remote is this repository.
    RemoteLocal = "remote-local",
    /// The policy does not list the remote.
    RemoteNotAllowed = "remote-not-allowed",
    /// The repository was never pushed to this remote.
    RemoteUnknown = "remote-unknown",
    /// The remote's URL cannot be used.
    RemoteUrl = "remote-url",
    /// A request cannot be made of what it is made of.
    RequestUnusable = "request-unusable",
    /// A ruleset of the forge refuses the push.
    Ruleset = "ruleset",
    /// The branch's name holds a secret.
    SecretInBranchName = "secret-in-branch-name",
    /// The forge found a secret in the push.
    SecretProtection = "secret-protection",
    /// The server failed.
    ServerError = "server-error",
    /// The remote takes no push of a shallow history.
    Shallow = "shallow",
    /// SIGHUP ended the run.
    Sighup = "sighup",
    /// SIGINT ended the run.
    Sigint = "sigint",
    /// SIGTERM ended the run.
    Sigterm = "sigterm",
    /// The organisation wants the token authorised for its single sign-on.
    Sso = "sso",
    /// An earlier step stopped the run.
    Stopped = "stopped",
    /// What was kept is damaged, and was set aside.
    StoreDamaged = "store-damaged",
    /// Nothing can be kept from one run to the next.
    StoreUnavailable = "store-unavailable",
    /// A submodule's commit is on none of its remotes.
    Submodule = "submodule",
    /// A template cannot be rendered.
    Template = "template",
    /// It took too long.
    Timeout = "timeout",
    /// No encrypted connection could be made.
    Tls = "tls",
    /// The platform's token file cannot be used.
    TokenFile = "token-file",
    /// A commit has another author than you.
    ForeignAuthor = "foreign-author",
    /// A file with an effect on others is changed, such as one of CI.
    GuardedPath = "guarded-path",
    /// The policy lets out only branches of another name.
    BranchPattern = "branch-pattern",
    /// A commit is not meant to be published, such as `fixup!`.
    PrivateCommits = "private-commits",
    /// More changed files than the policy lets out.
    TooManyFiles = "too-many-files",
    /// More commits than the policy lets out.
    TooManyCommits = "too-many-commits",
    /// No process that tried it lived to report on it.
    TooManyTries = "too-many-tries",
    /// It waited for too long.
    TooOld = "too-old",
    /// Larger than is allowed.
    TooLarge = "too-large",
    /// The forge says that there is a pull request, and does not list it.
    Unlisted = "unlisted",
    /// `GIT_DIR` and the directory name different repositories.
    TwoRepositories = "two-repositories",
    /// What is trusted in the repository cannot be read.
    TrustRecord = "trust-record",
    /// The repository's remotes cannot be recorded.
    Unpinned = "unpinned",
    /// The platform is away.
    Unavailable = "unavailable",
    /// The branch has no commit.
    UnbornBranch = "unborn-branch",
    /// The work tree has changes or files that no commit has.
    Uncommitted = "uncommitted",
    /// It is not known what became of a request.
    UnknownOutcome = "unknown-outcome",
    /// sendoff does not do that.
    Unsupported = "unsupported",
    /// The remote said that it has the commit, and does not show it.
    Unverified = "unverified",
    /// The forge refused what the request says.
    Validation = "validation",
    /// The step's condition.
    When = "when",
    /// A token may not change workflow files.
    WorkflowScope = "workflow-scope",
    /// The workspace's id cannot be used.
    WorkspaceId = "workspace-id",
    /// The platform has no such workspace.
    WorkspaceUnknown = "workspace-unknown",
    /// A document has keys that this version does not know.
    UnknownKeys = "unknown-keys",
    /// A code of a version of sendoff that this one does not know.
    Unknown = "unknown",
}

impl Code {
    /// Returns the code of a text.
    pub fn named(text: &str) -> Self {
        let mut all = Self::ALL.iter();
        all.find(|code| code.as_str() == text)
            .copied()
            .unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Ok(Self::named(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_a_text_of_its_own_in_kebab_case() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} stands for two codes");
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{text}"
            );
            assert_eq!(Code::named(text), *code);
        }
    }
}
