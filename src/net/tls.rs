//! The TLS configuration of a client: its trust anchors and its certificate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, Error, SignatureScheme};
use url::Url;

use super::client_certificate::ClientCertificate;
use super::error::NetError;
use super::http_version::HttpVersion;
use super::pin::PinnedKeys;
use super::provider::provider;
use super::roots::{self, RootFiles};
use super::shown::Shown;
use super::tls_fault::TlsFault;
use super::trust::Trust;
use super::verifier::{CheckCertificate, Verifier};

/// Which versions of TLS are spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsVersions {
    /// 1.2 and 1.3.
    #[default]
    Both,
    /// 1.3 only.
    Only13,
}

/// What TLS connections use.
#[derive(Debug, Clone, Default)]
pub struct TlsSettings {
    /// The certificates to trust besides the system's.
    pub roots: RootFiles,
    /// The client certificate, for servers that request one.
    pub client_certificate: Option<ClientCertificate>,
    /// The same as `roots` for the certificate of a proxy.
    pub proxy_roots: RootFiles,
    /// The client certificate for a proxy that requests one.
    pub proxy_client_certificate: Option<ClientCertificate>,
    /// The public keys that the server may have.
    pub pin: Option<PinnedKeys>,
    /// Which versions are spoken.
    pub versions: TlsVersions,
    /// Set when a server requests a client certificate and none is configured.
    pub client_certificate_wanted: Arc<AtomicBool>,
    /// The same for a proxy.
    pub proxy_certificate_wanted: Arc<AtomicBool>,
}

impl TlsSettings {
    /// Says whether a server has requested a certificate of the client, and there is none.
    pub fn lacks_client_certificate(&self) -> bool {
        let is_wanted = &self.client_certificate_wanted;
        self.client_certificate.is_none() && is_wanted.load(Ordering::Relaxed)
    }

    /// Says the same of a proxy.
    pub fn lacks_proxy_certificate(&self) -> bool {
        let is_wanted = &self.proxy_certificate_wanted;
        self.proxy_client_certificate.is_none() && is_wanted.load(Ordering::Relaxed)
    }
}

/// Makes the configuration for a server. Reads the system's roots and the files that the settings name.
pub(super) fn client_config(
    settings: &TlsSettings,
    version: HttpVersion,
) -> Result<ClientConfig, NetError> {
    let pin = settings.pin.clone();
    let mut config = config(settings.versions, &settings.roots, pin, |provider| {
        Ok(match &settings.client_certificate {
            None => Arc::new(NoCertificate {
                wanted: Arc::clone(&settings.client_certificate_wanted),
            }),
            Some(client) => Arc::new(SingleCertAndKey::from(client.read(provider)?)),
        })
    })?;
    config.alpn_protocols = match version {
        HttpVersion::Negotiated => vec![
            HttpVersion::ALPN_HTTP2.to_vec(),
            HttpVersion::ALPN_HTTP1.to_vec(),
        ],
        HttpVersion::Http1 => vec![HttpVersion::ALPN_HTTP1.to_vec()],
    };
    Ok(config)
}

/// Makes the same for a proxy that is reached over TLS.
pub(super) fn proxy_config(settings: &TlsSettings) -> Result<ClientConfig, NetError> {
    // Git's `http.sslVersion` is for servers.
    let versions = TlsVersions::Both;
    let made = config(versions, &settings.proxy_roots, None, |provider| {
        Ok(match &settings.proxy_client_certificate {
            None => Arc::new(NoCertificate {
                wanted: Arc::clone(&settings.proxy_certificate_wanted),
            }),
            Some(client) => Arc::new(SingleCertAndKey::from(client.read(provider)?)),
        })
    });
    let mut config = made.map_err(|error| NetError::OfProxy(error.into()))?;
    config.alpn_protocols = vec![HttpVersion::ALPN_HTTP1.to_vec()];
    Ok(config)
}

fn config(
    versions: TlsVersions,
    roots: &RootFiles,
    pin: Option<PinnedKeys>,
    certificate: impl FnOnce(&CryptoProvider) -> Result<Arc<dyn ResolvesClientCert>, NetError>,
) -> Result<ClientConfig, NetError> {
    let provider = provider();
    let check = ServerCheck {
        trust: trust(roots, &provider)?,
        pin,
    };
    let verifier = Arc::new(Verifier {
        check,
        provider: Arc::clone(&provider),
    });
    let versions = match versions {
        TlsVersions::Both => &[&TLS13, &TLS12][..],
        TlsVersions::Only13 => &[&TLS13][..],
    };
    let certificate = certificate(&provider)?;
    Ok(ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|error| NetError::Roots(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(certificate))
}

/// Verifies the certificate of a server or a proxy.
#[derive(Debug)]
struct ServerCheck {
    trust: Trust,
    /// The keys that it may have.
    pin: Option<PinnedKeys>,
}

impl CheckCertificate for ServerCheck {
    fn check(&self, shown: &Shown<'_>) -> Result<(), Error> {
        let verified = self.trust.verify(shown);
        if let Some(pin) = &self.pin
            && !pin.accept(shown.end_entity)
        {
            return Err(TlsFault::OtherKey.into_error());
        }
        verified
    }
}

/// Presents no client certificate, and records that one was requested.
#[derive(Debug)]
struct NoCertificate {
    wanted: Arc<AtomicBool>,
}

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.wanted.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Returns the name that the certificate of a URL's host has to be for.
pub(super) fn name_of(url: &Url) -> Result<ServerName<'static>, NetError> {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.to_owned()).map_err(|_| NetError::Url)
}

/// Reads the trust anchors for servers.
pub(super) fn trust(files: &RootFiles, provider: &Arc<CryptoProvider>) -> Result<Trust, NetError> {
    let listed = files.named()?;
    let authorities = authorities(files, &listed, provider)?;
    Ok(Trust {
        authorities,
        listed,
        provider: Arc::clone(provider),
    })
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
