//! One HTTP client: time-outs, retry, redaction. Knows no server's paths.
//!
//! Every answer is bounded, no redirect leaves its origin, and a token goes to its own origin only.

mod client;
mod connectors;
mod error;
mod error_class;
mod redirect;
mod request;
mod response;
mod retry;
mod text;

pub use client::{Client, ClientOptions};
pub use error::HttpError;
pub use error_class::HttpErrorClass;
pub use redirect::Redirects;
pub use request::{Request, Token};
pub use response::Response;
pub use text::clean_line;

/// The most bytes of an answer's body that are read.
pub const BODY_LIMIT: usize = 4 * 1024 * 1024;
