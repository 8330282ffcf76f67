//! The stable class of an error, and whether time alone mends it.

use super::PushError;
use crate::advertisement::AdvertisementError;

impl PushError {
    /// Returns the stable class.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Policy(_) => "protected",
            Self::Scheme(_)
            | Self::ShallowRemote
            | Self::NoPushOptions
            | Self::SshVariant(_)
            | Self::Advertisement(AdvertisementError::ObjectFormat { .. }) => "unsupported",
            Self::FileRemote => "file-remote",
            Self::PlainHttp => "plain-http",
            Self::Connection(_) | Self::Client(_) | Self::Tls { .. } => "tls",
            Self::Runtime(_) => "internal",
            Self::HookDeclined { .. } | Self::Hook(_) | Self::HookTimeout(_) => "hook-declined",
            Self::Lfs { .. } => "lfs",
            Self::Submodule { .. } => "submodule",
            Self::Start(_) => "no-program",
            Self::Credential(_)
            | Self::NoLogin { .. }
            | Self::LoginRefused { .. }
            | Self::HeaderRefused { .. }
            | Self::Forbidden { .. }
            | Self::SshLogin { .. } => "auth",
            Self::ReadOnly { .. } => "read-only",
            Self::NotFound { .. } | Self::Absent { .. } => "not-found",
            Self::Redirect(_) | Self::RedirectElsewhere => "redirect-refused",
            Self::Unavailable { .. } | Self::Network { .. } | Self::Lost => "network",
            Self::Timeout(_) => "timeout",
            Self::Stopped => "stopped",
            Self::Advertisement(AdvertisementError::Refused(_)) | Self::Fatal { .. } => "rejected",
            Self::Advertisement(_)
            | Self::NotGit { .. }
            | Self::Encoding { .. }
            | Self::Status { .. }
            | Self::Garbled
            | Self::Request(_) => "bad-response",
            Self::Diverged { .. } => "diverged",
            Self::LeaseBroken { .. } => "lease-broken",
            Self::Rejected { kind, .. } | Self::Unpack { kind, .. } => kind.class(),
            Self::TooLarge { .. } | Self::PushSize { .. } => "too-large",
            Self::Objects { class, .. } => class,
            Self::UnknownOutcome { .. } => "unknown-outcome",
        }
    }

    /// Says whether the same push can succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. }
            | Self::Network { .. }
            // A clock that is set right again heals a certificate that is not valid yet.
            | Self::Tls { .. }
            | Self::Lost
            | Self::Timeout(_)
            | Self::Stopped
            | Self::UnknownOutcome { .. } => true,
            Self::Rejected { kind, .. } | Self::Unpack { kind, .. } => kind.is_transient(),
            _ => false,
        }
    }
}
