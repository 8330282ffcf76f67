//! Tests of `push`.

mod bytes;
mod canned;
mod certificate;
mod changed;
mod config;
mod cut;
mod cut_login;
mod daemon;
mod deadline;
mod delta;
mod early;
mod encodings;
mod ends;
mod errors;
mod file;
mod formats;
mod front;
mod git_pack;
mod gzip;
mod handed_over;
mod hook;
mod hostile;
mod http;
mod http2;
mod http2_hostile;
mod http_keys;
mod huge;
mod lease;
mod lifted;
mod local_checks;
mod logins;
mod memory;
mod objects;
mod own_header;
mod pack;
mod pages;
mod proxy;
mod random;
mod refusals;
mod repositories;
pub(crate) mod rig;
mod served;
mod ssh;
mod sshd;
mod tls;
mod twin;
mod useless;
mod workshop;

/// Returns how much of something a test does: more in the long mode (`SENDOFF_TEST_LONG=1`).
pub(crate) fn cases(short: u32, long: u32) -> u32 {
    if std::env::var_os("SENDOFF_TEST_LONG").is_some() {
        long
    } else {
        short
    }
}
