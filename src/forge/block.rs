//! The block of a pull request's body between two comments, which is kept current.

use crate::secrets::Outgoing;

/// The start of the line before the block.
pub(super) const BEGIN: &str = "<!-- sendoff:begin";
/// The start of the line after it.
pub(super) const END: &str = "<!-- sendoff:end";
/// The end of both lines.
pub(super) const CLOSE: &str = "-->";
/// What the first line says to a person who edits the body.
const HINT: &str = "kept current by sendoff: write above or below";
/// The word in the first line that says why the pull request is a draft.
const UNFINISHED: &str = "unfinished";

/// The content between the two comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The text.
    pub text: Outgoing,
    /// Whether the pull request is a draft because its commits are unfinished, and for nothing else.
    pub is_unfinished: bool,
}

/// The block of a body, as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBlock<'a> {
    /// There is none: the pull request was opened in another way, or both comments were removed.
    Missing,
    /// One of the comments is missing, doubled or out of order.
    Broken,
    /// There is one.
    Whole(WholeBlock<'a>),
}

/// A block that stands between its comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WholeBlock<'a> {
    /// The body before it.
    pub before: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Whether it says that the pull request is a draft because its commits are unfinished.
    pub is_unfinished: bool,
    /// The body after it.
    pub after: &'a str,
}

/// The result for the block of an open pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockState {
    /// It was current.
    Current,
    /// It was brought up to date.
    Updated,
    /// The body has none, and is left alone.
    Missing,
    /// Its comments are broken, and the body is left alone.
    Broken,
}

impl BlockState {
    /// Returns the state as reports write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Updated => "updated",
            Self::Missing => "missing",
            Self::Broken => "broken",
        }
    }
}

impl Block {
    /// Returns `body` with this text in its block, at most `limit` code points of it; or what there is to say of the block
    /// instead.
    pub fn replaced_in(
        &self,
        body: &str,
        limit: usize,
        fit: impl Fn(&str, usize) -> String,
    ) -> Result<String, BlockState> {
        let WholeBlock {
            before,
            text,
            is_unfinished,
            after,
        } = match find_block(body) {
            FoundBlock::Missing => return Err(BlockState::Missing),
            FoundBlock::Broken => return Err(BlockState::Broken),
            FoundBlock::Whole(block) => block,
        };
        let taken = [before, &self.around(), after].map(|part| part.chars().count());
        let room = limit.saturating_sub(taken.iter().sum());
        let new = fit(&self.clean(), room);
        let is_same = lines_of(text).eq(lines_of(&new)) && is_unfinished == self.is_unfinished;
        if is_same || room == 0 {
            return Err(BlockState::Current);
        }
        Ok(format!("{before}{}{after}", self.between(&new)))
    }

    /// Returns the text without anything that could be read as one of the comments.
    pub(super) fn clean(&self) -> String {
        let text = self.text.as_str().trim_end();
        text.replace("<!-- sendoff:", "<!-- ")
    }

    /// Returns the block with a text between its comments.
    pub(super) fn between(&self, text: &str) -> String {
        let reason = if self.is_unfinished {
            format!(" {UNFINISHED}")
        } else {
            String::new()
        };
        format!("{BEGIN}{reason} ({HINT}) {CLOSE}\n{text}\n{END} {CLOSE}")
    }

    /// Returns the comments alone.
    pub(super) fn around(&self) -> String {
        self.between("")
    }
}

/// Finds the block of a body. The comments are lines of their own; a forge's page writes their ends in its own way.
pub fn find_block(body: &str) -> FoundBlock<'_> {
    let (mut begins, mut ends) = (Vec::new(), Vec::new());
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let comment = line.trim();
        if comment.ends_with(CLOSE) {
            if comment.starts_with(BEGIN) {
                begins.push((at, line));
            } else if comment.starts_with(END) {
                ends.push((at, line));
            }
        }
        at += line.len();
    }
    match (begins.as_slice(), ends.as_slice()) {
        ([], []) => FoundBlock::Missing,
        ([(begin, first)], [(end, last)]) if begin < end => {
            let part = |from: usize, to: usize| body.get(from..to).unwrap_or_default();
            let last = last.trim_end_matches(['\r', '\n']);
            FoundBlock::Whole(WholeBlock {
                before: part(0, *begin),
                text: part(begin + first.len(), *end),
                is_unfinished: first.split_whitespace().nth(2) == Some(UNFINISHED),
                after: part(end + last.len(), body.len()),
            })
        }
        _ => FoundBlock::Broken,
    }
}

/// Returns the lines of a text without what a forge's page changes: the ends of lines, and the end of the text.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.trim_end()
        .lines()
        .map(|line| line.trim_end_matches('\r'))
}
