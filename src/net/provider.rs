//! The cryptography of TLS connections: that of ring, and what it lacks.

use std::sync::{Arc, LazyLock};

use rustls::SignatureScheme;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::SignatureVerificationAlgorithm;

use super::ecdsa::{P256_SHA512, P384_SHA512, P521_SHA256, P521_SHA384, P521_SHA512};
use super::p521::P521Exchange;

/// One kind of signature.
type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// What ECDSA over SHA-512 is of; for TLS 1.3 the first counts.
const SHA512: &[Algorithm] = &[&P521_SHA512, &P384_SHA512, &P256_SHA512];

/// What certificates may be signed with, and what each scheme of a handshake means.
static ALGORITHMS: LazyLock<Algorithms> = LazyLock::new(Algorithms::new);

/// Returns the cryptography.
pub(super) fn provider() -> Arc<CryptoProvider> {
    let mut provider = ring::default_provider();
    provider.kx_groups.push(&P521Exchange);
    let algorithms = &*ALGORITHMS;
    provider.signature_verification_algorithms = WebPkiSupportedAlgorithms {
        all: &algorithms.all,
        mapping: &algorithms.schemes,
    };
    Arc::new(provider)
}

/// The algorithms of ring and ours.
struct Algorithms {
    all: Vec<Algorithm>,
    schemes: Vec<(SignatureScheme, &'static [Algorithm])>,
}

impl Algorithms {
    fn new() -> Self {
        let of_ring = ring::default_provider().signature_verification_algorithms;
        let others: [Algorithm; 2] = [&P521_SHA384, &P521_SHA256];
        let mut schemes = vec![(SignatureScheme::ECDSA_NISTP521_SHA512, SHA512)];
        schemes.extend(of_ring.mapping.iter().map(|(scheme, algorithms)| {
            // TLS 1.2 names a hash and no curve by these schemes; for TLS 1.3 the first counts.
            let algorithms = match *scheme {
                SignatureScheme::ECDSA_NISTP384_SHA384 => with(algorithms, &P521_SHA384),
                SignatureScheme::ECDSA_NISTP256_SHA256 => with(algorithms, &P521_SHA256),
                _ => *algorithms,
            };
            (*scheme, algorithms)
        }));
        let all = of_ring.all.iter().chain(SHA512).chain(&others);
        Self {
            all: all.copied().collect(),
            schemes,
        }
    }
}

/// Appends an algorithm. Called twice in a process: what is leaked is small.
fn with(algorithms: &[Algorithm], more: Algorithm) -> &'static [Algorithm] {
    let mut all = algorithms.to_vec();
    all.push(more);
    all.leak()
}
