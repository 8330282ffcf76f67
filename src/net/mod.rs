//! What every HTTP connection shares: TLS, proxy, HTTP version, the redirect rule, where plain http is allowed, `Retry-After`.
//! TLS for a database, too.

mod basic;
mod challenge;
mod client;
mod client_certificate;
mod database;
mod digest;
mod ecdsa;
mod error;
mod http_version;
mod p521;
mod pin;
mod provider;
mod proxy;
mod proxy_login;
mod proxy_rule;
mod redirect;
mod resolve;
mod retry_after;
mod roots;
mod settings;
mod shown;
mod tls;
mod tls_fault;
mod trust;
mod unsupported;
mod verifier;

pub use basic::basic_authorization;
pub use challenge::{Challenge, Challenges};
pub use client::{Client, ConnectError, ExchangeError, Repeats, Request, Response};
pub use client_certificate::ClientCertificate;
pub use database::{DatabaseTrust, database_tls};
pub use digest::Digest;
pub use error::NetError;
pub use http_version::HttpVersion;
pub use pin::PinnedKeys;
pub use proxy::ProxyUrl;
pub use proxy_login::{ProxyAuthMethod, ProxyChallenges, ProxyLoginRefused};
pub use proxy_rule::{LoopbackProxy, NoProxy, ProxyRule};
pub use redirect::{MAX_REDIRECTS, PlainHttp, RedirectRefused, may_follow, stays_at_origin};
pub use resolve::KnownHost;
pub use retry_after::retry_after;
pub use roots::RootFiles;
pub use settings::{ConnectorSettings, FixedNetwork, Network};
pub use tls::{TlsSettings, TlsVersions};
pub use tls_fault::{TlsFault, TlsPlace};
