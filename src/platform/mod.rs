//! The agents' platform: memories and heartbeats.

mod client;
mod error;
mod heartbeat;
mod memories;
mod token;

pub use client::Platform;
pub use error::{PlatformError, PlatformErrorClass};
pub use heartbeat::Heartbeat;
pub use memories::Memory;
pub use token::TokenSource;
