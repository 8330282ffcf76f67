//! What to do about an error, in one line.

use super::PushError;
use crate::clean::{AsItIs, clean_line};
use crate::rejection::READ_ONLY;

impl PushError {
    /// Returns what to do about it, in one line.
    pub fn advice(&self) -> Option<String> {
        let fixed = match self {
            Self::Policy(_) => "push another branch; protected branches change by pull request",
            Self::FileRemote => "allow it with `remotes.allow-file = true` in your own policy",
            Self::PushSize { .. } => {
                "check what the branch carries, or raise `limits.push-size` in your own policy"
            }
            Self::PlainHttp => "use https or ssh, or list the host in your own policy",
            Self::Scheme(_) => "use an https or ssh URL for the remote",
            Self::Connection(_) | Self::Client(_) | Self::Tls { .. } => {
                "check the CA certificates and `http.*` in your git configuration"
            }
            Self::Start(_) => "install the program, or put it on the search path",
            Self::Credential(_) | Self::NoLogin { .. } => {
                "set up a credential helper in your global git configuration, or pass a token"
            }
            Self::LoginRefused { .. } => "renew the token or password that git's helper keeps",
            Self::HeaderRefused { .. } => {
                "renew the `Authorization` of `http.extraHeader` in your git configuration, or take it out"
            }
            Self::Forbidden { .. } => "ask for write access, or use a token that has it",
            Self::ReadOnly { .. } => READ_ONLY,
            Self::SshLogin { .. } => "make `ssh -o BatchMode=yes` to the host work first",
            Self::NotFound { .. } | Self::Absent { .. } => {
                "check the remote's URL, and that your login may see the repository"
            }
            Self::Redirect(_) | Self::RedirectElsewhere => {
                "set the remote's URL to the address that the repository has now"
            }
            Self::NotGit { .. } | Self::Status { .. } => {
                "check the remote's URL; a proxy or a login page may be in the way"
            }
            Self::Encoding { .. } => {
                "a proxy may be in the way; `http.extraHeader = Accept-Encoding: identity` in your git configuration asks for no compression"
            }
            Self::Network { .. } | Self::Unavailable { .. } | Self::Lost | Self::Timeout(_) => {
                "check that the remote can be reached, then run again: nothing is lost"
            }
            Self::HookDeclined { .. } => {
                "mend what the hook complains of; `git push` would be declined as well"
            }
            Self::HookTimeout(_) => {
                "make the pre-push hook quicker, or raise `limits.hook-timeout`"
            }
            Self::Hook(_) => {
                "check the pre-push hook: its first line names the program that runs it"
            }
            Self::Lfs { .. } => {
                "let git-lfs send them: `git lfs install`, and `steps.push.hooks = \"run\"` in your own policy"
            }
            Self::Submodule { path, .. } => {
                return Some(format!(
                    "push the submodule first: git -C '{}' push",
                    clean_line(path.as_bytes(), &AsItIs)
                ));
            }
            Self::SshVariant(_) => {
                "use OpenSSH: unset `core.sshCommand`, or set `ssh.variant = ssh` if it is one"
            }
            Self::NoPushOptions => "take `steps.push.options` out of the policy for this remote",
            Self::ShallowRemote => "fetch the whole history over there: git fetch --unshallow",
            Self::Objects {
                class: "unsupported",
                ..
            } => "fetch what the clone leaves out: git fetch --refetch --filter=blob:none",
            Self::Objects {
                class: "missing-objects" | "corrupt",
                ..
            } => "see what git fsck says; a fresh clone has what the remote has",
            Self::TooLarge { .. } => "push fewer commits, or keep large files out of the history",
            Self::Diverged {
                branch,
                remote,
                old,
                known,
                ..
            } => return Some(known.advice(branch, remote, old)),
            Self::LeaseBroken { branch, remote, .. } => {
                return Some(format!(
                    "somebody else moved it: git fetch {remote} {branch}, and look before it is rewritten"
                ));
            }
            Self::Rejected { kind, .. } | Self::Unpack { kind, .. } => return kind.advice(),
            Self::UnknownOutcome { .. } => "run sendoff again: it asks the remote first",
            _ => return None,
        };
        Some(fixed.to_owned())
    }
}
