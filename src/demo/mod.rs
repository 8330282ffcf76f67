//! Loopback servers and a repository to try sendoff on; the tests use the same servers.

pub mod forge_server;
mod loopback;
pub mod platform_server;

pub use loopback::{Answer, Fault, Logged};
