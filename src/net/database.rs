//! The TLS configuration of a client of `PostgreSQL`.

use std::sync::Arc;

use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, Error};

use super::error::NetError;
use super::provider::provider;
use super::roots::RootFiles;
use super::shown::Shown;
use super::tls::trust;
use super::trust::{Trust, is_wrong_name};
use super::verifier::{CheckCertificate, Verifier};

/// The name of `PostgreSQL`'s protocol in ALPN.
const PROTOCOL: &[u8] = b"postgresql";

/// How a database's certificate is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseTrust {
    /// Not at all: the connection is encrypted, but the server is not authenticated.
    Anyone,
    /// A trusted authority has issued its certificate, for whatever name.
    Authority(RootFiles),
    /// A trusted authority has issued its certificate for the host.
    Host(RootFiles),
}

/// Makes the configuration. Reads the files that name the authorities.
pub fn database_tls(whom: &DatabaseTrust) -> Result<ClientConfig, NetError> {
    let provider = provider();
    let (trust, names) = match whom {
        DatabaseTrust::Anyone => (None, Names::Any),
        DatabaseTrust::Authority(roots) => (Some(trust(roots, &provider)?), Names::Any),
        DatabaseTrust::Host(roots) => (Some(trust(roots, &provider)?), Names::OfHost),
    };
    let verifier = Verifier {
        check: DatabaseCheck { trust, names },
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

/// Verifies the certificate as far as the user wants.
#[derive(Debug)]
struct DatabaseCheck {
    trust: Option<Trust>,
    names: Names,
}

/// Which names a certificate may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    Any,
    OfHost,
}

impl CheckCertificate for DatabaseCheck {
    fn check(&self, shown: &Shown<'_>) -> Result<(), Error> {
        let Some(trust) = &self.trust else {
            return Ok(());
        };
        match trust.verify(shown) {
            // Names are compared after everything else.
            Err(error) if self.names == Names::Any && is_wrong_name(&error) => Ok(()),
            verified => verified,
        }
    }
}
