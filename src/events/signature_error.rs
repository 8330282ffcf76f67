//! `SignatureError`: why a delivery is not authenticated.

use super::source::Source;

/// Why a delivery is not authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No secret is configured for the forge, so no delivery can be authenticated.
    #[error("no secret is set for {0}: name one in `{key}`, or set {variable}", key = .0.key(), variable = .0.variable())]
    NoSecret(Source),
    /// The header is missing or repeated.
    #[error("the header {0} is missing, or there twice: set the same secret at the webhook")]
    Missing(&'static str),
    /// The signature is not valid for any of the secrets.
    #[error("the signature in {0} is not one of this body with the secret that is set here")]
    Wrong(&'static str),
    /// The time of the signature is too far from ours.
    #[error("the time in webhook-timestamp is more than 5 minutes from ours")]
    Stale,
}
