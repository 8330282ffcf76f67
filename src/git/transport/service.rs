//! `Service`: the program that a remote is asked for, and what the user's configuration calls it there.

use crate::git::Config;
use crate::names::RemoteName;

/// The service that a remote is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Takes pushes. Always protocol version 0.
    ReceivePack,
    /// Gives fetches. Asked in protocol version 2.
    UploadPack,
    /// The same in version 0, which lists every ref at once: one round trip where version 2 takes two.
    UploadPackList,
}

impl Service {
    /// Returns its name in URLs and media types.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ReceivePack => "git-receive-pack",
            Self::UploadPack | Self::UploadPackList => "git-upload-pack",
        }
    }

    /// Returns the media types of its requests and of their responses.
    pub(super) const fn media_types(self) -> (&'static str, &'static str) {
        match self {
            Self::ReceivePack => (
                "application/x-git-receive-pack-request",
                "application/x-git-receive-pack-result",
            ),
            Self::UploadPack | Self::UploadPackList => (
                "application/x-git-upload-pack-request",
                "application/x-git-upload-pack-result",
            ),
        }
    }

    /// Returns the protocol version to ask for, as git writes it.
    pub(super) const fn protocol(self) -> Option<&'static str> {
        match self {
            Self::ReceivePack | Self::UploadPackList => None,
            Self::UploadPack => Some("version=2"),
        }
    }
}

/// The commands that replace the services' names, by `remote.<name>.receivepack` and `uploadpack`. None over http(s),
/// where the server knows the services by name.
#[derive(Debug, Clone, Default)]
pub struct ServiceCommands {
    /// `remote.<name>.receivepack`
    pub receive_pack: Option<String>,
    /// `remote.<name>.uploadpack`
    pub upload_pack: Option<String>,
}

impl ServiceCommands {
    /// Reads what the user's configuration says of a remote.
    pub fn of_remote(config: &Config, remote: &RemoteName) -> Self {
        let value = |key: &str| config.string(&format!("remote.{remote}.{key}"));
        Self {
            receive_pack: value("receivepack"),
            upload_pack: value("uploadpack"),
        }
    }

    /// Returns the command that is configured for a service.
    pub(super) fn named(&self, service: Service) -> Option<&str> {
        match service {
            Service::ReceivePack => self.receive_pack.as_deref(),
            Service::UploadPack | Service::UploadPackList => self.upload_pack.as_deref(),
        }
    }

    /// Returns the command that the other side is asked for.
    pub(super) fn command(&self, service: Service) -> &str {
        self.named(service).unwrap_or(service.name())
    }
}
