//! A key and a certificate for this machine, and how a server speaks TLS with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sendoff::git::push::PushOptions;
use sendoff::net::{ConnectorSettings, FixedNetwork, LoopbackProxy, Network, ProxyRule, ProxyUrl};

use crate::sandbox::Sandbox;

use super::rig::options;

/// A certificate that nobody vouches for, of `127.0.0.1` and `localhost`.
pub(super) struct Certificate {
    /// The file that a user would name in `http.sslCAInfo`.
    pub(super) path: PathBuf,
    chain: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Certificate {
    pub(super) fn new(sandbox: &Sandbox) -> Self {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        Self {
            path: sandbox.write("cert.pem", made.cert.pem()),
            chain: made.cert.der().clone(),
            key: made.signing_key.serialize_der(),
        }
    }

    /// What a server needs that offers these protocols.
    pub(super) fn server(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.clone()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.chain.clone()], key)
            .unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        Arc::new(config)
    }

    /// Returns settings that trust the certificate.
    pub(super) fn network(&self) -> Arc<dyn Network> {
        Arc::new(FixedNetwork(self.settings()))
    }

    /// The same, through a proxy.
    pub(super) fn network_through(&self, proxy: &str) -> Arc<dyn Network> {
        let mut settings = self.settings();
        settings.proxy = ProxyRule {
            proxy: ProxyUrl::parse(proxy, "the test").unwrap(),
            loopback: LoopbackProxy::AsConfigured,
            ..ProxyRule::default()
        };
        Arc::new(FixedNetwork(settings))
    }

    fn settings(&self) -> ConnectorSettings {
        settings_that_trust(&self.path)
    }

    /// Options of a push whose user trusts it.
    pub(super) fn trusted(&self, sandbox: &Sandbox) -> PushOptions {
        PushOptions {
            network: self.network(),
            ..options(sandbox)
        }
    }
}

/// Returns settings that trust the certificates of a file.
pub(super) fn settings_that_trust(file: &Path) -> ConnectorSettings {
    let mut settings = ConnectorSettings::default();
    settings.tls.roots.files.push(file.to_owned());
    settings
}
