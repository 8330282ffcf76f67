//! The agents' platform: memories, heartbeats, messages to a workspace's agent.

mod client;
mod error;
mod first_origin;
mod heartbeat;
mod memories;
mod token;
mod workspace;

pub use client::Platform;
pub use error::{PlatformError, PlatformErrorClass};
pub use first_origin::FirstOrigin;
pub use heartbeat::Heartbeat;
pub use memories::Memory;
pub use token::TokenSource;
pub use workspace::Reply;
