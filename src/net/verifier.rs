//! Verifies a server's certificate: issued by a trusted authority, or itself in the user's file.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::certificate::Version;
use x509_cert::der::Decode;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::oid::db::rfc4519::CN;
use x509_cert::der::oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use x509_cert::ext::pkix::BasicConstraints;

use super::pin::PinnedKeys;
use super::tls_fault::TlsFault;

/// Whom a server may be vouched for by.
///
/// Trusts what `authorities` trusts, and a certificate that the user lists: for its names, in its time.
///
/// OpenSSL and `GnuTLS` accept a listed certificate whether or not it may issue others, so a server's
/// self-signed certificate can be named in `http.sslCAInfo`. The `WebPKI` rules refuse one that says
/// `CA:TRUE`, as `openssl req -x509` makes it, and know no listed certificates that are not roots.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) authorities: Arc<dyn ServerCertVerifier>,
    pub(super) listed: Vec<CertificateDer<'static>>,
}

impl Trust {
    pub(super) fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let issued = self.authorities.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match issued {
            Err(_) if self.listed.iter().any(|listed| listed == end_entity) => {
                verify_listed(end_entity, server_name, now)?;
                Ok(ServerCertVerified::assertion())
            }
            // Names are compared last: somebody who is trusted vouches for it.
            Err(error) if is_wrong_name(&error) && is_named_of_old(end_entity, server_name) => {
                Ok(ServerCertVerified::assertion())
            }
            issued => issued,
        }
    }
}

/// Verifies the server's certificate, and that of a proxy that is reached over TLS.
#[derive(Debug)]
pub(super) struct Verifier {
    /// The host of the URL.
    pub(super) server: ServerName<'static>,
    pub(super) trust: Trust,
    /// The keys that the server may have.
    pub(super) pin: Option<PinnedKeys>,
    /// The proxy, and whom it may be vouched for by.
    pub(super) proxy: Option<(ServerName<'static>, Trust)>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |trust: &Trust| {
            trust.verify(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let is_server = *server_name == self.server;
        let verified = match &self.proxy {
            // Both on one host cannot be told apart.
            Some((name, trust)) if name == server_name && is_server => {
                verify(&self.trust).or_else(|_| verify(trust))
            }
            Some((name, trust)) if name == server_name => verify(trust),
            _ => verify(&self.trust),
        };
        if let Some(pin) = self.pin.as_ref().filter(|_| is_server)
            && !pin.accept(end_entity)
        {
            return Err(TlsFault::OtherKey.into_error());
        }
        verified.map_err(|error| named(error, end_entity))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trust
            .authorities
            .verify_tls12_signature(message, certificate, signature)
            .map_err(|error| named(error, certificate))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trust
            .authorities
            .verify_tls13_signature(message, certificate, signature)
            .map_err(|error| named(error, certificate))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.authorities.supported_verify_schemes()
    }
}

/// Names what the library reports in its own words: an old version of X.509, and a certificate that vouches for itself.
pub(super) fn named(error: Error, certificate: &CertificateDer<'_>) -> Error {
    let Ok(parsed) = Certificate::from_der(certificate) else {
        return error;
    };
    let body = parsed.tbs_certificate();
    if body.version() == Version::V1 {
        return TlsFault::Version1.into_error();
    }
    let is_unknown = matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer
                | CertificateError::BadSignature
                | CertificateError::Other(_)
        )
    );
    if is_unknown && body.subject() == body.issuer() {
        return TlsFault::SelfSigned.into_error();
    }
    let is_other = matches!(error, Error::InvalidCertificate(CertificateError::Other(_)));
    if is_other && is_authority(&parsed) {
        return TlsFault::NoServers.into_error();
    }
    error
}

/// Says whether a certificate says that it may issue others.
fn is_authority(certificate: &Certificate) -> bool {
    let constraints = certificate
        .tbs_certificate()
        .get_extension::<BasicConstraints>();
    matches!(constraints, Ok(Some((_, constraints))) if constraints.ca)
}

