//! `HttpVersion`: which versions of HTTP a client offers.

/// Which versions of HTTP are spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/2 where a server with TLS offers it, else HTTP/1.1.
    #[default]
    Negotiated,
    /// HTTP/1.1 only.
    Http1,
}

impl HttpVersion {
    /// The name of HTTP/2 in ALPN.
    pub(super) const ALPN_HTTP2: &[u8] = b"h2";
    /// The name of HTTP/1.1 in ALPN.
    pub(super) const ALPN_HTTP1: &[u8] = b"http/1.1";
}
