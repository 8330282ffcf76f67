//! What is true of every connection: TLS roots, no proxy, the redirect rule, where plain http may go.

mod client;
mod redirect;
mod roots;

pub use client::{ClientSettings, client_builder};
pub use redirect::{MAX_HOPS, PlainHttp, RedirectRefused, may_follow};
pub use roots::NetError;