/// Checks the names and the time of a certificate that the user lists.
fn verify_listed(
    certificate: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    let bad = |_| Error::InvalidCertificate(CertificateError::BadEncoding);
    let parsed = Certificate::from_der(certificate).map_err(bad)?;
    let body = parsed.tbs_certificate();
    let validity = body.validity();
    let time = Duration::from_secs(now.as_secs());
    if time < validity.not_before.to_unix_duration() {
        return Err(CertificateError::NotValidYet.into());
    }
    if time > validity.not_after.to_unix_duration() {
        return Err(CertificateError::Expired.into());
    }
    if is_common_name(&parsed, server_name) {
        return Ok(());
    }
    verify_server_name(&ParsedCertificate::try_from(certificate)?, server_name)
}

const fn is_wrong_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// Says whether a certificate names its host as they did before there were other names: libcurl takes it for git.
fn is_named_of_old(certificate: &CertificateDer<'_>, server_name: &ServerName<'_>) -> bool {
    let parsed = Certificate::from_der(certificate);
    parsed.is_ok_and(|parsed| is_common_name(&parsed, server_name))
}

/// Says whether a certificate without other names is for the host by its common name.
fn is_common_name(certificate: &Certificate, server_name: &ServerName<'_>) -> bool {
    let extensions = certificate.tbs_certificate().extensions();
    let mut extensions = extensions.into_iter().flatten();
    let has_names = extensions.any(|extension| extension.extn_id == ID_CE_SUBJECT_ALT_NAME);
    !has_names && common_names(certificate).any(|name| is_name(&name, server_name))
}

/// Returns the common names of the subject: what a certificate without other names is for.
fn common_names(certificate: &Certificate) -> impl Iterator<Item = String> {
    let subject = certificate.tbs_certificate().subject();
    let common = subject.iter().filter(|attribute| {
        let kind: ObjectIdentifier = attribute.oid;
        kind == CN
    });
    common.filter_map(|attribute| {
        let value = AnyRef::from(&attribute.value);
        std::str::from_utf8(value.value()).ok().map(str::to_owned)
    })
}

/// Compares whole names: no wildcard stands in a common name here.
fn is_name(common: &str, server: &ServerName<'_>) -> bool {
    match server {
        ServerName::DnsName(name) => name.as_ref().eq_ignore_ascii_case(common),
        ServerName::IpAddress(address) => {
            let address = IpAddr::from(*address);
            common.parse() == Ok(address)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};
    use rustls::client::WebPkiServerVerifier;
    use rustls::crypto::ring::default_provider;

    use super::super::roots;
    use super::*;

    /// Makes a self-signed certificate as `openssl req -x509` does: it says that it is an authority.
    fn own(names: &[&str], common: &str) -> CertificateDer<'static> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, common);
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    fn verify(
        listed: &CertificateDer<'static>,
        shown: &CertificateDer<'_>,
        name: &str,
        at: u64,
    ) -> bool {
        let provider = Arc::new(default_provider());
        let store = Arc::new(roots::store([listed.clone()].iter()));
        let authorities = WebPkiServerVerifier::builder_with_provider(store, provider)
            .build()
            .unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let verifier = Verifier {
            server: name.clone(),
            trust: Trust {
                authorities,
                listed: vec![listed.clone()],
            },
            pin: None,
            proxy: None,
        };
        let now = UnixTime::since_unix_epoch(Duration::from_secs(at));
        verifier
            .verify_server_cert(shown, &[], &name, &[], now)
            .is_ok()
    }

    #[test]
    fn a_listed_certificate_is_trusted_for_its_names_in_its_time_and_no_other_is() {
        let (in_2026, in_2025, in_2028) = (1_780_000_000, 1_750_000_000, 1_840_000_000);
        let listed = own(&["git.test", "127.0.0.1"], "anything");
        assert!(verify(&listed, &listed, "git.test", in_2026));
        assert!(verify(&listed, &listed, "127.0.0.1", in_2026));
        assert!(!verify(&listed, &listed, "other.test", in_2026));
        assert!(!verify(&listed, &listed, "anything", in_2026));
        assert!(!verify(&listed, &listed, "git.test", in_2025));
        assert!(!verify(&listed, &listed, "git.test", in_2028));
        let other = own(&["git.test"], "anything");
        assert!(!verify(&listed, &other, "git.test", in_2026));
    }

    #[test]
    fn a_listed_certificate_without_names_is_for_its_common_name() {
        let listed = own(&[], "git.test");
        assert!(verify(&listed, &listed, "GIT.test", 1_780_000_000));
        assert!(!verify(&listed, &listed, "x.git.test", 1_780_000_000));
    }
}
