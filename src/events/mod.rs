//! Webhooks: who sent a delivery, what it says, which rules it matches, and what is kept of it.
//!
//! A delivery is verified over its bytes (`signature`), then read (`delivery`), then put into the words that all forges
//! share (`facts`, from `github` and `gitlab`), then compared with the rules of the policy (`rule`, `rules`). What becomes
//! of it is decided and written in one transaction of the store (`ledger`). To add a forge, add a `Source` and a function
//! that makes `EventFacts` of its payloads.

mod code;
mod delivery;
mod facts;
mod github;
mod gitlab;
mod gitlab_signature;
mod glob;
mod json;
mod ledger;
mod mistakes;
mod rule;
mod rules;
mod secrets;
mod signature;
mod signature_error;
mod source;

pub use delivery::{BadDelivery, Delivery, MAX_BODY};
pub use facts::EventFacts;
pub use ledger::{Kept, Ledger, LedgerError, new_event};
pub use mistakes::mistakes;
pub use rule::Miss;
pub use rules::{Judged, Rules};
pub use secrets::{HookSecrets, SecretError};
pub use signature::verify;
pub use signature_error::SignatureError;
pub use source::Source;
