//! ECDSA where ring lacks it: keys of the curve P-521, and SHA-512 with keys of P-256 and P-384.

use std::fmt;

use p521::ecdsa::signature::hazmat::PrehashVerifier;
use rustls::pki_types::alg_id::{
    ECDSA_P256, ECDSA_P384, ECDSA_P521, ECDSA_SHA256, ECDSA_SHA384, ECDSA_SHA512,
};
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Keys of P-256 that sign SHA-512.
pub(super) static P256_SHA512: Ecdsa = Ecdsa {
    hash: sha512,
    signature: ECDSA_SHA512,
    ..P256
};
/// Keys of P-384 that sign SHA-512.
pub(super) static P384_SHA512: Ecdsa = Ecdsa {
    hash: sha512,
    signature: ECDSA_SHA512,
    ..P384
};
/// Keys of P-521 that sign SHA-256.
pub(super) static P521_SHA256: Ecdsa = P521;
/// Keys of P-521 that sign SHA-384.
pub(super) static P521_SHA384: Ecdsa = Ecdsa {
    hash: |message| Sha384::digest(message).to_vec(),
    signature: ECDSA_SHA384,
    ..P521
};
/// Keys of P-521 that sign SHA-512.
pub(super) static P521_SHA512: Ecdsa = Ecdsa {
    hash: sha512,
    signature: ECDSA_SHA512,
    ..P521
};

/// Verifies signatures of keys of one curve over one hash.
pub(super) struct Ecdsa {
    curve: AlgorithmIdentifier,
    verify: Verify,
    signature: AlgorithmIdentifier,
    hash: fn(&[u8]) -> Vec<u8>,
}

/// Returns an error unless a signature in DER form of a hash was made with the private key of a public one.
type Verify = fn(key: &[u8], hash: &[u8], signature: &[u8]) -> Result<(), p521::ecdsa::Error>;

/// Defines the verification with keys of one curve, over SHA-256.
macro_rules! curve {
    ($name:ident, $library:ident, $identifier:ident) => {
        const $name: Ecdsa = Ecdsa {
            curve: $identifier,
            verify: |key, hash, signature| {
                let key = $library::ecdsa::VerifyingKey::from_sec1_bytes(key)?;
                let signature = $library::ecdsa::Signature::from_der(signature)?;
                key.verify_prehash(hash, &signature)
            },
            signature: ECDSA_SHA256,
            hash: |message| Sha256::digest(message).to_vec(),
        };
    };
}

curve!(P256, p256, ECDSA_P256);
curve!(P384, p384, ECDSA_P384);
curve!(P521, p521, ECDSA_P521);

fn sha512(message: &[u8]) -> Vec<u8> {
    Sha512::digest(message).to_vec()
}

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let hash = (self.hash)(message);
        (self.verify)(public_key, &hash, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.curve
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

impl fmt::Debug for Ecdsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ecdsa").finish_non_exhaustive()
    }
}
