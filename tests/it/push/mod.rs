//! Tests of `push`.

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
mod twin;
mod workshop;
