//! What is in memory, tokens among it, is for nobody else.

use rustix::process::Resource;
#[cfg(target_os = "linux")]
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::limits::lower;

/// Keeps other processes of the same user from looking into this one's memory and environment, and the system from writing
/// either to a file when it ends badly. Programs that it starts are as they would be.
///
/// On Linux nobody but root can attach to it, or read its `environ`, `mem` and `fd` below `/proc`.
pub fn keep_memory_private() {
    lower(Resource::Core, 0);
    // A system that refuses is no reason not to ship.
    #[cfg(target_os = "linux")]
    let _refused = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
