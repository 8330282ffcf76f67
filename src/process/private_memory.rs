//! Protects the memory of this process, which holds tokens.

use rustix::process::Resource;
#[cfg(target_os = "linux")]
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::limits::lower;

/// Prevents other processes of the same user from reading this one's memory and environment, and the system from writing a
/// core dump. Does not affect the programs that it starts.
///
/// On Linux nobody but root can attach to it, or read its `environ`, `mem` and `fd` below `/proc`.
pub fn keep_memory_private() {
    lower(Resource::Core, 0);
    // A system that refuses is no reason not to ship.
    #[cfg(target_os = "linux")]
    let _refused = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
