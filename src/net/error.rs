//! `NetError`: why a connection cannot be set up, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// In what form a file has certificates, where it is not the one that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateForm {
    /// One, in binary.
    Der,
    /// With OpenSSL's settings of trust.
    Trusted,
    /// Several, in a message of PKCS #7.
    Pkcs7,
    /// None that is known.
    Other,
}

/// Why a connection cannot be set up. No message holds a login.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// A file of certificates or a key cannot be read.
    #[error("cannot read the {what} in `{}`: {why}", .path.display())]
    Unreadable {
        /// What the file holds.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The file holds no certificate in PEM form.
    #[error("`{}` holds no certificate in PEM form", .0.display())]
    NoCertificate(PathBuf, CertificateForm),
    /// The system has no certificate authorities.
    #[error("no certificate authorities were found on this system")]
    NoRoots,
    /// The file holds no private key in PEM form.
    #[error("`{}` holds no private key in PEM form", .0.display())]
    NoKey(PathBuf),
    /// The key is encrypted in OpenSSL's old format.
    #[error("the private key in `{}` is encrypted in OpenSSL's traditional format, which is not supported", .0.display())]
    TraditionalKey(PathBuf),
    /// The key is of a kind that the library does not sign with, such as Ed448.
    #[error("the private key in `{}` is of a kind that is not supported", .0.display())]
    KeyKind(PathBuf),
    /// The key is encrypted, and there is no password.
    #[error("the private key in `{}` is encrypted, and there is no password for it", .0.display())]
    KeyPasswordMissing(PathBuf),
    /// The key cannot be decrypted.
    #[error("the private key in `{}` cannot be decrypted with its password", .0.display())]
    KeyPasswordWrong(PathBuf),
    /// Certificate and key of the client do not fit, or are of an unsupported kind.
    #[error("the client certificate in `{}` cannot be used: {why}", .path.display())]
    ClientCertificate {
        /// The file.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// The certificate authorities cannot be used.
    #[error("the certificate authorities cannot be used: {0}")]
    Roots(String),
    /// The value that configures the proxy is not understood.
    #[error("the proxy in {configured_in} cannot be used: {reason}")]
    Proxy {
        /// The key or variable.
        configured_in: String,
        /// What is wrong with the value.
        reason: &'static str,
    },
    /// `http.pinnedPubkey` names no key.
    #[error("`http.pinnedPubkey` names no public key: {reason}")]
    PinnedKey {
        /// What is wrong with it.
        reason: String,
    },
    /// A credential helper failed when it was asked for the key's password.
    #[error("the password of the private key in `{}` is not known", .path.display())]
    KeyPassword {
        /// The file of the certificate.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is configured for TLS with the proxy cannot be used.
    #[error("{0}")]
    OfProxy(Box<Self>),
    /// Git's configuration cannot be read.
    #[error("git's configuration cannot be read")]
    Configuration(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No configuration can be looked up for the URL.
    #[error("the URL cannot be compared with the configuration")]
    Url,
}

impl NetError {
    /// Returns the error of a file that cannot be read.
    pub(super) fn unreadable(what: &'static str, path: &Path, error: &io::Error) -> Self {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        };
        Self::Unreadable {
            what,
            path: path.to_owned(),
            why,
        }
    }

    /// Returns the file of the private key whose password is wrong, where that is the error.
    pub fn key_of_wrong_password(&self) -> Option<&Path> {
        match self {
            Self::KeyPasswordWrong(key) => Some(key),
            Self::OfProxy(error) => error.key_of_wrong_password(),
            _ => None,
        }
    }

    /// Returns what to do about it, in one line.
    pub fn advice(&self) -> String {
        match self {
            // Git has no directory of authorities for proxies.
            Self::OfProxy(error) => {
                let advice = error.advice().replace(" and `http.sslCAPath`", "");
                advice.replace("http.ssl", "http.proxySSL")
            }
            Self::Unreadable { path, .. } => {
                format!("check that `{}` exists and can be read", path.display())
            }
            Self::NoCertificate(path, form) => {
                let command = match form {
                    CertificateForm::Der => "openssl x509 -inform DER",
                    CertificateForm::Trusted => "openssl x509",
                    CertificateForm::Pkcs7 => "openssl pkcs7 -print_certs",
                    CertificateForm::Other => {
                        return "name a file whose certificates begin with `-----BEGIN CERTIFICATE-----`"
                            .to_owned();
                    }
                };
                let path = path.display();
                format!("convert it: {command} -in '{path}' -out '{path}.pem', and name that file")
            }
            Self::NoRoots => {
                "install the package `ca-certificates`, or set `http.sslCAInfo` in the global git configuration"
                    .to_owned()
            }
            Self::NoKey(path) => format!(
                "name the file that holds the key in `http.sslKey`; `{}` has none",
                path.display()
            ),
            Self::TraditionalKey(path) => format!(
                "convert it: openssl pkcs8 -topk8 -in '{0}' -out '{0}.pk8', and name that file in `http.sslKey`",
                path.display()
            ),
            Self::KeyKind(_) => {
                "have a certificate made for a key of RSA, P-256, P-384, P-521 or Ed25519, and name both"
                    .to_owned()
            }
            Self::KeyPasswordMissing(_) | Self::KeyPasswordWrong(_) => {
                "let a git credential helper keep the password (protocol `cert`, the certificate's path), and set `http.sslCertPasswordProtected` to true"
                    .to_owned()
            }
            Self::ClientCertificate { .. } => {
                "check that `http.sslCert` and `http.sslKey` belong together".to_owned()
            }
            Self::Roots(_) => {
                "check the files that `http.sslCAInfo` and `http.sslCAPath` name".to_owned()
            }
            Self::Proxy { configured_in, .. } => format!(
                "write {configured_in} as SCHEME://HOST:PORT, with http, https, socks4, socks4a, socks5 or socks5h; a login stands before the host, as LOGIN@HOST, with its special characters percent-encoded"
            ),
            Self::PinnedKey { .. } => {
                "write it as sha256//BASE64, several with `;` between, or as the path of a file with the key in PEM or DER form"
                    .to_owned()
            }
            Self::KeyPassword { .. } => {
                "check the credential helpers of your git configuration".to_owned()
            }
            Self::Configuration(_) => {
                "check the git configuration: git config --list --show-origin".to_owned()
            }
            Self::Url => "check the server's URL for characters that do not belong there".to_owned(),
        }
    }
}
