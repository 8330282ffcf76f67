//! Text helpers that templates and steps share: pure, linear in their text, never failing on odd
//! Unicode. They behave as their Python counterparts do, down to what counts as a space.

mod brief;
mod classify;
mod inert;
mod message;
mod python;
mod sanitize;

pub use brief::{BRIEF_LENGTH, brief};
pub use classify::classify;
pub use inert::inert;
pub use message::{MessageError, message_text};
pub use python::{read_as_text_file, strip};
pub use sanitize::sanitize;
