//! Secrets in text: the table of token formats, redaction, and the escaping of text for terminals.

mod anchors;
mod arguments;
mod assignment;
mod base;
mod clean;
mod commands;
mod context;
mod filter;
mod find;
mod judge;
mod known;
mod marks;
mod outgoing;
mod redact;
mod registry;
mod runs;
mod table;

pub use base::decode_base64;
pub use clean::{clean, clean_line, readable, strip_controls};
pub use find::{Finding, Proof, find};
pub use marks::REDACTED;
pub use outgoing::{Outgoing, OutgoingJson};
pub use redact::redact;
pub use registry::KnownSecrets;
