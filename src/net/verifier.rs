//! Verifies the certificates of servers: chain and names by a check of ours, signatures by the library.

use std::fmt::Debug;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::BasicConstraints;

use super::shown::Shown;
use super::tls_fault::TlsFault;
use super::unsupported;

/// A check of a server's certificate.
pub(super) trait CheckCertificate: Debug + Send + Sync {
    /// Returns an error when the certificate does not prove that this is the requested server.
    fn check(&self, shown: &Shown<'_>) -> Result<(), Error>;
}

/// Verifies a server's certificate by a check, and that the server has its key.
#[derive(Debug)]
pub(super) struct Verifier<C> {
    pub(super) check: C,
    pub(super) provider: Arc<CryptoProvider>,
}

impl<C: CheckCertificate> ServerCertVerifier for Verifier<C> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let checked = self.check.check(&Shown {
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        });
        checked.map_err(|error| named(error, end_entity))?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
            .map_err(|error| self.signature_fault(error, certificate))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
            .map_err(|error| self.signature_fault(error, certificate))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

impl<C> Verifier<C> {
    /// Returns why a server does not prove that it has its key: the library calls a signature wrong whose key is too short.
    fn signature_fault(&self, error: Error, certificate: &CertificateDer<'_>) -> Error {
        let parsed = Certificate::from_der(certificate).ok();
        let fault = parsed.and_then(|parsed| unsupported::of_key(&parsed, &self.provider));
        fault.map_or_else(|| named(error, certificate), TlsFault::into_error)
    }
}

/// Makes a fault of what the library reports as a general error: an old version of X.509, and a self-signed certificate.
fn named(error: Error, certificate: &CertificateDer<'_>) -> Error {
    let parsed = match Certificate::from_der(certificate) {
        Ok(parsed) if !TlsFault::is_own(&error) => parsed,
        _ => return error,
    };
    let body = parsed.tbs_certificate();
    if body.version() == Version::V1 {
        return TlsFault::Version1.into_error();
    }
    let is_unknown = matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer
                | CertificateError::BadSignature
                | CertificateError::Other(_)
        )
    );
    if is_unknown && body.subject() == body.issuer() {
        return TlsFault::SelfSigned.into_error();
    }
    let is_other = matches!(error, Error::InvalidCertificate(CertificateError::Other(_)));
    if is_other && is_authority(&parsed) {
        return TlsFault::NoServers.into_error();
    }
    error
}

/// Says whether a certificate is that of a CA (`CA:TRUE`).
fn is_authority(certificate: &Certificate) -> bool {
    let constraints = certificate
        .tbs_certificate()
        .get_extension::<BasicConstraints>();
    matches!(constraints, Ok(Some((_, constraints))) if constraints.ca)
}
