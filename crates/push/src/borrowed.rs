//! `Borrowed`: whether objects of other repositories are sent.

/// Whether objects are sent that lie elsewhere: in alternates, or behind symbolic links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Borrowed {
    /// They are, as by `git push`.
    #[default]
    Sent,
    /// A push that would have to send one fails: whoever can write the repository could name any object of any other
    /// repository that its owner can read.
    Held,
}
