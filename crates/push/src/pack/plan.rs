//! Where each object of a selection comes from. Made before the first byte is sent, so that a missing object
//! is an error and not a broken pack.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;
use gix::objs::Kind;

use super::PackError;
use super::effort::Effort;
use crate::by_id::IdMap;
use crate::objects::{Selected, Selection};
use crate::store::{Location, ObjectError, Reader, Store};

/// So many times the length of the file makes an object much larger.
const MUCH_LARGER: u64 = 2;

/// The sources of a pack.
pub(crate) struct Plan<'a> {
    /// Reads what is sent, and nothing that may not be.
    pub(super) reader: &'a Reader,
    pub(super) store: &'a Store,
    pub(super) effort: Effort,
    /// What is sent, in the order in which it is written as far as bases need not come first.
    pub(super) objects: Cow<'a, [Selected]>,
    /// Where each of them lies.
    pub(super) locations: Vec<Location>,
    /// Where among them an object stands.
    pub(super) numbers: IdMap<usize>,
}

impl<'a> Plan<'a> {
    /// Finds every object of `selection`.
    pub(crate) fn new(
        reader: &'a Reader,
        selection: &'a Selection,
        stop: &AtomicBool,
    ) -> Result<Self, PackError> {
        if u32::try_from(selection.objects.len()).is_err() {
            return Err(PackError::TooMany);
        }
        let store = reader.store();
        let effort = Effort::for_objects(selection.objects.len());
        let objects = match effort {
            Effort::Least => Cow::Borrowed(selection.objects.as_slice()),
            Effort::Most => Cow::Owned(largest_first(reader, &selection.objects)),
        };
        let mut numbers = IdMap::default();
        numbers.reserve(selection.objects.len());
        let ids = objects.iter().enumerate();
        numbers.extend(ids.map(|(number, object)| (object.id, number)));
        let absent = |id: ObjectId| {
            if store.loose().is_linked(&id) {
                ObjectError::Borrowed(id)
            } else {
                ObjectError::Missing(id)
            }
        };
        let all = locate_all(reader, &objects, absent, stop)?;
        let (reader, locations) = match reader.own() {
            None => (reader, all),
            Some(own) => (own, locate_all(own, &objects, ObjectError::Borrowed, stop)?),
        };
        Ok(Self {
            reader,
            store: reader.store(),
            effort,
            objects,
            locations,
            numbers,
        })
    }

    /// Returns the object after one, when it is an older version and so much larger that it makes the better
    /// base. Among versions of about one size the order of time makes smaller deltas.
    pub(super) fn larger_after(&self, number: usize) -> Option<usize> {
        let (one, next) = (self.objects.get(number)?, self.objects.get(number + 1)?);
        let (Location::Loose { length }, Location::Loose { length: after }) = (
            *self.locations.get(number)?,
            *self.locations.get(number + 1)?,
        ) else {
            return None;
        };
        let larger = is_alike(one, next) && after > MUCH_LARGER * length;
        larger.then_some(number + 1)
    }
}

/// Finds every object; `absent` says what it means that one is not found.
fn locate_all(
    reader: &Reader,
    objects: &[Selected],
    absent: impl Fn(ObjectId) -> ObjectError,
    stop: &AtomicBool,
) -> Result<Vec<Location>, PackError> {
    let store = reader.store();
    let mut locations = Vec::with_capacity(objects.len());
    let mut guess = None;
    for object in objects {
        if stop.load(Ordering::Relaxed) {
            return Err(PackError::Interrupted);
        }
        let found = store.locate(&object.id, guess)?;
        let location = found.ok_or_else(|| absent(object.id))?;
        guess = Some(location);
        locations.push(location);
    }
    Ok(locations)
}

/// Orders the objects of each path by their size, as git does: what was cut out costs a delta nothing, what
/// was added costs all of itself.
fn largest_first(reader: &Reader, objects: &[Selected]) -> Vec<Selected> {
    let mut sorted = objects.to_vec();
    for alike in sorted.chunk_by_mut(is_alike) {
        if alike.len() > 1 {
            alike.sort_by_cached_key(|object| Reverse(reader.size(&object.id)));
        }
    }
    sorted
}

/// Says whether both are versions of one file or directory.
fn is_alike(one: &Selected, next: &Selected) -> bool {
    one.kind == next.kind && one.kind != Kind::Commit && one.path == next.path
}
