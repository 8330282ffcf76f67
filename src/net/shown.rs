//! `Shown`: what a server presents in the handshake.

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

/// The certificates that a server presents in the handshake, and what they are checked against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// The end-entity certificate.
    pub(super) end_entity: &'a CertificateDer<'a>,
    /// The intermediate certificates.
    pub(super) intermediates: &'a [CertificateDer<'a>],
    /// The requested host.
    pub(super) server_name: &'a ServerName<'a>,
    /// The OCSP response; empty for none.
    pub(super) ocsp_response: &'a [u8],
    /// The time.
    pub(super) now: UnixTime,
}
