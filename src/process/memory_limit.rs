//! A limit on the memory of a process that nobody watches, which the programs that it starts do not inherit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a worker may allocate, in bytes. No hostile input of the tests takes more than 128 MiB; the largest honest one, a
/// first push of millions of objects, takes some hundred bytes an object.
const WORKER_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Below this much, in bytes, memory is for what has to be done. A thread reserves 64 MiB of addresses for what it allocates.
const AMPLE_BYTES: u64 = 1024 * 1024 * 1024;

/// Says whether the caller left this process so little memory that what is only useful is not begun.
pub fn is_memory_scarce() -> bool {
    let limits = [Resource::As, Resource::Data].map(getrlimit);
    let mut limits = limits.iter().filter_map(|limit| limit.current);
    limits.any(|bytes| bytes < AMPLE_BYTES)
}

/// What this process may allocate, and what it might before.
#[derive(Debug, Clone, Copy)]
struct Limits {
    ours: Rlimit,
    former: Rlimit,
}

/// A limit belongs to the process, and so does this. `None` where there is no limit of ours.
static LIMITS: Mutex<Option<Limits>> = Mutex::new(None);

fn limits() -> MutexGuard<'static, Option<Limits>> {
    LIMITS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets a worker allocate at most 2 GiB, or what its caller allows where that is less: a flaw that lets a repository or a
/// server fill the memory ends one worker, and not what else runs on the machine. What it had to do is in the store.
///
/// The limit is `RLIMIT_DATA`. `RLIMIT_AS` would count packs, which are mapped and may be larger than the memory.
pub fn limit_memory() {
    let former = getrlimit(Resource::Data);
    if former.current.is_some_and(|bytes| bytes <= WORKER_BYTES) {
        return;
    }
    let ours = Rlimit {
        current: Some(WORKER_BYTES),
        maximum: former.maximum,
    };
    // A system that knows no such limit goes without one.
    if setrlimit(Resource::Data, ours).is_ok() {
        *limits() = Some(Limits { ours, former });
    }
}

/// Runs `start`, which starts a program, under the limit that this process had before [`limit_memory`]: a hook or a helper
/// of the user gets from a worker what it would get from git.
pub(super) fn without_limit<T>(start: impl FnOnce() -> T) -> T {
    let limits = limits();
    let Some(Limits { ours, former }) = *limits else {
        return start();
    };
    let _lifted = setrlimit(Resource::Data, former);
    let started = start();
    let _back = setrlimit(Resource::Data, ours);
    started
}
