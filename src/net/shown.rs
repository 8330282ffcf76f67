//! `Shown`: what a server presents in the handshake.

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// The most authorities between a certificate and a trusted one that the library verifies.
pub(super) const MAX_INTERMEDIATES: usize = 6;

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

impl Shown<'_> {
    /// Says whether the authorities that issued the certificate, as far as they are shown, are more than can be verified.
    pub(super) fn has_long_chain(&self) -> bool {
        let parsed = |der: &CertificateDer<'_>| Certificate::from_der(der).ok();
        let mut authorities: Vec<_> = self.intermediates.iter().filter_map(parsed).collect();
        let Some(mut issued) = parsed(self.end_entity) else {
            return false;
        };
        let mut number = 0;
        while number <= MAX_INTERMEDIATES {
            let issuer = issued.tbs_certificate().issuer();
            let next = authorities.iter().position(|authority| {
                let body = authority.tbs_certificate();
                body.subject() == issuer && body.subject() != body.issuer()
            });
            let Some(next) = next else {
                return false;
            };
            // Two authorities can have issued each other's certificate.
            issued = authorities.swap_remove(next);
            number += 1;
        }
        true
    }
}
