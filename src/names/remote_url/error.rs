//! `RemoteUrlError`: why a text is no remote URL.

/// Why a text is no remote URL that sendoff uses. No variant shows a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteUrlError {
    /// It is empty or cannot be parsed.
    #[error("the remote's URL cannot be understood")]
    Malformed,
    /// It is not UTF-8.
    #[error("the remote's URL is not UTF-8")]
    NotUtf8,
    /// A scheme that sendoff never uses, such as `ext`.
    #[error("the remote's URL uses `{0}`, which sendoff does not speak")]
    Scheme(String),
    /// A control character, plain or percent-encoded.
    #[error("the remote's URL holds a control character")]
    ControlCharacter,
    /// A user or host with characters that have a meaning elsewhere, or a leading dash.
    #[error("the {part} in the remote's URL holds a character that is not allowed there")]
    Charset {
        /// `user` or `host`.
        part: &'static str,
    },
    /// Two parsers read it differently.
    #[error("the remote's URL can be read in two ways")]
    Ambiguous,
    /// A path that leads out of the directory that it names, plain or percent-encoded.
    #[error("the path in the remote's URL holds `.`, `..` or an encoded separator as a part")]
    DotSegment,
    /// A rewrite by the git configuration led to another place than it names.
    #[error(
        "`url.<base>.{key}` in the git configuration rewrites the remote's URL to another host, port, login or \
         directory than the base has"
    )]
    Rewritten {
        /// `insteadOf` or `pushInsteadOf`.
        key: &'static str,
    },
}
