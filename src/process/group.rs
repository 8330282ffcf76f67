//! A child's process group: killed as a whole, and never after its leader was reaped.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use crate::threads::lock;

use super::limits::without_limits;
use super::output::Ended;

/// Which process group a program runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// One of its own, which is killed as a whole.
    Own,
    /// The caller's, so that it can use the caller's terminal; it is killed alone.
    Callers,
}

/// Kills a child and everything in its process group. Clones kill the same group.
///
/// Killing does nothing once the child was reaped, so a reused process id is never signalled.
#[derive(Debug, Clone)]
pub struct Killer(Arc<Mutex<Option<(Pid, Group)>>>);

impl Killer {
    /// Sends SIGKILL to the whole group.
    pub fn kill(&self) {
        let leader = lock(&self.0);
        // The only error is that nobody is left to kill.
        let _ = match *leader {
            Some((leader, Group::Own)) => kill_process_group(leader, Signal::KILL),
            Some((child, Group::Callers)) => kill_process(child, Signal::KILL),
            None => Ok(()),
        };
    }

    /// Reaps the child; afterwards [`kill`](Self::kill) does nothing.
    pub(super) fn reap(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let mut leader = lock(&self.0);
        *leader = None;
        children()
            .running
            .retain(|killer| !Arc::ptr_eq(&killer.0, &self.0));
        child.wait()
    }
}

/// The children of this process.
#[derive(Debug)]
struct Children {
    /// The groups whose leader is not reaped yet.
    running: Vec<Killer>,
    /// Whether no program is started any more.
    is_ending: bool,
}

/// Children belong to the process, and so does this list.
static CHILDREN: Mutex<Children> = Mutex::new(Children {
    running: Vec::new(),
    is_ending: false,
});

fn children() -> MutexGuard<'static, Children> {
    lock(&CHILDREN)
}

/// Starts a child, unless every group was killed: a thread that sees its program killed would start the next one, and
/// nobody would kill that.
pub(super) fn start(command: &mut Command, group: Group) -> io::Result<(Child, Killer)> {
    let mut children = children();
    if children.is_ending {
        return Err(io::Error::new(
            io::ErrorKind::Interrupted,
            "the run has ended",
        ));
    }
    let child = without_limits(|| command.spawn())?;
    let killer = Killer(Arc::new(Mutex::new(pid(&child).map(|pid| (pid, group)))));
    children.running.push(killer.clone());
    Ok((child, killer))
}

/// Kills every group whose leader is not reaped yet, and lets no program start until [`allow_programs`]. For a run that
/// has ended while threads of it still work.
pub fn kill_every_group() {
    let groups = {
        let mut children = children();
        children.is_ending = true;
        children.running.clone()
    };
    for group in groups {
        group.kill();
    }
}

/// Lets programs start again: another run begins in this process.
pub fn allow_programs() {
    children().is_ending = false;
}

fn pid(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}

/// Returns how a child has ended, and leaves it to be reaped; `None` while it runs.
pub(super) fn ended(child: &Child) -> Option<Ended> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    let status = waitid(WaitId::Pid(pid(child)?), options).ok()??;
    let code = status.exit_status().map(Ended::Code);
    code.or_else(|| status.terminating_signal().map(Ended::Signal))
}

/// Returns a channel that receives when the child has ended. It is not reaped, so that its group can
/// still be killed.
pub(super) fn end_of(child: &Child) -> io::Result<Receiver<()>> {
    let leader = pid(child);
    let (ended, end) = sync_channel(1);
    thread::Builder::new().spawn(move || {
        let Some(leader) = leader else { return Ok(()) };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(leader), options), Err(Errno::INTR)) {}
        ended.send(())
    })?;
    Ok(end)
}
