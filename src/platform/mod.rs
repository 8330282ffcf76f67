//! The agents' platform: memories, heartbeats, messages to a workspace's agent.

mod client;
mod error;
mod heartbeat;
mod memories;
mod token;
mod workspace;

pub use client::Platform;
pub use error::{PlatformError, PlatformErrorClass};
pub use heartbeat::Heartbeat;
pub use memories::Memory;
pub use token::TokenSource;
pub use workspace::Reply;
