//! Tests of `push`.

mod delta;
mod objects;
mod pack;
mod workshop;
mod deadline;
mod errors;
mod file;
mod http;
mod rig;
mod ssh;
mod sshd;
mod twin;
