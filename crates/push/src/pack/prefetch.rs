//! Reads loose objects ahead of the writer, on a thread of its own: opened, inflated, compared with their ids.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::thread::JoinHandle;

use super::MAX_DELTA_SIZE;
use super::large::SMALL_FILE;
use crate::objects::Selected;
use crate::store::{Location, Loose, LooseWork};

/// So much is read ahead of the writer, in bytes, beside the object that is being read.
const MAX_BUFFERED: usize = 16 << 20;
/// Larger files are left to the writer, so that not too much is held, in bytes.
const MAX_PREFETCHED_FILE: u64 = 4 << 20;
/// Fewer files than this are not worth a thread, unless one of them is large.
const MIN_FILES: usize = 16;

/// What became of one object.
#[derive(Debug, Default)]
enum Slot {
    #[default]
    Untouched,
    /// The thread is at it.
    Reading,
    Ready(Vec<u8>),
    /// The writer has it, or has to read it by itself.
    Gone,
}

#[derive(Debug, Default)]
struct State {
    slots: Vec<Slot>,
    /// Bytes that wait.
    waiting: usize,
    /// The receiver is gone.
    ended: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, state: MutexGuard<'g, State>) -> MutexGuard<'g, State> {
        let woken = self.changed.wait(state);
        woken.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that reads ahead. It ends with this value.
#[derive(Debug)]
pub(super) struct Prefetch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Prefetch {
    /// Begins to read the loose ones of `objects`; `None` where there are too few, or no thread is to be had.
    pub(super) fn start(
        loose: &Loose,
        objects: &[Selected],
        locations: &[Location],
    ) -> Option<Self> {
        let all = objects.iter().copied().zip(locations.iter().copied());
        let wanted: Vec<(usize, Selected, u64)> = all
            .enumerate()
            .filter_map(|(number, (object, location))| match location {
                Location::Loose { length } if length <= MAX_PREFETCHED_FILE => {
                    Some((number, object, length))
                }
                Location::Loose { .. } | Location::Packed { .. } => None,
            })
            .collect();
        let any_large = wanted.iter().any(|(_, _, length)| *length > SMALL_FILE);
        if wanted.len() < MIN_FILES && !any_large {
            return None;
        }
        let (loose, mut work) = (loose.clone(), LooseWork::default());
        let read = move |object, length| read(&loose, &mut work, object, length);
        Self::by(read, objects.len(), wanted)
    }

    /// Begins to `read` those of `count` objects that are wanted. Where that panics, the rest is not read.
    pub(super) fn by(
        mut read: impl FnMut(Selected, u64) -> Option<Vec<u8>> + Send + 'static,
        count: usize,
        wanted: Vec<(usize, Selected, u64)>,
    ) -> Option<Self> {
        let mut slots = Vec::new();
        slots.resize_with(count, Slot::default);
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                slots,
                ..State::default()
            }),
            ..Shared::default()
        });
        let reader = Arc::clone(&shared);
        let work = move || read_all(&mut read, &wanted, &reader);
        let thread = thread::Builder::new().name("read ahead".into()).spawn(work);
        Some(Self {
            shared,
            thread: Some(thread.ok()?),
        })
    }

    /// Returns the content of an object that was read and is what its id says; waits where it is being read.
    ///
    /// None when it was not reached yet, or is damaged: the caller reads it by itself, and reports the error.
    pub(super) fn take(&self, number: usize) -> Option<Vec<u8>> {
        let mut state = self.shared.lock();
        while matches!(state.slots.get(number), Some(Slot::Reading)) {
            state = self.shared.wait(state);
        }
        let slot = state.slots.get_mut(number)?;
        let Slot::Ready(content) = std::mem::replace(slot, Slot::Gone) else {
            return None;
        };
        state.waiting -= content.len();
        self.shared.changed.notify_all();
        Some(content)
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // Had it panicked, the writer would have read by itself.
            drop(thread.join());
        }
    }
}

/// Wakes those who wait, however the thread ends.
struct ReleaseWaiters<'s>(&'s Shared);

impl Drop for ReleaseWaiters<'_> {
    fn drop(&mut self) {
        for slot in &mut self.0.lock().slots {
            if let Slot::Reading = slot {
                *slot = Slot::Gone;
            }
        }
        self.0.changed.notify_all();
    }
}

/// Reads one object after the other, as far ahead as may wait.
fn read_all(
    read: &mut dyn FnMut(Selected, u64) -> Option<Vec<u8>>,
    wanted: &[(usize, Selected, u64)],
    shared: &Shared,
) {
    let _release = ReleaseWaiters(shared);
    for (number, object, length) in wanted {
        let mut state = shared.lock();
        while state.waiting > MAX_BUFFERED && !state.ended {
            state = shared.wait(state);
        }
        if state.ended {
            return;
        }
        let Some(slot @ Slot::Untouched) = state.slots.get_mut(*number) else {
            continue;
        };
        *slot = Slot::Reading;
        drop(state);
        let content = read(*object, *length);
        let mut state = shared.lock();
        state.waiting += content.as_ref().map_or(0, Vec::len);
        if let Some(slot) = state.slots.get_mut(*number) {
            *slot = content.map_or(Slot::Gone, Slot::Ready);
        }
        shared.changed.notify_all();
    }
}

/// Reads one object; `None` where it is too large to be held, or not what its id and its kind say.
fn read(loose: &Loose, work: &mut LooseWork, object: Selected, length: u64) -> Option<Vec<u8>> {
    if length > SMALL_FILE && loose.size(&object.id)? > MAX_DELTA_SIZE as u64 {
        return None;
    }
    let mut content = Vec::new();
    let kind = loose.read(&object.id, work, &mut content).ok()?;
    let data = gix::objs::Data::new(&content, kind, object.id.kind());
    let is_right = kind == object.kind && data.verify_checksum(&object.id).is_ok();
    is_right.then_some(content)
}
