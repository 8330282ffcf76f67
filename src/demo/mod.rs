//! A stage to try sendoff on: a git server, a forge and a platform on loopback, and a repository.
//! The tests use the same servers.

pub mod forge_server;
pub mod git_server;
mod loopback;
pub mod platform_server;
mod repository;
mod stage;

pub use loopback::{Answer, Fault, Logged};
pub use stage::Stage;
