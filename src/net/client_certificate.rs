//! The client certificate and its key: `http.sslCert` and `http.sslKey`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use secrecy::{ExposeSecret, SecretString};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use crate::byte_text::to_bytes;

use super::error::NetError;
use super::p521::ClientKey;
use super::roots;

/// How a private key that is encrypted begins in PKCS #8.
const ENCRYPTED_BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
/// How it ends.
const ENCRYPTED_END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
/// The header of a key that is encrypted in OpenSSL's traditional format.
const TRADITIONAL: &str = "Proc-Type: 4,ENCRYPTED";

/// Where the client's certificate and its key are.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// The file of the certificate, and of those that issued it.
    pub certificate: PathBuf,
    /// The file of the private key; none where it is in the same file.
    pub key: Option<PathBuf>,
    /// The password of the private key.
    pub password: Option<SecretString>,
}

impl ClientCertificate {
    /// Returns the file of the private key.
    pub fn key_file(&self) -> &Path {
        self.key.as_ref().unwrap_or(&self.certificate)
    }

    /// Reads both files.
    pub(super) fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, NetError> {
        let chain = roots::of_file(&self.certificate)?;
        let path = self.key_file();
        let key = read_key(path, self.password.as_ref())?;
        let unfit = |why| NetError::ClientCertificate {
            path: self.certificate.clone(),
            why,
        };
        let key: Arc<dyn SigningKey> = if let Some(key) = ClientKey::read(&key) {
            Arc::new(key)
        } else {
            let key = provider.key_provider.load_private_key(key);
            key.map_err(|_| NetError::KeyKind(path.to_owned()))?
        };
        let certified = CertifiedKey::new(chain, key);
        if is_key_of_certificate(&certified).ok_or_else(|| unfit("it cannot be understood"))? {
            Ok(certified)
        } else {
            Err(unfit("the key is another certificate's"))
        }
    }
}

/// Compares the public keys; `None` where the certificate cannot be read. The library's own comparison knows no certificate
/// of version 1, as `openssl x509 -req` makes them: it is the server that verifies what the client presents.
fn is_key_of_certificate(certified: &CertifiedKey) -> Option<bool> {
    let certificate = Certificate::from_der(certified.end_entity_cert().ok()?).ok()?;
    let body = certificate.tbs_certificate();
    let of_certificate = body.subject_public_key_info().to_der().ok()?;
    let of_key = certified.key.public_key();
    Some(of_key.is_none_or(|of_key| of_key.as_ref() == of_certificate))
}

fn read_key(
    path: &Path,
    password: Option<&SecretString>,
) -> Result<PrivateKeyDer<'static>, NetError> {
    let pem =
        roots::read(path).map_err(|error| NetError::unreadable("private key", path, &error))?;
    let text = String::from_utf8_lossy(&pem);
    if text.contains(TRADITIONAL) {
        return Err(NetError::TraditionalKey(path.to_owned()));
    }
    let Some(section) = encrypted_section(&text) else {
        return PrivateKeyDer::from_pem_slice(&pem).map_err(|_| NetError::NoKey(path.to_owned()));
    };
    let password = password.ok_or_else(|| NetError::KeyPasswordMissing(path.to_owned()))?;
    decrypt(section, password).ok_or_else(|| NetError::KeyPasswordWrong(path.to_owned()))
}

/// Returns the encrypted key of a file that may hold certificates as well.
fn encrypted_section(text: &str) -> Option<&str> {
    let (_, rest) = text.split_at_checked(text.find(ENCRYPTED_BEGIN)?)?;
    rest.get(..rest.find(ENCRYPTED_END)? + ENCRYPTED_END.len())
}

/// Decrypts a key of PKCS #8.
fn decrypt(section: &str, password: &SecretString) -> Option<PrivateKeyDer<'static>> {
    let (_, encrypted) = SecretDocument::from_pem(section).ok()?;
    let info = EncryptedPrivateKeyInfoRef::try_from(encrypted.as_bytes()).ok()?;
    let key = info.decrypt(to_bytes(password.expose_secret())).ok()?;
    let key = PrivatePkcs8KeyDer::from(key.as_bytes().to_vec());
    Some(PrivateKeyDer::Pkcs8(key))
}
