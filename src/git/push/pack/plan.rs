//! Where each object of a selection comes from. Made before the first byte is sent, so that a missing object
//! is an error and not a broken pack.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use gix::ObjectId;
use gix::hashtable::HashMap;

use super::PackError;
use crate::git::push::objects::Selection;
use crate::git::push::store::Place;
use crate::git::push::store::Store;

/// The sources of a pack.
pub(super) struct Plan<'a> {
    pub(super) store: &'a Store,
    /// One for each object of the selection, in its order.
    pub(super) places: Vec<Place>,
    /// Where in the selection an object stands.
    pub(super) numbers: HashMap<ObjectId, usize>,
}

impl<'a> Plan<'a> {
    /// Finds every object of `selection`.
    pub(super) fn new(
        store: &'a Store,
        selection: &Selection,
        stop: &AtomicBool,
    ) -> Result<Self, PackError> {
        if u32::try_from(selection.objects.len()).is_err() {
            return Err(PackError::TooMany);
        }
        let mut places = Vec::with_capacity(selection.objects.len());
        let mut numbers = HashMap::default();
        numbers.reserve(selection.objects.len());
        let mut guess = None;
        for (number, object) in selection.objects.iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                return Err(PackError::Interrupted);
            }
            let place = store
                .locate(&object.id, guess)?
                .ok_or(PackError::Missing(object.id))?;
            guess = Some(place);
            places.push(place);
            numbers.insert(object.id, number);
        }
        Ok(Self {
            store,
            places,
            numbers,
        })
    }
}
