//! Tests of `push`.

mod canned;
mod config;
mod cut;
mod deadline;
mod delta;
mod errors;
mod file;
mod http;
mod objects;
mod pack;
mod rig;
mod ssh;
mod sshd;
mod tls;
mod twin;
mod workshop;
