//! What an object is compared with: the likeliest bases of a delta first.

use gix::objs::Kind;

use super::Thin;
use super::effort::Effort;
use super::writer::{Base, State, Writer};
use crate::objects::Selected;
use crate::store::Place;

/// The longest chain of deltas that we make, as git's default.
const MAX_DEPTH: u16 = 50;

/// With so many objects before it one is compared at most, as git's default.
const WINDOW: usize = 10;

/// Where bases are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// At the same place.
    Here,
    /// Elsewhere under the same name.
    Named,
    /// Where the server has something that is gone now.
    Gone,
    /// Among what was written last, whatever it is.
    Strangers,
}

impl Round {
    /// Every round, the likeliest first.
    pub(super) const ALL: [Self; 4] = [Self::Here, Self::Named, Self::Gone, Self::Strangers];
}

impl Writer<'_, '_> {
    /// Returns the objects to compare with in a round. `whole` says that the object is stored whole in a pack.
    pub(super) fn bases_for(
        &self,
        number: usize,
        object: Selected,
        whole: bool,
        round: Round,
    ) -> Vec<Base> {
        let thin = self.options.thin == Thin::Allowed;
        let lean = thin && object.kind != Kind::Commit;
        let known = &self.selection.known;
        match round {
            Round::Here => {
                let mut bases = self.written_near(number, object, whole, |before| {
                    before.name == object.name && before.place == object.place
                });
                if lean {
                    bases.extend(known.at_place(object.place).map(Base::Known));
                }
                bases
            }
            Round::Named => {
                let mut bases = self.written_near(number, object, whole, |before| {
                    before.name == object.name && before.place != object.place
                });
                if lean {
                    bases.extend(known.at_name(object.name).map(Base::Known));
                }
                bases
            }
            Round::Gone if thin && self.plan.effort == Effort::Most => {
                let gone = known.gone(object.kind).take(WINDOW);
                gone.map(Base::Known).collect()
            }
            Round::Strangers if self.plan.effort == Effort::Most => {
                self.written_near(number, object, whole, |before| {
                    before.name != object.name && self.recent.find(before.id).is_some()
                })
            }
            Round::Gone | Round::Strangers => Vec::new(),
        }
    }

    /// Returns those of the objects around one that are written, and can be bases as far as `fits` says: those
    /// before it, the nearest first, and the one after it.
    fn written_near(
        &self,
        number: usize,
        object: Selected,
        whole: bool,
        fits: impl Fn(&Selected) -> bool,
    ) -> Vec<Base> {
        let before = number.saturating_sub(WINDOW)..number;
        let near = before.rev().chain(std::iter::once(number + 1));
        let written = near.filter_map(|other| {
            let before = self.plan.objects.get(other)?;
            let State::Written { offset, depth } = *self.states.get(other)? else {
                return None;
            };
            let tried = whole && self.share_pack(number, other);
            let usable = before.kind == object.kind && !tried && fits(before);
            usable.then_some((offset, before.id, depth))
        });
        // Where the chain is full another begins. To hang on to ever more distant links costs more.
        let open = written.take_while(|(_, _, depth)| *depth < MAX_DEPTH);
        let bases = open.map(|(offset, id, depth)| Base::Sent { offset, id, depth });
        bases.collect()
    }

    /// Says whether both lie in one pack: whoever packed them has tried that delta.
    fn share_pack(&self, one: usize, other: usize) -> bool {
        match (self.plan.places.get(one), self.plan.places.get(other)) {
            (Some(Place::Packed { pack: one, .. }), Some(Place::Packed { pack: other, .. })) => {
                one == other
            }
            _ => false,
        }
    }
}
