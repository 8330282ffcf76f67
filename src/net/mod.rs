//! What is true of every connection: TLS roots, no proxy, the redirect rule, patience, where plain http may go.

mod client;
mod patience;
mod redirect;
mod roots;

pub use client::{ClientSettings, HttpVersion, client_builder};
pub use patience::retry_after;
pub use redirect::{MAX_HOPS, PlainHttp, RedirectRefused, may_follow};
pub use roots::NetError;
