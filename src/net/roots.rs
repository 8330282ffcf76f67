//! The certificate authorities that a TLS connection trusts: the system's, and those of the user's files.

use std::io;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::files::{self, FileError, Links};

use super::error::{CertificateForm, NetError};

/// The largest file of certificates or keys that is read, in bytes; a system's bundle has about half a MiB.
const MAX_PEM_SIZE: u64 = 64 << 20;

/// The files in which systems keep all their roots, the most common first.
const SYSTEM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where certificates that the user trusts are, besides the system's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RootFiles {
    /// Files in place of the system's bundle, as `SSL_CERT_FILE` names one.
    pub system_file: Option<PathBuf>,
    /// A directory beside the system's bundle, as `SSL_CERT_DIR` names one.
    pub system_directory: Option<PathBuf>,
    /// Further files in PEM form.
    pub files: Vec<PathBuf>,
    /// Further directories of files in PEM form.
    pub directories: Vec<PathBuf>,
}

impl RootFiles {
    /// Reads the certificates that the user names. A file that is named has to exist and to hold one;
    /// in directories, what is not a certificate is passed over, as OpenSSL does, and there may be none.
    pub(super) fn named(&self) -> Result<Vec<CertificateDer<'static>>, NetError> {
        let mut found = Vec::new();
        for file in &self.files {
            found.extend(of_file(file)?);
        }
        for directory in &self.directories {
            found.extend(of_directory(directory)?);
        }
        Ok(found)
    }

    /// Reads the system's certificates; none where the system keeps them in no file.
    pub(super) fn system(&self) -> Result<Vec<CertificateDer<'static>>, NetError> {
        let mut found = match &self.system_file {
            Some(file) => of_file(file)?,
            None => match SYSTEM_BUNDLES.iter().map(Path::new).find(|p| p.is_file()) {
                // macOS keeps its roots in the keychain, and this file is a copy without the user's.
                Some(bundle) if !cfg!(target_os = "macos") => of_file(bundle)?,
                _ => Vec::new(),
            },
        };
        if let Some(directory) = &self.system_directory {
            found.extend(of_directory(directory)?);
        }
        Ok(found)
    }
}

/// Makes a store of the certificates that can be roots; others, such as a server's own, are left out.
pub(super) fn store<'a>(
    certificates: impl Iterator<Item = &'a CertificateDer<'static>>,
) -> RootCertStore {
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        // One certificate that the library does not read must not make the others of a bundle unusable.
        drop(store.add(certificate.clone()));
    }
    store
}

/// Reads a file of the user's in PEM form, which may lie behind a link. A pipe or a device would never end.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    match files::read(path, MAX_PEM_SIZE, Links::Followed) {
        Ok(Some(pem)) => Ok(plain(&pem)),
        Ok(None) => Err(io::ErrorKind::NotFound.into()),
        Err(FileError::Io(error)) => Err(error),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Returns PEM as the library reads it. As OpenSSL does, it takes a byte order mark, blanks around lines and the label that
/// certificates had before.
fn plain(pem: &[u8]) -> Vec<u8> {
    let pem = pem.strip_prefix(b"\xef\xbb\xbf").unwrap_or(pem);
    let mut plain = Vec::with_capacity(pem.len());
    for line in pem.split(|byte| *byte == b'\n') {
        let line = match line.trim_ascii() {
            b"-----BEGIN X509 CERTIFICATE-----" => b"-----BEGIN CERTIFICATE-----".as_slice(),
            b"-----END X509 CERTIFICATE-----" => b"-----END CERTIFICATE-----",
            line => line,
        };
        plain.extend_from_slice(line);
        plain.push(b'\n');
    }
    plain
}

/// Reads all certificates of a file.
pub(super) fn of_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, NetError> {
    let pem = read(path).map_err(|error| NetError::unreadable("certificates", path, &error))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem).flatten().collect();
    if found.is_empty() {
        return Err(NetError::NoCertificate(path.to_owned(), form(&pem)));
    }
    Ok(found)
}

/// Says what a file without a certificate in PEM form has instead.
fn form(file: &[u8]) -> CertificateForm {
    /// How a sequence begins in DER.
    const SEQUENCE: u8 = 0x30;
    let text = String::from_utf8_lossy(file);
    if file.first() == Some(&SEQUENCE) {
        CertificateForm::Der
    } else if text.contains("-----BEGIN TRUSTED CERTIFICATE-----") {
        CertificateForm::Trusted
    } else if text.contains("-----BEGIN PKCS7-----") {
        CertificateForm::Pkcs7
    } else {
        CertificateForm::Other
    }
}

/// Reads the certificates in all files of a directory.
fn of_directory(path: &Path) -> Result<Vec<CertificateDer<'static>>, NetError> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        // As for git, which looks there when it has a certificate to look for.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(NetError::unreadable("certificates", path, &error)),
    };
    let files = entries.flatten().map(|entry| entry.path());
    let regular = files.filter(|file| file.is_file());
    Ok(regular
        .filter_map(|file| of_file(&file).ok())
        .flatten()
        .collect())
}
