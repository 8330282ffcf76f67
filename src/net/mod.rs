//! How an HTTP client is set up: TLS roots, proxy, versions; the redirect rule of a push, where plain http may go, and how long any server may put us off.

mod client;
mod patience;
mod redirect;
mod roots;

pub use client::{ClientSettings, HttpVersion, client_builder};
pub use patience::retry_after;
pub use redirect::{MAX_HOPS, PlainHttp, RedirectRefused, may_follow};
pub use roots::NetError;
