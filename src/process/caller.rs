//! What a process has from its caller that would end it or lock it out.

use nix::sys::signal::{SigSet, Signal};
use rustix::fs::Mode;
use rustix::process::umask;

/// Lets this process go on under any umask and any limit on the size of files. To be called before there is a thread.
///
/// A write past the limit fails, as on a full disk, in place of SIGXFSZ ending the process. Its user can read what it writes.
pub fn outlive_caller() {
    let mut set = SigSet::empty();
    set.add(Signal::SIGXFSZ);
    // A system that refuses is no reason not to ship.
    let _refused = set.thread_block();
    let former = umask(Mode::RWXG | Mode::RWXO);
    umask(former - Mode::RWXU);
}
