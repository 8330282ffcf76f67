//! Makes an object a delta: against each likely base in turn, the smallest wins.

use gix::ObjectId;
use gix::objs::{Find, Kind};

use super::bases::Round;
use super::effort::Effort;
use super::writer::{Base, Writer};
use super::{MAX_DELTA_SIZE, PackError, WEIGHED};
use crate::commands::DeltaBase;
use crate::delta;
use crate::objects::Selected;
use crate::store::{ObjectError, Stored};

/// Objects smaller than this are not worth a delta, in bytes.
const MIN_DELTA_SIZE: usize = 50;
/// Objects larger than this are not compared with others than those at their place, in bytes.
const SEARCHED: usize = 64 << 10;
/// A delta up to this size is good, in bytes.
const FINE: usize = 128;
/// A delta larger than this part of its object is reason to look elsewhere too.
const POOR: usize = 32;

impl Writer<'_, '_> {
    /// Makes a delta against the best base that is found; `None` when the whole object is better.
    pub(super) fn delta_for(
        &mut self,
        number: usize,
        object: Selected,
        stored: Option<&Stored>,
    ) -> Result<Option<(Base, Vec<u8>)>, PackError> {
        let worth = MIN_DELTA_SIZE as u64..=MAX_DELTA_SIZE as u64;
        if stored.is_some_and(|stored| !worth.contains(&stored.size)) {
            return Ok(None);
        }
        let mut best: Option<(Base, Vec<u8>)> = None;
        let mut target = None;
        for round in Round::ALL {
            let bases = self.bases_for(number, object, stored.is_some(), round);
            if bases.is_empty() {
                continue;
            }
            let content = if let Some(content) = target.take() {
                content
            } else {
                // While the object itself is being read on the other thread.
                if let (Some(_), Some(base)) = (&self.ahead, bases.first()) {
                    self.recall(*base)?;
                }
                self.read_as(number, object)?
            };
            if worth.contains(&(content.len() as u64)) {
                best = self.best_of(bases, &content, best)?;
            }
            let size = content.len();
            target = Some(content);
            // A file that was moved over another one is like something elsewhere.
            let poor = best
                .as_ref()
                .is_none_or(|(_, delta)| delta.len() > size / POOR);
            if self.plan.effort == Effort::Least || size > SEARCHED || !poor {
                break;
            }
        }
        if let Some(target) = target {
            self.recent.push(object.id, target);
        }
        Ok(best)
    }

    /// Makes deltas against all of `bases`; returns the smallest of them and `best`.
    fn best_of(
        &mut self,
        bases: Vec<Base>,
        target: &[u8],
        mut best: Option<(Base, Vec<u8>)>,
    ) -> Result<Option<(Base, Vec<u8>)>, PackError> {
        // What is small is weighed again when both forms are deflated.
        let limit = if target.len() <= WEIGHED {
            target.len()
        } else {
            (target.len() / 2).saturating_sub(20)
        };
        for base in bases {
            let max = match &best {
                None => limit,
                Some((of, delta)) => {
                    let room = delta.len() + self.name_of(*of);
                    room.saturating_sub(self.name_of(base) + 1)
                }
            };
            if let Some(delta) = self.encode(base, target, max)? {
                best = Some((base, delta));
            }
            // The nearest base is the best one but for changes that come and go.
            if self.plan.effort == Effort::Least {
                if self.patience < target.len() || !is_poor(best.as_ref(), target.len()) {
                    break;
                }
                self.patience -= target.len();
            }
        }
        Ok(best)
    }

    /// Returns about how many bytes it takes to name a base.
    pub(super) fn name_of(&self, base: Base) -> usize {
        match base {
            Base::Sent { .. } if self.options.delta_base == DeltaBase::Offset => 2,
            Base::Sent { id, .. } | Base::Known(id) => id.as_slice().len(),
        }
    }

    /// Makes a delta against one base.
    fn encode(
        &mut self,
        base: Base,
        target: &[u8],
        max: usize,
    ) -> Result<Option<Vec<u8>>, PackError> {
        self.recall(base)?;
        let content = self
            .recent
            .find(base.id())
            .filter(|content| content.len() <= MAX_DELTA_SIZE);
        Ok(content.and_then(|content| delta::encode(content, target, max)))
    }

    /// Sees to it that a base is among the recent objects, unless it is too large, or the server's alone.
    fn recall(&mut self, base: Base) -> Result<(), PackError> {
        let id = base.id();
        if self.recent.find(id).is_some() {
            return Ok(());
        }
        let size = self.reader.size(&id);
        let Some(size) = size.filter(|size| *size <= MAX_DELTA_SIZE as u64) else {
            return Ok(());
        };
        self.recent.make_room(size);
        match self.read_base(id) {
            Ok((_, content)) => self.recent.push(id, content),
            // A base that the server has need not be here, and need not be intact.
            Err(_) if matches!(base, Base::Known(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads an object that is to be sent, and compares it with its id and its kind.
    pub(super) fn read_as(
        &mut self,
        number: usize,
        object: Selected,
    ) -> Result<Vec<u8>, PackError> {
        if let Some(content) = self.ahead.as_ref().and_then(|ahead| ahead.take(number)) {
            return Ok(content);
        }
        let id = object.id;
        let (kind, content) = self.read_base(id)?;
        let data = gix::objs::Data::new(&content, kind, id.kind());
        if kind != object.kind || data.verify_checksum(&id).is_err() {
            return Err(ObjectError::Corrupt(id).into());
        }
        Ok(content)
    }

    /// Reads an object that is only compared with: were it not what its id says, the server would make
    /// something of the delta that has not the id it was promised, and refuse it.
    fn read_base(&mut self, id: ObjectId) -> Result<(Kind, Vec<u8>), PackError> {
        let mut content = self.recent.buffer();
        let data = self
            .reader
            .try_find(&id, &mut content)
            .map_err(|why| ObjectError::Read { id, why })?
            .ok_or(ObjectError::Missing(id))?;
        let kind = data.kind;
        Ok((kind, content))
    }
}

/// Says whether a delta of an object of `size` bytes saves so little that another base may do better.
fn is_poor(best: Option<&(Base, Vec<u8>)>, size: usize) -> bool {
    best.is_none_or(|(_, delta)| delta.len() > FINE.max(size / POOR))
}
