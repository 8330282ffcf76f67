//! How the form in which an object is stored in a pack can be sent.

use gix::ObjectId;

use super::writer::{Base, State, Writer};
use super::{PackError, Thin};
use crate::store::{ObjectError, Place, Stored};

/// The longest chain that a copied delta may end, as git's aggressive packing makes them.
const MAX_COPIED_DEPTH: u16 = 250;

/// How a stored delta can be used.
pub(super) enum Reuse {
    /// As it is, with this base.
    Now(Stored, Base),
    /// After this object.
    After(usize),
    /// As a whole object.
    Whole(Stored),
    /// Not at all: its base is not there for the server.
    No,
}

impl Writer<'_, '_> {
    /// Says how the stored form of an object can be used.
    pub(super) fn reuse_of(&self, id: ObjectId, place: Place) -> Result<Reuse, PackError> {
        let Place::Packed { pack, offset } = place else {
            return Ok(Reuse::No);
        };
        let store = self.plan.store;
        let stored = store.entry(pack, offset).ok_or(ObjectError::Corrupt(id))?;
        if stored.header.is_base() {
            return Ok(Reuse::Whole(stored));
        }
        let base = store
            .base_of(pack, offset, &stored)
            .ok_or(ObjectError::Corrupt(id))?;
        if let Some(number) = self.plan.numbers.get(&base).copied() {
            return Ok(match self.states.get(number) {
                Some(State::Written { offset, depth }) if *depth < MAX_COPIED_DEPTH => {
                    let (offset, depth) = (*offset, *depth);
                    Reuse::Now(
                        stored,
                        Base::Sent {
                            offset,
                            id: base,
                            depth,
                        },
                    )
                }
                Some(State::Waiting) => Reuse::After(number),
                // Two packs can store two objects as deltas of each other.
                _ => Reuse::No,
            });
        }
        if self.options.thin == Thin::Allowed && self.selection.known.contains(&base) {
            return Ok(Reuse::Now(stored, Base::Known(base)));
        }
        Ok(Reuse::No)
    }
}
