//! The TLS configuration of a client: whom it trusts, and the certificate that it shows.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;

use super::client_certificate::ClientCertificate;
use super::error::NetError;
use super::http_version::HttpVersion;
use super::roots::{self, RootFiles};
use super::verifier::Verifier;

/// What TLS connections use.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings {
    /// The certificates to trust besides the system's.
    pub roots: RootFiles,
    /// The certificate of the client, for servers that want one.
    pub client_certificate: Option<ClientCertificate>,
}

/// Makes the configuration. Reads the system's roots and the files that the settings name.
pub(super) fn client_config(
    settings: &TlsSettings,
    version: HttpVersion,
) -> Result<ClientConfig, NetError> {
    let provider = Arc::new(default_provider());
    let listed = settings.roots.named()?;
    let authorities = authorities(&settings.roots, &listed, &provider)?;
    let verifier = Arc::new(Verifier::new(authorities, listed));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| NetError::Roots(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &settings.client_certificate {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let (chain, key) = client.read()?;
            let path = client.certificate.clone();
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|source| NetError::ClientCertificate { path, source })?
        }
    };
    config.alpn_protocols = match version {
        HttpVersion::Negotiated => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        HttpVersion::Http1 => vec![b"http/1.1".to_vec()],
    };
    Ok(config)
}

/// Returns what verifies certificates that an authority issued.
#[cfg(not(target_os = "macos"))]
fn authorities(
    files: &RootFiles,
    listed: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, NetError> {
    let system = files.system()?;
    if system.is_empty() && listed.is_empty() {
        return Err(NetError::NoRoots);
    }
    let store = roots::store(system.iter().chain(listed));
    if store.is_empty() {
        return Err(NetError::NoRoots);
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone())
        .build()
        .map_err(|error| NetError::Roots(error.to_string()))?;
    Ok(verifier)
}

/// The same, with the keychain's roots where no variable names others.
#[cfg(target_os = "macos")]
fn authorities(
    files: &RootFiles,
    listed: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, NetError> {
    let more = files.system()?.into_iter().chain(listed.iter().cloned());
    rustls_platform_verifier::Verifier::new_with_extra_roots(more, provider.clone())
        .map(|verifier| Arc::new(verifier) as Arc<dyn ServerCertVerifier>)
        .map_err(|error| NetError::Roots(error.to_string()))
}
