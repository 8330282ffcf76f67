//! Ports for servers that are told where to listen, and cannot choose for themselves.

use std::net::TcpListener;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where the ports are: below those that systems give to whoever asks for any, which other tests do all the time.
const FIRST: u32 = 15_000;
const COUNT: u32 = 17_000;

/// Returns a port of 127.0.0.1 at which nobody listens. No other call of this process gets it, and whoever asks for any port
/// gets another one: a server may take its time until it listens there.
///
/// # Panics
///
/// When all are taken.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Each process begins elsewhere.
    let begin = process::id().wrapping_mul(97);
    (0..COUNT)
        .map(|_| begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT + FIRST)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}
