//! The certificate authorities that a TLS connection trusts.

use std::io;
use std::path::{Path, PathBuf};

use reqwest::{Certificate, ClientBuilder};

/// The files in which systems keep all their roots, the most common first.
const SYSTEM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Why a connection cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The file cannot be read.
    #[error("cannot read the certificate authorities in `{}`", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The proxy's URL is of an unsupported kind.
    #[error("the proxy cannot be used")]
    Proxy(#[source] reqwest::Error),
    /// The file holds no certificates in PEM form.
    #[error("`{}` holds no certificate authorities in PEM form", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

/// Makes the client trust the system's roots, and those of `extra`.
pub(super) fn trust(
    builder: ClientBuilder,
    extra: Option<&Path>,
) -> Result<ClientBuilder, NetError> {
    let extra = match extra {
        Some(path) => read(path)?,
        None => Vec::new(),
    };
    let system = SYSTEM_BUNDLES
        .iter()
        .map(Path::new)
        .find(|path| path.is_file());
    match system {
        // macOS keeps its roots in the keychain, and `/etc/ssl/cert.pem` is a copy without the user's.
        Some(path) if !cfg!(target_os = "macos") => {
            Ok(builder.tls_certs_only(read(path)?.into_iter().chain(extra)))
        }
        _ => Ok(builder.tls_certs_merge(extra)),
    }
}

fn read(path: &Path) -> Result<Vec<Certificate>, NetError> {
    let pem = std::fs::read(path).map_err(|source| NetError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    Certificate::from_pem_bundle(&pem).map_err(|source| NetError::Malformed {
        path: path.to_owned(),
        source,
    })
}
