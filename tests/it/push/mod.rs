//! Tests of `push`.

mod around;
mod canned;
mod config;
mod cut;
mod daemon;
mod deadline;
mod delta;
mod errors;
mod file;
mod hook;
mod http;
mod objects;
mod pack;
mod pages;
mod proxy;
pub(crate) mod rig;
mod ssh;
mod sshd;
mod tls;
mod twin;
mod workshop;
