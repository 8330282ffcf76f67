//! Surfaces: what git and agents send to `sendoff hook`, and what they expect back. To add one: a `SurfaceDef` in a
//! file here, and a line in [`SURFACES`].

mod call;
mod claude_code;
mod codex;
mod copilot;
mod cursor;
mod executor;
mod gemini;
mod generic;
mod git;
mod goose;
mod installation;
mod opencode;
mod pi;

use std::ffi::OsStr;

use crate::policy::Trigger;

pub use self::call::{AgentPayload, Call, Gate};
pub use self::installation::{
    Base, Installation, JsonHook, JsonSyntax, OwnFile, OwnFiles, Places, Removal, Shape,
};

/// Every surface, in the order of the reference page.
pub const SURFACES: &[SurfaceDef] = &[
    git::POST_COMMIT,
    git::POST_REWRITE,
    git::POST_MERGE,
    git::POST_APPLYPATCH,
    claude_code::SURFACE,
    codex::HOOK,
    codex::NOTIFY,
    copilot::SURFACE,
    cursor::SURFACE,
    gemini::SURFACE,
    goose::SURFACE,
    opencode::SURFACE,
    pi::SURFACE,
    executor::SURFACE,
    generic::SURFACE,
];

/// One caller of `sendoff hook`.
#[derive(Debug, Clone, Copy)]
pub struct SurfaceDef {
    /// The name on the command line.
    pub name: &'static str,
    /// Who calls, and when, in one line.
    pub about: &'static str,
    /// Who asks, as reports and policies have it.
    pub trigger: Trigger,
    /// Which pipeline a call asks for.
    pub asks_for: AsksFor,
    /// What the caller says, and how.
    pub payload: Payload,
    /// Which repository a call is about.
    pub repository: WhichRepository,
    /// What the caller wants to read on standard output when there is nothing to say.
    pub neutral: &'static str,
    /// The variable that is set where the host ships by itself, so that a call there asks for nothing.
    pub left_to_host: Option<&'static str>,
    /// How the call gets where the caller looks for it.
    pub installation: Installation,
}

/// Which pipeline a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsksFor {
    /// This one.
    Pipeline(&'static str),
    /// What ends a task: `post-task`, or `on-failure` for one that failed.
    EndOfTask,
}

/// What the caller says, and how.
#[derive(Debug, Clone, Copy)]
pub enum Payload {
    /// Nothing that is needed.
    Ignored,
    /// A task document on standard input, or nothing.
    TaskDocument,
    /// A word as first argument, which may say that the call asks for nothing.
    Word(fn(Option<&OsStr>) -> Gate),
    /// The agent's own JSON object on standard input.
    Agent(ReadCall),
    /// The agent's own JSON object as last argument.
    AgentArgument(ReadCall),
}

/// Reads what an agent's payload says.
pub type ReadCall = fn(AgentPayload<'_>) -> Call;

/// Which repository a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichRepository {
    /// The one that git names to its hook by `GIT_DIR` and `GIT_WORK_TREE`, else that of the directory.
    NamedByGit,
    /// That of the directory.
    OfDirectory,
}

/// Defines an agent's surface: the end of a task in the directory that the payload names.
const fn agent(
    name: &'static str,
    about: &'static str,
    trigger: Trigger,
    payload: Payload,
    installation: Installation,
) -> SurfaceDef {
    SurfaceDef {
        name,
        about,
        trigger,
        asks_for: AsksFor::EndOfTask,
        payload,
        repository: WhichRepository::OfDirectory,
        neutral: "",
        left_to_host: None,
        installation,
    }
}

impl SurfaceDef {
    /// Any program that no other surface is for.
    pub const GENERIC: &'static Self = &generic::SURFACE;

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
            assert_eq!(SurfaceDef::find(surface.name).unwrap().name, surface.name);
        }
        assert!(SurfaceDef::find("manual").is_none());
    }
}
