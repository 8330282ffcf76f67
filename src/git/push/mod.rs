//! The native push: `PushPermit` in, `Pushed` out.

pub mod advertisement;
pub mod commands;
mod error;
mod link;
pub mod pkt_line;
pub mod progress;
mod rejection;
mod remote_head;
pub mod status;
