//! `Trust`: the trust anchors for a server's certificate, and the names that it must have.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::oid::db::rfc4519::CN;
use x509_cert::der::oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::shown::Shown;
use super::tls_fault::TlsFault;
use super::unsupported;

/// The trust anchors for a server's certificate.
///
/// Trusts what `authorities` trusts, and a certificate that the user lists: for its names, within its validity period.
///
/// OpenSSL and `GnuTLS` accept a listed certificate whether or not it may issue others, so a server's
/// self-signed certificate can be named in `http.sslCAInfo`. The `WebPKI` rules refuse one that says
/// `CA:TRUE`, as `openssl req -x509` makes it, and know no listed certificates that are not roots.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) authorities: Arc<dyn ServerCertVerifier>,
    pub(super) listed: Vec<CertificateDer<'static>>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl Trust {
    /// Says whether a certificate has a trusted issuer or is listed.
    pub(super) fn verify(&self, shown: &Shown<'_>) -> Result<(), Error> {
        let Shown {
            end_entity,
            server_name,
            now,
            ..
        } = *shown;
        let issued = self.authorities.verify_server_cert(
            end_entity,
            shown.intermediates,
            server_name,
            shown.ocsp_response,
            now,
        );
        match issued {
            Err(_) if self.listed.iter().any(|listed| listed == end_entity) => {
                verify_listed(end_entity, server_name, now)
            }
            // Names are compared last: the chain is verified.
            Err(error) if is_wrong_name(&error) && is_named_of_old(end_entity, server_name) => {
                Ok(())
            }
            Err(error) => Err(self.fault(shown, error)),
            Ok(_) => Ok(()),
        }
    }

    /// Names what an error of the chain leaves open: the library says of a signature of a kind that it does not verify that it
    /// is wrong, and of a time not whose it is.
    fn fault(&self, shown: &Shown<'_>, error: Error) -> Error {
        use CertificateError as Bad;
        let Error::InvalidCertificate(bad) = &error else {
            return error;
        };
        let own =
            || verify_validity(&Certificate::from_der(shown.end_entity).ok()?, shown.now).err();
        let fault = match bad {
            Bad::Expired | Bad::ExpiredContext { .. } if own().is_none() => {
                Some(TlsFault::AuthorityExpired)
            }
            Bad::NotValidYet | Bad::NotValidYetContext { .. } if own().is_none() => {
                Some(TlsFault::AuthorityNotValidYet)
            }
            Bad::UnknownIssuer | Bad::Other(_)
                if !TlsFault::is_own(&error) && shown.has_long_chain() =>
            {
                Some(TlsFault::LongChain)
            }
            Bad::UnknownIssuer
            | Bad::BadSignature
            | Bad::UnsupportedSignatureAlgorithmContext { .. }
            | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                unsupported::in_chain(shown, &self.listed, &self.provider)
            }
            _ => None,
        };
        fault.map_or(error, TlsFault::into_error)
    }
}

/// Checks the names and the validity period of a certificate that the user lists.
fn verify_listed(
    certificate: &CertificateDer<'_>,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    let bad = |_| Error::InvalidCertificate(CertificateError::BadEncoding);
    let parsed = Certificate::from_der(certificate).map_err(bad)?;
    verify_validity(&parsed, now)?;
    if is_common_name(&parsed, server_name) {
        return Ok(());
    }
    verify_server_name(&ParsedCertificate::try_from(certificate)?, server_name)
}

/// Checks the validity period of a certificate.
fn verify_validity(certificate: &Certificate, now: UnixTime) -> Result<(), Error> {
    let validity = certificate.tbs_certificate().validity();
    let time = Duration::from_secs(now.as_secs());
    if time < validity.not_before.to_unix_duration() {
        return Err(CertificateError::NotValidYet.into());
    }
    if time > validity.not_after.to_unix_duration() {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

/// Says whether a certificate was rejected for its names alone.
pub(super) const fn is_wrong_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// Says whether the common name of a certificate without alternative names is the host: libcurl accepts that for git.
fn is_named_of_old(certificate: &CertificateDer<'_>, server_name: &ServerName<'_>) -> bool {
    let parsed = Certificate::from_der(certificate);
    parsed.is_ok_and(|parsed| is_common_name(&parsed, server_name))
}

/// Says whether a certificate without alternative names is for the host by its common name.
fn is_common_name(certificate: &Certificate, server_name: &ServerName<'_>) -> bool {
    let extensions = certificate.tbs_certificate().extensions();
    let mut extensions = extensions.into_iter().flatten();
    let has_names = extensions.any(|extension| {
        extension.extn_id == ID_CE_SUBJECT_ALT_NAME && names_hosts(extension.extn_value.as_bytes())
    });
    !has_names && common_names(certificate).any(|name| is_name(&name, server_name))
}

/// Says whether alternative names are those of hosts, and not only of mailboxes or resources.
fn names_hosts(value: &[u8]) -> bool {
    let Ok(SubjectAltName(names)) = SubjectAltName::from_der(value) else {
        return true;
    };
    let is_host =
        |name: &GeneralName| matches!(name, GeneralName::DnsName(_) | GeneralName::IpAddress(_));
    names.iter().any(is_host)
}

/// Returns the common names of the subject: what a certificate without alternative names is for.
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

/// Compares names; `*` in a common name stands for the whole first label of a host with three or more.
fn is_name(common: &str, server: &ServerName<'_>) -> bool {
    match server {
        ServerName::DnsName(name) => {
            let name = name.as_ref();
            let below = |name: &str| Some(name.split_once('.')?.1.to_owned());
            let is_below = |domain: &str| {
                domain.contains('.')
                    && below(name).is_some_and(|of| of.eq_ignore_ascii_case(domain))
            };
            name.eq_ignore_ascii_case(common) || common.strip_prefix("*.").is_some_and(is_below)
        }
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

    use super::super::provider::provider;
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
        let provider = provider();
        let store = Arc::new(roots::store([listed.clone()].iter()));
        let authorities = WebPkiServerVerifier::builder_with_provider(store, provider.clone())
            .build()
            .unwrap();
        let trust = Trust {
            authorities,
            listed: vec![listed.clone()],
            provider,
        };
        let shown = Shown {
            end_entity: shown,
            intermediates: &[],
            server_name: &ServerName::try_from(name.to_owned()).unwrap(),
            ocsp_response: &[],
            now: UnixTime::since_unix_epoch(Duration::from_secs(at)),
        };
        trust.verify(&shown).is_ok()
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
