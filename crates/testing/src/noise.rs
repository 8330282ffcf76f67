//! Bytes that do not compress, from simple generators.

use std::fmt::Write as _;

/// Returns bytes, others for each seed.
#[must_use]
pub fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed + 1;
    let mut out = Vec::with_capacity(bytes);
    while out.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(bytes);
    out
}

/// Returns so many numbers as hexadecimal digits, which do not compress well.
#[must_use]
pub fn noise_text(numbers: usize) -> String {
    let mut state = 1_u64;
    let mut text = String::new();
    for _ in 0..numbers {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        write!(text, "{:x}", state >> 33).unwrap();
    }
    text
}
