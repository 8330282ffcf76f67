//! One HTTP client: time-outs, retry, redaction. Knows no server's paths.

/// The HTTP client that forge and platform share.
#[derive(Debug, Clone)]
pub struct Client {}
