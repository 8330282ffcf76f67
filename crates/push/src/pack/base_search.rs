//! What an object is compared with: the likeliest bases of a delta first.

use gix::objs::Kind;

use super::Thin;
use super::base::{Base, EntryState};
use super::effort::Effort;
use super::plan::Plan;
use super::window::Window;
use crate::objects::{RemoteObjects, Selected};
use crate::store::Location;

/// The longest chain of deltas that we make, as git's default.
const MAX_DEPTH: u16 = 50;

/// With so many objects before it one is compared at most, as git's default.
const WINDOW: usize = 10;

/// Where bases are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// At the same path.
    SamePath,
    /// At another path of the same name.
    SameName,
    /// Where the server has something that was removed.
    Removed,
    /// Among what was written last, whatever it is.
    Window,
}

impl Source {
    /// Every source, the likeliest first.
    pub(super) const ALL: [Self; 4] = [Self::SamePath, Self::SameName, Self::Removed, Self::Window];
}

/// What bases are searched in.
#[derive(Clone, Copy)]
pub(super) struct BaseSearch<'s> {
    pub(super) plan: &'s Plan<'s>,
    /// Of the plan's objects.
    pub(super) states: &'s [EntryState],
    pub(super) remote: &'s RemoteObjects,
    pub(super) thin: Thin,
}

impl BaseSearch<'_> {
    /// Returns the objects of a source to compare with. `whole` says that the object is stored whole in a pack.
    pub(super) fn bases(
        self,
        number: usize,
        object: Selected,
        whole: bool,
        source: Source,
        window: &Window,
    ) -> Vec<Base> {
        let thin = self.thin == Thin::Allowed;
        let external = thin && object.kind != Kind::Commit;
        match source {
            Source::SamePath => {
                let mut bases = self.written_near(number, object, whole, |before| {
                    before.name == object.name && before.path == object.path
                });
                if external {
                    bases.extend(self.remote.at_path(object.path).map(Base::External));
                }
                bases
            }
            Source::SameName => {
                let mut bases = self.written_near(number, object, whole, |before| {
                    before.name == object.name && before.path != object.path
                });
                if external {
                    bases.extend(self.remote.at_name(object.name).map(Base::External));
                }
                bases
            }
            Source::Removed if thin && self.plan.effort == Effort::Most => {
                let removed = self.remote.removed(object.kind).take(WINDOW);
                removed.map(Base::External).collect()
            }
            Source::Window if self.plan.effort == Effort::Most => {
                self.written_near(number, object, whole, |before| {
                    before.name != object.name && window.find(before.id).is_some()
                })
            }
            Source::Removed | Source::Window => Vec::new(),
        }
    }

    /// Returns those of the objects around one that are written, and can be bases as far as `fits` says: those
    /// before it, the nearest first, and the one after it.
    fn written_near(
        self,
        number: usize,
        object: Selected,
        whole: bool,
        fits: impl Fn(&Selected) -> bool,
    ) -> Vec<Base> {
        let before = number.saturating_sub(WINDOW)..number;
        let near = before.rev().chain(std::iter::once(number + 1));
        let written = near.filter_map(|other| {
            let before = self.plan.objects.get(other)?;
            let EntryState::Written { offset, depth } = *self.states.get(other)? else {
                return None;
            };
            let tried = whole && self.share_pack(number, other);
            let usable = before.kind == object.kind && !tried && fits(before);
            usable.then_some((offset, before.id, depth))
        });
        // Where the chain is full another begins. To depend on ever more distant objects costs more.
        let open = written.take_while(|(_, _, depth)| *depth < MAX_DEPTH);
        let bases = open.map(|(offset, id, depth)| Base::InPack { offset, id, depth });
        bases.collect()
    }

    /// Says whether both lie in one pack: whoever packed them has tried that delta.
    fn share_pack(self, one: usize, other: usize) -> bool {
        let locations = &self.plan.locations;
        match (locations.get(one), locations.get(other)) {
            (
                Some(Location::Packed { pack: one, .. }),
                Some(Location::Packed { pack: other, .. }),
            ) => one == other,
            _ => false,
        }
    }
}
