//! Surfaces: what git and agents send to `sendoff hook`, and what they expect back. To add one: a `SurfaceDef` in a
//! file here, and a line in [`SURFACES`].

mod executor;
mod generic;
mod git;

use crate::policy::Trigger;

/// Every surface, in the order of the reference page.
pub const SURFACES: &[SurfaceDef] = &[
    git::POST_COMMIT,
    git::POST_REWRITE,
    git::POST_MERGE,
    git::POST_APPLYPATCH,
    executor::SURFACE,
    generic::SURFACE,
];

/// One caller of `sendoff hook`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SurfaceDef {
    /// The name on the command line.
    pub name: &'static str,
    /// Who calls, and when, in one line.
    pub about: &'static str,
    /// Who asks, as reports and policies have it.
    pub trigger: Trigger,
    /// Which pipeline a call asks for.
    pub asks_for: AsksFor,
    /// What stands on standard input.
    pub payload: Payload,
    /// Which repository a call is about.
    pub repository: WhichRepository,
    /// What the caller wants to read on standard output when there is nothing to say.
    pub neutral: &'static str,
}

/// Which pipeline a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsksFor {
    /// This one.
    Pipeline(&'static str),
    /// What ends a task: `post-task`, or `on-failure` for one that failed.
    EndOfTask,
}

/// What stands on standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// Nothing that is needed.
    Ignored,
    /// A task document, or nothing.
    TaskDocument,
}

/// Which repository a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichRepository {
    /// The one that git names to its hook by `GIT_DIR` and `GIT_WORK_TREE`, else that of the directory.
    NamedByGit,
    /// That of the directory.
    OfDirectory,
}

impl SurfaceDef {
    /// Returns the surface with a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        SURFACES.iter().find(|surface| surface.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_surface_is_named_like_its_trigger() {
        for surface in SURFACES {
            assert_eq!(surface.name, surface.trigger.as_str());
            assert_eq!(SurfaceDef::find(surface.name), Some(surface));
        }
        assert_eq!(SurfaceDef::find("manual"), None);
    }
}
