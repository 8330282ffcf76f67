//! `SignatureError`: why a delivery is not taken for one of the forge.

use super::source::Source;

/// Why a delivery is not taken for one of the forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The policy has no secret for the forge, so that nobody can prove anything.
    #[error("no secret is set for {0}: name one in `{key}`, or set {variable}", key = .0.key(), variable = .0.variable())]
    NoSecret(Source),
    /// The header is missing, or there twice.
    #[error("the header {0} is missing, or there twice: set the same secret at the webhook")]
    Missing(&'static str),
    /// The signature is not that of the body with any of the secrets.
    #[error("the signature in {0} is not one of this body with the secret that is set here")]
    Wrong(&'static str),
    /// The signature is old, or of the future.
    #[error("the time in webhook-timestamp is more than 5 minutes from ours")]
    Stale,
}
