//! The tests of the push against git itself. One binary, so that it links once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may"
)]
#![allow(clippy::disallowed_methods, reason = "tests start git and servers")]

mod bytes;
mod delta;
mod example;
mod objects;
mod pack;
mod pipes;
mod random;
mod transports;
mod twin;
mod workshop;
