//! A file of lines that other programs append to and one reader takes over: nothing is lost to a
//! crash, to a second reader, or to a writer that still holds the file.
//!
//! The reader renames the file into a private directory beside it (`FILE.claimed`), which also holds
//! the lock and how far each file was read. What was read is confirmed only when the caller has
//! handed it on; until then the next reader gets it again. A file that was read to its end stays for
//! a while: who had it open may still write to it.

mod claim;
mod error;
mod place;
mod taken;

pub use error::HandoverError;
pub use place::take;
pub use taken::{Line, Taken};
