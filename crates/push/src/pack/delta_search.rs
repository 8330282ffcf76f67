//! Makes an object a delta: against each likely base in turn, the smallest wins.

use super::base::Base;
use super::base_search::{BaseSearch, Source};
use super::contents::Contents;
use super::effort::Effort;
use super::{MAX_DELTA_SIZE, PackError, SMALL_OBJECT};
use crate::commands::DeltaBase;
use crate::delta;
use crate::objects::Selected;
use crate::store::Stored;

/// Objects smaller than this are not worth a delta, in bytes.
const MIN_DELTA_SIZE: usize = 50;
/// Objects larger than this are compared with others at their path only, in bytes.
const MAX_SEARCHED_SIZE: usize = 64 << 10;
/// A delta up to this size is good, in bytes.
const GOOD_DELTA: usize = 128;
/// A delta larger than this part of its object is reason to look elsewhere too.
const POOR_PART: usize = 32;
/// In a pack of many objects so much is compared with more than one base, in bytes.
const SEARCH_BUDGET: usize = 32 << 20;

/// Looks for deltas.
pub(super) struct DeltaSearch {
    delta_base: DeltaBase,
    /// How many bytes of objects may yet be compared with a second base and more.
    budget: usize,
}

impl DeltaSearch {
    /// Begins. `delta_base` says how a base in the pack is named.
    pub(super) const fn new(delta_base: DeltaBase) -> Self {
        Self {
            delta_base,
            budget: SEARCH_BUDGET,
        }
    }

    /// Makes a delta against the best base that is found; `None` when the whole object is better.
    pub(super) fn find(
        &mut self,
        number: usize,
        object: Selected,
        stored: Option<&Stored>,
        search: BaseSearch<'_>,
        contents: &mut Contents<'_>,
    ) -> Result<Option<(Base, Vec<u8>)>, PackError> {
        let worth = MIN_DELTA_SIZE as u64..=MAX_DELTA_SIZE as u64;
        if stored.is_some_and(|stored| !worth.contains(&stored.size)) {
            return Ok(None);
        }
        let effort = search.plan.effort;
        let mut best: Option<(Base, Vec<u8>)> = None;
        let mut target = None;
        for source in Source::ALL {
            let whole = stored.is_some();
            let bases = search.bases(number, object, whole, source, &contents.window);
            if bases.is_empty() {
                continue;
            }
            let content = if let Some(content) = target.take() {
                content
            } else {
                // While the object itself is being read on the other thread.
                if let (Some(_), Some(base)) = (&contents.prefetch, bases.first()) {
                    contents.keep_base(*base)?;
                }
                contents.read(number, object)?
            };
            if worth.contains(&(content.len() as u64)) {
                best = self.best_of(bases, &content, best, effort, contents)?;
            }
            let size = content.len();
            target = Some(content);
            // A file that was moved over another one is like something elsewhere.
            let poor = best
                .as_ref()
                .is_none_or(|(_, delta)| delta.len() > size / POOR_PART);
            if effort == Effort::Least || size > MAX_SEARCHED_SIZE || !poor {
                break;
            }
        }
        if let Some(target) = target {
            contents.window.push(object.id, target);
        }
        Ok(best)
    }

    /// Makes deltas against all of `bases`; returns the smallest of them and `best`.
    fn best_of(
        &mut self,
        bases: Vec<Base>,
        target: &[u8],
        mut best: Option<(Base, Vec<u8>)>,
        effort: Effort,
        contents: &mut Contents<'_>,
    ) -> Result<Option<(Base, Vec<u8>)>, PackError> {
        // What is small is compared again when both forms are deflated.
        let limit = if target.len() <= SMALL_OBJECT {
            target.len()
        } else {
            (target.len() / 2).saturating_sub(20)
        };
        for base in bases {
            let max = match &best {
                None => limit,
                Some((of, delta)) => {
                    let room = delta.len() + name_length(*of, self.delta_base);
                    room.saturating_sub(name_length(base, self.delta_base) + 1)
                }
            };
            if let Some(delta) = encode(base, target, max, contents)? {
                best = Some((base, delta));
            }
            // The nearest base is the best one but for changes that come and go.
            if effort == Effort::Least {
                if self.budget < target.len() || !is_poor(best.as_ref(), target.len()) {
                    break;
                }
                self.budget -= target.len();
            }
        }
        Ok(best)
    }
}

/// Makes a delta against one base.
fn encode(
    base: Base,
    target: &[u8],
    max: usize,
    contents: &mut Contents<'_>,
) -> Result<Option<Vec<u8>>, PackError> {
    contents.keep_base(base)?;
    let content = contents.window.find(base.id());
    let content = content.filter(|content| content.len() <= MAX_DELTA_SIZE);
    Ok(content.and_then(|content| delta::encode(content, target, max)))
}

/// Returns about how many bytes it takes to name a base.
pub(super) fn name_length(base: Base, delta_base: DeltaBase) -> usize {
    match base {
        Base::InPack { .. } if delta_base == DeltaBase::Offset => 2,
        Base::InPack { id, .. } | Base::External(id) => id.as_slice().len(),
    }
}

/// Says whether a delta of an object of `size` bytes saves so little that another base may do better.
fn is_poor(best: Option<&(Base, Vec<u8>)>, size: usize) -> bool {
    best.is_none_or(|(_, delta)| delta.len() > GOOD_DELTA.max(size / POOR_PART))
}
