//! The TLS configuration of a client of `PostgreSQL`.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::error::NetError;
use super::roots::RootFiles;
use super::tls::trust;
use super::verifier::{Trust, named};

/// What `PostgreSQL` is called in the handshake.
const PROTOCOL: &[u8] = b"postgresql";

/// What a database has to prove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseTrust {
    /// Nothing: the connection is encrypted, whoever answers.
    Anyone,
    /// A trusted authority has issued its certificate, for whatever name.
    Authority(RootFiles),
    /// A trusted authority has issued its certificate for the host.
    Host(RootFiles),
}

/// Makes the configuration. Reads the files that name the authorities.
pub fn database_tls(whom: &DatabaseTrust) -> Result<ClientConfig, NetError> {
    let provider = Arc::new(default_provider());
    let (trust, names) = match whom {
        DatabaseTrust::Anyone => (None, Names::Any),
        DatabaseTrust::Authority(roots) => (Some(trust(roots, &provider)?), Names::Any),
        DatabaseTrust::Host(roots) => (Some(trust(roots, &provider)?), Names::OfHost),
    };
    let verifier = DatabaseVerifier {
        trust,
        names,
        provider: Arc::clone(&provider),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| NetError::Roots(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

/// Which names a certificate may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Any,
    OfHost,
}

/// Verifies the certificate as far as the user wants.
#[derive(Debug)]
struct DatabaseVerifier {
    trust: Option<Trust>,
    names: Names,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for DatabaseVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trust) = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified = trust.verify(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // Names are looked at when all else is good.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.names == Names::Any => Ok(ServerCertVerified::assertion()),
            verified => verified.map_err(|error| named(error, end_entity)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
