//! What the tests of sendoff's crates share: a hermetic place for one test, trees of files that are made once and
//! copied, a git server, and what happens when a tool is missing. It is never published and knows none of the crates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::missing_panics_doc,
    reason = "only tests use it"
)]
#![allow(clippy::disallowed_methods, reason = "tests start git and servers")]

mod fixture;
mod gate;
mod git_pack;
mod git_server;
mod memory;
mod missing;
mod noise;
mod port;
mod sandbox;
mod text;
mod twin;
mod wait;

pub use gate::Gate;
pub use git_pack::PACK_OBJECTS;
pub use git_server::GitServer;
pub use memory::{MemoryWatch, supervised, supervised_within};
pub use missing::{left_out, tool};
pub use noise::{noise, noise_text};
pub use port::free_port;
pub use sandbox::{Sandbox, is_root, succeed};
pub use text::text;
pub use twin::{GitPush, Sent, TwinFixture};
pub use wait::wait_until;

/// Returns how much of something a test does: more in the long mode (`SENDOFF_TEST_LONG=1`).
pub fn cases(short: u32, long: u32) -> u32 {
    if std::env::var_os("SENDOFF_TEST_LONG").is_some() {
        long
    } else {
        short
    }
}
