//! The native push: `PushPermit` in, `Pushed` out.

pub mod advertisement;
pub mod commands;
pub mod delta;
pub mod objects;
pub mod pack;
pub mod pkt_line;
pub mod progress;
pub mod status;
