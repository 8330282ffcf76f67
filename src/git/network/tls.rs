//! The TLS settings for a URL: trust anchors, client certificate and pinned keys.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use tracing::debug;

use crate::git::config::Matching;
use crate::net::{
    ClientCertificate, ConnectorSettings, NetError, PinnedKeys, ProxyUrl, RootFiles, TlsSettings,
    TlsVersions,
};
use crate::secrets::decode_base64;

use super::{GitNetwork, View};

/// How a list of hashes begins.
const HASH: &str = "sha256//";
/// What stands before each other hash.
const NEXT_HASH: &str = ";sha256//";
/// The digits of a hash in BASE64, padding included.
const HASH_LENGTH: usize = 44;
/// How a public key begins and ends in PEM form.
const PEM: [&str; 2] = ["-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"];

/// The variables and keys of git that name a client certificate.
struct CertificateNames {
    certificate: [&'static str; 2],
    key: [&'static str; 2],
    protected: [&'static str; 2],
}

/// Those of the one for the server.
const OF_SERVER: CertificateNames = CertificateNames {
    certificate: ["GIT_SSL_CERT", "sslCert"],
    key: ["GIT_SSL_KEY", "sslKey"],
    protected: [
        "GIT_SSL_CERT_PASSWORD_PROTECTED",
        "sslCertPasswordProtected",
    ],
};

/// Those of the one for the proxy.
const OF_PROXY: CertificateNames = CertificateNames {
    certificate: ["GIT_PROXY_SSL_CERT", "proxySSLCert"],
    key: ["GIT_PROXY_SSL_KEY", "proxySSLKey"],
    protected: [
        "GIT_PROXY_SSL_CERT_PASSWORD_PROTECTED",
        "proxySSLCertPasswordProtected",
    ],
};

impl View<'_> {
    /// Returns the settings for the URL, and for the proxy where there is one.
    pub(super) fn tls(&self, proxy: Option<&ProxyUrl>) -> Result<TlsSettings, NetError> {
        let roots = |file, directory| {
            let rules = &self.network.rules;
            RootFiles {
                system_file: self.variable_path("SSL_CERT_FILE"),
                system_directory: self.variable_path("SSL_CERT_DIR"),
                files: Option::into_iter(file)
                    .chain(rules.ca_file.clone())
                    .collect(),
                directories: Option::into_iter(directory).collect(),
            }
        };
        let is_https = self.url.scheme().as_str() == "https";
        let is_tls_proxy = proxy.is_some_and(|proxy| proxy.url().scheme() == "https");
        let pinned = self.http("pinnedPubkey").filter(|value| !value.is_empty());
        let pin = pinned.filter(|_| is_https).map(|value| self.pin(&value));
        Ok(TlsSettings {
            roots: roots(
                self.path("GIT_SSL_CAINFO", "sslCAInfo"),
                self.path("GIT_SSL_CAPATH", "sslCAPath"),
            ),
            proxy_roots: roots(self.path("GIT_PROXY_SSL_CAINFO", "proxySSLCAInfo"), None),
            client_certificate: self.certificate(&OF_SERVER, is_https)?,
            proxy_client_certificate: self.certificate(&OF_PROXY, is_tls_proxy)?,
            pin: pin.transpose()?,
            versions: match self.text("GIT_SSL_VERSION", "sslVersion").as_deref() {
                Some("tlsv1.3") => TlsVersions::Only13,
                _ => TlsVersions::Both,
            },
            ..TlsSettings::default()
        })
    }

    /// Reads `http.pinnedPubkey` as curl does: hashes of public keys, or the file of one.
    fn pin(&self, value: &str) -> Result<PinnedKeys, NetError> {
        let bad = |reason: &str| NetError::PinnedKey {
            reason: reason.to_owned(),
        };
        if let Some(list) = value.strip_prefix(HASH) {
            // One that is none of SHA-256 fits no key; another in the list may.
            let hashes: Vec<[u8; 32]> = list.split(NEXT_HASH).filter_map(hash).collect();
            if hashes.is_empty() {
                return Err(bad("a hash is not the BASE64 of 32 bytes"));
            }
            return Ok(PinnedKeys(hashes));
        }
        let path = self.config.file(value);
        let path = path.ok_or_else(|| bad("the path cannot be expanded"))?;
        let read = std::fs::read(&path);
        let key = read.map_err(|error| bad(&format!("`{}`: {error}", path.display())))?;
        let Ok(text) = std::str::from_utf8(&key) else {
            return Ok(PinnedKeys::of_key(&key));
        };
        let body = text
            .split_once(PEM[0])
            .and_then(|(_, rest)| rest.split_once(PEM[1]));
        let Some((body, _)) = body else {
            return Err(bad(&format!(
                "`{}` holds no public key in PEM form",
                path.display()
            )));
        };
        let digits: Vec<u8> = body.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        let der = decode_base64(&digits);
        let der = der.ok_or_else(|| bad(&format!("`{}` is damaged", path.display())))?;
        Ok(PinnedKeys::of_key(&der))
    }

    /// Returns the certificate that is shown to a peer, where TLS is spoken with it.
    fn certificate(
        &self,
        names: &CertificateNames,
        is_shown: bool,
    ) -> Result<Option<ClientCertificate>, NetError> {
        let [variable, key] = names.certificate;
        let Some(certificate) = self.path(variable, key).filter(|_| is_shown) else {
            return Ok(None);
        };
        let password = self.key_password(&certificate, names.protected)?;
        let [variable, key] = names.key;
        Ok(Some(ClientCertificate {
            certificate,
            key: self.path(variable, key),
            password,
        }))
    }

    /// Asks for the password of the client's key, where the user says that it has one.
    fn key_password(
        &self,
        certificate: &Path,
        [variable, key]: [&str; 2],
    ) -> Result<Option<SecretString>, NetError> {
        // Git looks at whether the variable is there, and not at what it says.
        let is_named = self.network.environment.raw(variable).is_some();
        let configured = self
            .config
            .scoped_truth("http", key, self.url, Matching::Best);
        if !is_named && configured != Some(true) {
            return Ok(None);
        }
        let found = self
            .network
            .helpers_of_no_url()?
            .certificate_password(certificate, &self.asking());
        let password = found.map_err(|source| NetError::KeyPassword {
            path: certificate.to_owned(),
            source: source.into(),
        })?;
        // Git passes an empty one to OpenSSL, which reports that it does not fit.
        Ok(password.filter(|password| !password.expose_secret().is_empty()))
    }
}

/// Reads one hash, as it is written by curl: with its padding, and nothing around it.
fn hash(text: &str) -> Option<[u8; 32]> {
    let digits = (text.len() == HASH_LENGTH).then_some(text.as_bytes())?;
    decode_base64(digits)?.try_into().ok()
}

/// Tells the helpers that the passwords of the client's keys are right.
pub(super) fn key_accepted(network: &GitNetwork, settings: &ConnectorSettings) {
    for client in protected(settings) {
        if let Ok(helpers) = network.helpers_of_no_url()
            && let Err(error) = helpers.approve_certificate(&client.certificate)
        {
            debug!(%error, "a helper did not store the password of the client's key");
        }
    }
}

/// Tells the helpers that the password of the key in this file is wrong.
pub(super) fn key_refused(network: &GitNetwork, settings: &ConnectorSettings, key: &Path) {
    for client in protected(settings).filter(|client| client.key_file() == key) {
        if let Ok(helpers) = network.helpers_of_no_url()
            && let Err(error) = helpers.reject_certificate(&client.certificate)
        {
            debug!(%error, "a helper did not erase the password of the client's key");
        }
    }
}

/// Returns the certificates whose keys have passwords that were asked for.
fn protected(settings: &ConnectorSettings) -> impl Iterator<Item = &ClientCertificate> {
    let tls = &settings.tls;
    let clients = [&tls.client_certificate, &tls.proxy_client_certificate];
    let clients = clients.into_iter().flatten();
    clients.filter(|client| client.password.is_some())
}
