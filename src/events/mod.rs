//! Webhooks: verifies a delivery, reads it, compares it with the rules, and stores the result.
//!
//! A delivery is verified over its bytes (`signature`), then parsed (`delivery`), then converted to common terms (`facts`,
//! by `github` and `gitlab`), then compared with the rules of the policy (`rule`, `rules`). The result is decided and
//! written in one transaction of the store (`writer`). To add a forge, add a `Source` and a function that makes
//! `EventFacts` of its payloads.

mod delivery;
mod facts;
mod github;
mod gitlab;
mod gitlab_signature;
mod glob;
mod json;
mod mac;
mod mistakes;
mod rule;
mod rules;
mod secrets;
mod signature;
mod signature_error;
mod source;
mod writer;

pub use delivery::{BadDelivery, Delivery, MAX_BODY_SIZE};
pub use facts::EventFacts;
pub use mistakes::mistakes;
pub use rule::Mismatch;
pub use rules::{RuleResult, Rules};
pub use secrets::{HookSecrets, SecretError};
pub use signature::verify;
pub use signature_error::SignatureError;
pub use source::Source;
pub use writer::{EventWriteError, EventWriter, WriteResult, new_event};
