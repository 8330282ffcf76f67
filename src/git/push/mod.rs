//! The native push: `PushPermit` in, `Pushed` out.

pub mod advertisement;
pub mod commands;
pub mod delta;
mod error;
mod link;
pub mod objects;
pub mod pack;
pub mod pkt_line;
pub mod progress;
mod rejection;
mod remote_head;
pub mod status;
