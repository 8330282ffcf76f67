//! The curve P-521, which ring lacks: the exchange of keys, and the signatures of a client's key.

use std::sync::Arc;

use p521::ecdsa::signature::Signer as _;
use p521::ecdsa::{Signature, SigningKey};
use p521::elliptic_curve::ecdh::diffie_hellman;
use p521::elliptic_curve::sec1::ToSec1Point;
use p521::pkcs8::DecodePrivateKey;
use p521::{PublicKey, SecretKey};
use rustls::crypto::ring::default_provider;
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::pki_types::alg_id::ECDSA_P521;
use rustls::pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};
use rustls::sign::{self, Signer, public_key_to_spki};
use rustls::{Error, NamedGroup, PeerMisbehaved, SignatureAlgorithm, SignatureScheme};

/// The size of a private key, in bytes.
const KEY_SIZE: usize = 66;
/// The first byte of a public key that is not compressed: TLS knows no other.
const UNCOMPRESSED: u8 = 4;

/// The exchange of keys over P-521.
#[derive(Debug)]
pub(super) struct P521Exchange;

impl SupportedKxGroup for P521Exchange {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let secret = random_key()?;
        let public = secret.public_key().to_sec1_point(false).as_bytes().into();
        Ok(Box::new(Exchange { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

/// Makes a key for one connection.
fn random_key() -> Result<SecretKey, GetRandomFailed> {
    let random = default_provider().secure_random;
    loop {
        let mut bytes = [0; KEY_SIZE];
        random.fill(&mut bytes)?;
        // 521 bits; about none of these numbers is not below the order of the curve.
        if let Some(first) = bytes.first_mut() {
            *first &= 1;
        }
        if let Ok(key) = SecretKey::from_slice(&bytes) {
            return Ok(key);
        }
    }
}

/// An exchange that has begun.
struct Exchange {
    secret: SecretKey,
    public: Box<[u8]>,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let bad = Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare);
        match (peer.first(), PublicKey::from_sec1_bytes(peer)) {
            (Some(&UNCOMPRESSED), Ok(peer)) => {
                let shared = diffie_hellman(self.secret.to_nonzero_scalar(), peer.as_affine());
                Ok(shared.raw_secret_bytes().as_slice().into())
            }
            _ => Err(bad),
        }
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp521r1
    }
}

/// The private key of a client's certificate.
pub(super) struct ClientKey(Arc<SigningKey>);

impl ClientKey {
    /// Returns the key if it is one of P-521.
    pub(super) fn read(key: &PrivateKeyDer<'_>) -> Option<Self> {
        let key = match key {
            PrivateKeyDer::Pkcs8(key) => SecretKey::from_pkcs8_der(key.secret_pkcs8_der()).ok()?,
            PrivateKeyDer::Sec1(key) => SecretKey::from_sec1_der(key.secret_sec1_der()).ok()?,
            _ => return None,
        };
        Some(Self(Arc::new(key.into())))
    }
}

impl sign::SigningKey for ClientKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let is_offered = offered.contains(&SignatureScheme::ECDSA_NISTP521_SHA512);
        is_offered.then(|| Box::new(Self(Arc::clone(&self.0))) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        let point = self.0.verifying_key().to_sec1_point(false);
        Some(public_key_to_spki(&ECDSA_P521, point))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for ClientKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature: Signature = self.0.sign(message);
        Ok(signature.to_der().as_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP521_SHA512
    }
}

impl std::fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientKey").finish_non_exhaustive()
    }
}
