//! A process group: killed as a whole, and never after its leader was reaped.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// Kills a child and everything in its process group. Clones kill the same group.
///
/// Killing is a no-op once the child was reaped, so a recycled process id is never hit.
#[derive(Debug, Clone)]
pub struct Killer(Arc<Mutex<Option<Pid>>>);

impl Killer {
    /// Makes the killer of a child that leads its own process group.
    pub(super) fn of(child: &Child) -> Self {
        let killer = Self(Arc::new(Mutex::new(pid(child))));
        living().push(killer.clone());
        killer
    }

    /// Sends SIGKILL to the whole group.
    pub fn kill(&self) {
        let leader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = *leader {
            // A group without living members is what we want, so the answer does not matter.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// Reaps the child; from here on [`kill`](Self::kill) does nothing.
    pub(super) fn reap(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let mut leader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *leader = None;
        living().retain(|killer| !Arc::ptr_eq(&killer.0, &self.0));
        child.wait()
    }
}

/// The groups whose leader was not reaped. A process has one set of children, so this is one for all.
static LIVING: Mutex<Vec<Killer>> = Mutex::new(Vec::new());

fn living() -> MutexGuard<'static, Vec<Killer>> {
    LIVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every group that was started here and whose leader lives: the process is about to end, and
/// nobody will wait for them.
pub fn kill_every_group() {
    let groups = living().clone();
    for group in groups {
        group.kill();
    }
}

fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}

/// Waits until the child has ended, without reaping it: its group can still be killed safely.
pub(super) fn wait_for_end(leader: u32) {
    let leader = i32::try_from(leader).ok().and_then(Pid::from_raw);
    let Some(leader) = leader else { return };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(
        waitid(WaitId::Pid(leader), options),
        Err(rustix::io::Errno::INTR)
    ) {}
}
