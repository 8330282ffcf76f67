//! Limits of this process, which the programs that it starts do not inherit.

use std::sync::{Mutex, MutexGuard};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::threads::lock;

/// What a worker may allocate, in bytes. No hostile input of the tests takes more than 128 MiB; the largest honest one, a
/// first push of millions of objects, takes some hundred bytes an object.
const WORKER_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Below this limit, in bytes, optional work is not started. A thread's allocator reserves 64 MiB of addresses.
const AMPLE_BYTES: u64 = 1024 * 1024 * 1024;

/// Says whether the memory limit of this process is so low that optional work is not started.
pub fn is_memory_scarce() -> bool {
    let limits = [Resource::As, Resource::Data].map(getrlimit);
    let mut limits = limits.iter().filter_map(|limit| limit.current);
    limits.any(|bytes| bytes < AMPLE_BYTES)
}

/// A limit of this process, and what it was before.
#[derive(Debug, Clone, Copy)]
struct Lowered {
    resource: Resource,
    ours: Rlimit,
    former: Rlimit,
}

/// The lowered limits; global, because limits belong to the process.
static LOWERED: Mutex<Vec<Lowered>> = Mutex::new(Vec::new());

fn lowered() -> MutexGuard<'static, Vec<Lowered>> {
    lock(&LOWERED)
}

/// Lets a worker allocate at most 2 GiB, or what its caller allows where that is less: a flaw that lets a repository or a
/// server fill the memory ends one worker, and not what else runs on the machine. What it had to do is in the store.
///
/// The limit is `RLIMIT_DATA`. `RLIMIT_AS` would count packs, which are mapped and may be larger than the memory.
pub fn limit_memory() {
    lower(Resource::Data, WORKER_BYTES);
}

/// Lowers a limit of this process, and of no program that it starts.
pub(super) fn lower(resource: Resource, most: u64) {
    let former = getrlimit(resource);
    if former.current.is_some_and(|current| current <= most) {
        return;
    }
    let ours = Rlimit {
        current: Some(most),
        maximum: former.maximum,
    };
    // A system that knows no such limit goes without one.
    if setrlimit(resource, ours).is_ok() {
        lowered().push(Lowered {
            resource,
            ours,
            former,
        });
    }
}

/// Runs `start`, which starts a program, under the limits that this process had before they were lowered: a hook or a
/// helper of the user gets what it would get from git.
pub(super) fn without_limits<T>(start: impl FnOnce() -> T) -> T {
    let lowered = lowered();
    for limit in lowered.iter() {
        let _lifted = setrlimit(limit.resource, limit.former);
    }
    let started = start();
    for limit in lowered.iter() {
        let _back = setrlimit(limit.resource, limit.ours);
    }
    started
}
