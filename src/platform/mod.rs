//! The agents' platform: memories and heartbeats.

/// A client of the agents' platform.
#[derive(Debug)]
pub struct Platform {}
