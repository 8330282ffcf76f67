//! `sendoff demo`: a git server, a forge and a platform on loopback, and a repository to push. The
//! tests use the same servers.

mod demonstration;
pub mod forge_server;
pub mod git_server;
mod loopback;
pub mod platform_server;
mod repository;

pub use demonstration::{Demonstration, TASKS};
pub use loopback::{Answer, Fault, Logged};
