//! The public keys that a server may have: `http.pinnedPubkey`.

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

/// The SHA-256 of each public key that is accepted, as it stands in a certificate (`SubjectPublicKeyInfo`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedKeys(pub Vec<[u8; 32]>);

impl PinnedKeys {
    /// Takes the one public key of a file, in DER form.
    pub fn of_key(der: &[u8]) -> Self {
        Self(vec![Sha256::digest(der).into()])
    }

    /// Says whether the certificate has one of the keys.
    pub(super) fn accept(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok(parsed) = Certificate::from_der(certificate) else {
            return false;
        };
        let key = parsed.tbs_certificate().subject_public_key_info().to_der();
        key.is_ok_and(|der| self.0.contains(&Sha256::digest(&der).into()))
    }
}
