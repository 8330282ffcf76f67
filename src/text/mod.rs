//! Text helpers that templates and steps share: pure functions, linear in the length of the text, for
//! any Unicode. They behave like their Python counterparts, down to what counts as white space.

mod brief;
mod classify;
mod inert;
mod json;
mod message;
mod python;
mod sanitize;

pub use brief::{BRIEF_LENGTH, brief, ellipsize};
pub use classify::classify;
pub use inert::inert;
pub use json::{BYTE_ORDER_MARK, repaired_json};
pub use message::{MessageError, message_text};
pub use python::{read_as_text_file, strip};
pub use sanitize::sanitize;
