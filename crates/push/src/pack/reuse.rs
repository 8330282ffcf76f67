//! How the form in which an object is stored in a pack can be sent.

use gix::ObjectId;

use super::base::{Base, EntryState};
use super::plan::Plan;
use super::{PackError, Thin};
use crate::objects::RemoteObjects;
use crate::store::{Location, ObjectError, Stored};

/// The longest chain that a copied delta may end, as git's aggressive packing makes them.
const MAX_COPIED_DEPTH: u16 = 250;

/// How the stored form of an object can be used.
pub(super) enum Reuse {
    /// As a delta, with this base.
    Delta(Stored, Base),
    /// As a delta, after this object.
    After(usize),
    /// As a whole object.
    Whole(Stored),
    /// Not at all: its base is not there for the server.
    No,
}

/// Says how the stored form of an object can be used. `states` are those of the plan's objects.
pub(super) fn reuse_of(
    plan: &Plan<'_>,
    states: &[EntryState],
    remote: &RemoteObjects,
    thin: Thin,
    (id, location): (ObjectId, Location),
) -> Result<Reuse, PackError> {
    let Location::Packed { pack, offset } = location else {
        return Ok(Reuse::No);
    };
    let packs = plan.store.packs();
    let stored = packs.entry(pack, offset).ok_or(ObjectError::Corrupt(id))?;
    if stored.header.is_base() {
        return Ok(Reuse::Whole(stored));
    }
    let base = packs
        .base_of(pack, offset, &stored)
        .ok_or(ObjectError::Corrupt(id))?;
    let Some(number) = plan.numbers.get(&base).copied() else {
        let is_remote = thin == Thin::Allowed && remote.contains(&base);
        return Ok(if is_remote {
            Reuse::Delta(stored, Base::External(base))
        } else {
            Reuse::No
        });
    };
    Ok(match states.get(number) {
        Some(EntryState::Written { offset, depth }) if *depth < MAX_COPIED_DEPTH => {
            let (offset, depth, id) = (*offset, *depth, base);
            Reuse::Delta(stored, Base::InPack { offset, id, depth })
        }
        Some(EntryState::Waiting) => Reuse::After(number),
        // Two packs can store two objects as deltas of each other.
        _ => Reuse::No,
    })
}
