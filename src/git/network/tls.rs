//! The TLS settings for a URL: trust anchors, client certificate and pinned keys.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use tracing::debug;

use crate::git::config::Matching;
use crate::net::{
    ClientCertificate, ConnectorSettings, NetError, PinnedKeys, RootFiles, TlsSettings, TlsVersions,
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

impl View<'_> {
    pub(super) fn tls(&self) -> Result<TlsSettings, NetError> {
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
        let certificate = self.path("GIT_SSL_CERT", "sslCert");
        let client_certificate = certificate.map(|certificate| {
            let password = self.key_password(&certificate)?;
            Ok(ClientCertificate {
                certificate,
                key: self.path("GIT_SSL_KEY", "sslKey"),
                password,
            })
        });
        let is_https = self.url.scheme().as_str() == "https";
        let pinned = self.http("pinnedPubkey").filter(|value| !value.is_empty());
        let pin = pinned.filter(|_| is_https).map(|value| self.pin(&value));
        Ok(TlsSettings {
            roots: roots(
                self.path("GIT_SSL_CAINFO", "sslCAInfo"),
                self.path("GIT_SSL_CAPATH", "sslCAPath"),
            ),
            proxy_roots: roots(self.path("GIT_PROXY_SSL_CAINFO", "proxySSLCAInfo"), None),
            client_certificate: client_certificate.filter(|_| is_https).transpose()?,
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

    /// Asks for the password of the client's key, where the user says that it has one.
    fn key_password(&self, certificate: &Path) -> Result<Option<SecretString>, NetError> {
        // Git looks at whether the variable is there, and not at what it says.
        let is_named = self
            .network
            .environment
            .raw("GIT_SSL_CERT_PASSWORD_PROTECTED")
            .is_some();
        let key = "sslCertPasswordProtected";
        let configured = self
            .config
            .scoped_truth("http", key, self.url, Matching::Best);
        let is_protected = configured == Some(true);
        if self.url.scheme().as_str() != "https" || !(is_named || is_protected) {
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

/// Tells the helpers that the password of the client's key is right.
pub(super) fn key_accepted(network: &GitNetwork, settings: &ConnectorSettings) {
    if let Some(path) = protected(settings)
        && let Ok(helpers) = network.helpers_of_no_url()
        && let Err(error) = helpers.approve_certificate(path)
    {
        debug!(%error, "a helper did not store the password of the client's key");
    }
}

/// Tells the helpers that it is wrong.
pub(super) fn key_refused(network: &GitNetwork, settings: &ConnectorSettings) {
    if let Some(path) = protected(settings)
        && let Ok(helpers) = network.helpers_of_no_url()
        && let Err(error) = helpers.reject_certificate(path)
    {
        debug!(%error, "a helper did not erase the password of the client's key");
    }
}

/// Returns the certificate whose key has a password that was asked for.
fn protected(settings: &ConnectorSettings) -> Option<&Path> {
    let client = settings.tls.client_certificate.as_ref()?;
    client.password.as_ref()?;
    Some(&client.certificate)
}
