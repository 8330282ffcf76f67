//! `Service`: the program that a remote is asked for.

/// The service that a remote is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Takes pushes. Always protocol version 0.
    ReceivePack,
    /// Gives fetches. Asked in protocol version 2.
    UploadPack,
}

impl Service {
    /// Returns its name in URLs and media types.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ReceivePack => "git-receive-pack",
            Self::UploadPack => "git-upload-pack",
        }
    }

    /// Returns the protocol version to ask for, as git writes it.
    pub(super) const fn protocol(self) -> Option<&'static str> {
        match self {
            Self::ReceivePack => None,
            Self::UploadPack => Some("version=2"),
        }
    }
}
