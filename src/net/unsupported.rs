//! What in a certificate is of a kind that no signature can be verified with here.

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{AlgorithmIdentifier, CertificateDer};
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION};
use x509_cert::der::oid::db::{fips204, rfc5639, rfc5912, rfc8410};
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::shown::Shown;
use super::tls_fault::TlsFault;

/// The smallest RSA key, in bits.
const MIN_RSA_BITS: usize = 2048;

/// Finds the first certificate from the server's to those of its authorities that has such a key, or such a signature of its
/// issuer. `listed` are those that the user trusts: theirs may be the key that the last one is signed with.
pub(super) fn in_chain(
    shown: &Shown<'_>,
    listed: &[CertificateDer<'_>],
    provider: &CryptoProvider,
) -> Option<TlsFault> {
    let server = Certificate::from_der(shown.end_entity).ok()?;
    if let Some(fault) = of_key(&server, provider).or_else(|| of_signature(&server, provider)) {
        return Some(fault);
    }
    let issuers: Vec<_> = shown
        .intermediates
        .iter()
        .chain(listed)
        .filter_map(|certificate| Certificate::from_der(certificate).ok())
        .collect();
    let mut issued = server;
    // Each certificate is an issuer once at most.
    for _ in &issuers {
        let issuer = issued.tbs_certificate().issuer();
        let next = issuers
            .iter()
            .find(|certificate| certificate.tbs_certificate().subject() == issuer)?;
        if let Some(kind) = unsupported_key(next, provider) {
            return Some(TlsFault::AuthoritysKey(kind));
        }
        // Nobody verifies what a root says of itself.
        if next.tbs_certificate().subject() == next.tbs_certificate().issuer() {
            return None;
        }
        if let Some(kind) = unsupported_signature(next, provider) {
            return Some(TlsFault::AuthoritysSignature(kind));
        }
        issued = next.clone();
    }
    None
}

/// Returns the fault of a server's own key.
pub(super) fn of_key(certificate: &Certificate, provider: &CryptoProvider) -> Option<TlsFault> {
    unsupported_key(certificate, provider).map(TlsFault::Key)
}

fn of_signature(certificate: &Certificate, provider: &CryptoProvider) -> Option<TlsFault> {
    unsupported_signature(certificate, provider).map(TlsFault::Signature)
}

fn unsupported_key(certificate: &Certificate, provider: &CryptoProvider) -> Option<String> {
    let key = certificate.tbs_certificate().subject_public_key_info();
    if key.algorithm.oid == RSA_ENCRYPTION {
        let bits = rsa_bits(key.subject_public_key.raw_bytes())?;
        return (bits < MIN_RSA_BITS).then(|| format!("RSA with {bits} bits"));
    }
    let mut known = provider.signature_verification_algorithms.all.iter();
    let is_known = known.any(|algorithm| is(&key.algorithm, &algorithm.public_key_alg_id()));
    (!is_known).then(|| kind(&key.algorithm))
}

fn unsupported_signature(certificate: &Certificate, provider: &CryptoProvider) -> Option<String> {
    let signature = certificate.signature_algorithm();
    let mut known = provider.signature_verification_algorithms.all.iter();
    let is_known = known.any(|algorithm| is(signature, &algorithm.signature_alg_id()));
    (!is_known).then(|| kind(signature))
}

/// Returns the size of an RSA key's modulus, in bits.
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let numbers = Vec::<UintRef<'_>>::from_der(key).ok()?;
    let modulus = numbers.first()?.as_bytes();
    let unused = modulus.first()?.leading_zeros() as usize;
    Some(modulus.len() * 8 - unused)
}

/// Compares with what the library knows: the content of the sequence, without its header.
fn is(algorithm: &AlgorithmIdentifierOwned, known: &AlgorithmIdentifier) -> bool {
    let whole = algorithm.to_der();
    whole.is_ok_and(|der| der.ends_with(known.as_ref()) && der.len() <= known.as_ref().len() + 4)
}

/// Returns the standard name of a kind of key or signature, or its object identifier.
fn kind(algorithm: &AlgorithmIdentifierOwned) -> String {
    let curve = || algorithm.parameters.as_ref()?.decode_as().ok();
    let oid = match algorithm.oid {
        ID_EC_PUBLIC_KEY => curve().unwrap_or(ID_EC_PUBLIC_KEY),
        other => other,
    };
    name(&oid).map_or_else(|| oid.to_string(), str::to_owned)
}

/// Returns the name that the standards give a kind of key, curve or signature. The library's own list has 1,500 names of
/// other things, which the loader would relocate in every run.
fn name(oid: &ObjectIdentifier) -> Option<&'static str> {
    Some(match *oid {
        rfc5912::MD_2_WITH_RSA_ENCRYPTION => "md2WithRSAEncryption",
        rfc5912::MD_5_WITH_RSA_ENCRYPTION => "md5WithRSAEncryption",
        rfc5912::SHA_1_WITH_RSA_ENCRYPTION => "sha1WithRSAEncryption",
        rfc5912::SHA_224_WITH_RSA_ENCRYPTION => "sha224WithRSAEncryption",
        rfc5912::ID_RSASSA_PSS => "RSASSA-PSS",
        rfc5912::ID_DSA => "dsa",
        rfc5912::DSA_WITH_SHA_1 => "dsa-with-sha1",
        rfc5912::DSA_WITH_SHA_224 => "dsa-with-sha224",
        rfc5912::DSA_WITH_SHA_256 => "dsa-with-sha256",
        rfc5912::ECDSA_WITH_SHA_224 => "ecdsa-with-SHA224",
        rfc5912::SECP_224_R_1 => "secp224r1",
        rfc5639::BRAINPOOL_P_256_R_1 => "brainpoolP256r1",
        rfc5639::BRAINPOOL_P_384_R_1 => "brainpoolP384r1",
        rfc5639::BRAINPOOL_P_512_R_1 => "brainpoolP512r1",
        ID_EC_PUBLIC_KEY => "ecPublicKey",
        rfc8410::ID_ED_448 => "Ed448",
        fips204::ID_ML_DSA_44 => "ml-dsa-44",
        fips204::ID_ML_DSA_65 => "ml-dsa-65",
        fips204::ID_ML_DSA_87 => "ml-dsa-87",
        _ => return None,
    })
}
