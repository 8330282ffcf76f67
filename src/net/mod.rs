//! What every HTTP connection shares: TLS roots, proxy, HTTP version, the redirect rule, where plain http is allowed, `Retry-After`.

mod client;
mod redirect;
mod retry_after;
mod roots;

pub use client::{ClientSettings, HttpVersion, client_builder};
pub use redirect::{MAX_REDIRECTS, PlainHttp, RedirectRefused, may_follow};
pub use retry_after::retry_after;
pub use roots::NetError;
