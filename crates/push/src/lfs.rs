//! Pointers of git-lfs among the objects about to leave: without their files they are a broken checkout.
//!
//! Their form is in `docs/spec.md` of git-lfs.

use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;
use gix::objs::Kind;

use crate::error::PushError;
use crate::objects::Selection;
use crate::store::Reader;

/// The longest pointer that git-lfs writes or reads, in bytes.
const MAX_POINTER_SIZE: u64 = 1024;
/// How every pointer begins, now and before git-lfs had its name.
const VERSIONS: &[&[u8]] = &[
    b"version https://git-lfs.github.com/spec/v1\n",
    b"version https://hawser.github.com/spec/v1\n",
];

/// Refuses a push that holds pointers. To be asked only when no `pre-push` hook ran: git-lfs uploads
/// its files there, and any hook is trusted to have done so.
pub(super) fn check(
    reader: &Reader,
    selection: &Selection,
    stop: &AtomicBool,
) -> Result<(), PushError> {
    let files = selection.objects.iter();
    for file in files.filter(|object| object.kind == Kind::Blob) {
        if stop.load(Ordering::Relaxed) {
            return Err(PushError::Stopped);
        }
        if is_pointer(reader, file.id) {
            return Err(PushError::Lfs { file: file.id });
        }
    }
    Ok(())
}

/// Says whether a file is a pointer. What cannot be read is told by who packs it.
fn is_pointer(reader: &Reader, id: ObjectId) -> bool {
    reader
        .find_small(&id, MAX_POINTER_SIZE)
        .is_some_and(|text| {
            let begins = VERSIONS.iter().any(|version| text.starts_with(version));
            begins && text.windows(12).any(|part| part == b"\noid sha256:")
        })
}
