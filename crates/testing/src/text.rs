//! Text to put into files.

use std::fmt::Write as _;

/// Returns a text of lines that differ.
pub fn text(seed: &str, lines: usize) -> String {
    let mut state = seed.bytes().fold(7_u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    let mut out = String::new();
    for line in 0..lines {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let noise = state >> 24;
        writeln!(out, "line {line} of {seed} holds {noise:x}").unwrap();
    }
    out
}
