//! Any other program that is done with something.

use crate::policy::Trigger;

use super::{AsksFor, Installation, Payload, SurfaceDef, WhichRepository};

pub(super) const SURFACE: SurfaceDef = SurfaceDef {
    name: "generic",
    about: "Any other program at the end of its work, with a task document on standard input, or nothing.",
    trigger: Trigger::Generic,
    asks_for: AsksFor::EndOfTask,
    payload: Payload::TaskDocument,
    repository: WhichRepository::OfDirectory,
    neutral: "",
    left_to_host: None,
    installation: Installation::ByCaller,
};
