//! A file of lines that other programs append to and one reader claims. No line is lost to a crash, to
//! a second reader, or to a writer that still has the file open.
//!
//! The reader renames the file into a private directory beside it (`FILE.claimed`), which also holds
//! the lock and the offset up to which each file was read. The caller confirms what was read once it
//! has delivered it; until then the next reader gets it again. A file that was read to its end is kept
//! for a while, because a writer that has it open may still append to it.

mod claim;
mod claimed_file;
mod claimed_lines;
mod error;
mod ownership;

pub use claim::claim;
pub use claimed_lines::{ClaimedLines, Line};
pub use error::HandoverError;
