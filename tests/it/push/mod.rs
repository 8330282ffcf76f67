//! Tests of `push`.

mod deadline;
mod errors;
mod file;
mod http;
mod rig;
mod ssh;
mod sshd;
mod twin;
