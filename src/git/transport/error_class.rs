//! How the failure of a transport is classified: its class in reports, and whether the same push may succeed later.

use sendoff_push::{ClassifiedError, Rejection};

use crate::net::NetError;

use super::TransportError;

impl ClassifiedError for TransportError {
    fn class(&self) -> &'static str {
        match self {
            Self::Scheme(_) | Self::SshPort | Self::Protocol { .. } => "unsupported",
            Self::FileRemote => "file-remote",
            Self::PlainHttp => "plain-http",
            Self::Setup(NetError::Proxy { .. }) | Self::ProxyLogin { .. } => "proxy",
            Self::Setup(_) | Self::Tls { .. } | Self::TlsPort { .. } => "tls",
            Self::Runtime(_) => "internal",
            Self::Start(_)
            | Self::SshCommand { .. }
            | Self::ServerCommand { .. }
            | Self::SomeCommand { .. } => "no-program",
            Self::Credential(_)
            | Self::NoLogin { .. }
            | Self::LoginRefused { .. }
            | Self::HeaderRefused { .. }
            | Self::Forbidden { .. }
            | Self::SshLogin { .. }
            | Self::SshSetup { .. } => "auth",
            Self::AuthScheme { .. } => "auth-scheme",
            Self::ReadOnly { .. } => Rejection::ReadOnly.class(),
            Self::Refused { class, .. } => class,
            Self::NotFound { .. } => "not-found",
            Self::Redirect(_)
            | Self::RedirectPlace(_)
            | Self::RedirectElsewhere
            | Self::RedirectsOff => "redirect-refused",
            Self::Unavailable { .. }
            | Self::Failing { .. }
            | Self::Network { .. }
            | Self::Stream { .. }
            | Self::Lost => "network",
            Self::Spool(_) => "file",
            Self::Timeout(_) => "timeout",
            Self::Stopped => "stopped",
            Self::NotGit { .. }
            | Self::Encoding { .. }
            | Self::Status { .. }
            | Self::Garbled
            | Self::Talk { .. }
            | Self::SshObstacle(_)
            | Self::Request(_) => "bad-response",
            Self::TooLarge { .. } => Rejection::TooLarge.class(),
        }
    }

    fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Failing { .. }
                | Self::Network { .. }
                | Self::Stream { .. }
                // A clock that is set right again heals a certificate that is not valid yet.
                | Self::Tls { .. }
                | Self::Lost
                | Self::Timeout(_)
                | Self::Stopped
        )
    }

    fn advice(&self) -> Option<String> {
        self.what_to_do()
    }
}
