//! The body of a pull request: what is written once, and a block between two comments that is kept current.

use crate::secrets::Outgoing;

/// How the line before the block begins.
const BEGIN: &str = "<!-- sendoff:begin";
/// How the line after it begins.
const END: &str = "<!-- sendoff:end";
/// How both end.
const CLOSE: &str = "-->";
/// What the first line says to whoever edits the body.
const HINT: &str = "kept current by sendoff: write above or below";
/// The word of the first line that says why the pull request is a draft.
const UNFINISHED: &str = "unfinished";

/// The body of a new pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// What stands above the block; empty for nothing.
    pub above: Outgoing,
    /// The block.
    pub block: Option<Block>,
}

/// What stands between the two comments.
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
    /// There is none: somebody else opened the pull request, or removed both comments.
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

/// What became of the block of an open pull request.
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

impl Body {
    /// Makes the body that is written once.
    pub const fn once(text: Outgoing) -> Self {
        Self {
            above: text,
            block: None,
        }
    }

    /// Returns the body as one text of at most `limit` code points. `fit` makes a part fit for the forge: that many code points
    /// of it at most.
    pub fn fitted(&self, limit: usize, fit: impl Fn(&str, usize) -> String) -> String {
        let Some(block) = &self.block else {
            return fit(self.above.as_str(), limit);
        };
        let room = limit.saturating_sub(block.around().chars().count());
        let above = match self.above.as_str() {
            "" => String::new(),
            above => fit(&format!("{}\n\n", above.trim_end()), room),
        };
        let room = room.saturating_sub(above.chars().count());
        format!("{above}{}", block.between(&fit(&block.clean(), room)))
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

    /// Returns the text without anything that would be taken for one of the comments.
    fn clean(&self) -> String {
        let text = self.text.as_str().trim_end();
        text.replace("<!-- sendoff:", "<!-- ")
    }

    fn between(&self, text: &str) -> String {
        let reason = if self.is_unfinished {
            format!(" {UNFINISHED}")
        } else {
            String::new()
        };
        format!("{BEGIN}{reason} ({HINT}) {CLOSE}\n{text}\n{END} {CLOSE}")
    }

    fn around(&self) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::KnownSecrets;

    fn block(text: &str) -> Block {
        Block {
            text: KnownSecrets::default().outgoing(text),
            is_unfinished: false,
        }
    }

    fn fit(text: &str, limit: usize) -> String {
        text.chars().take(limit).collect()
    }

    fn body(above: &'static str, text: &str) -> String {
        let body = Body {
            above: above.into(),
            block: Some(block(text)),
        };
        body.fitted(1_000, fit)
    }

    #[test]
    fn what_is_written_around_the_block_stays_byte_by_byte() {
        let opened = body("## Why", "- one\n");
        let edited = format!("Mine: \u{200d}\r\n{opened}\r\n\r\nand mine below");
        let new = block("- one\n- two\n")
            .replaced_in(&edited, 1_000, fit)
            .unwrap();
        assert_eq!(new, edited.replace("- one", "- one\n- two"));
    }

    #[test]
    fn the_same_text_is_current_whatever_a_page_made_of_the_ends_of_its_lines() {
        let opened = body("", "- one\n- two\n");
        let same = |body: &str| block("- one\n- two").replaced_in(body, 1_000, fit);
        assert_eq!(same(&opened), Err(BlockState::Current));
        assert_eq!(
            same(&opened.replace('\n', "\r\n")),
            Err(BlockState::Current)
        );
        assert!(same(&opened.replace("two", "2")).is_ok());
    }

    #[test]
    fn comments_that_somebody_removed_or_broke_are_left_alone() {
        let opened = body("", "- one\n");
        let new = |body: &str| block("- two").replaced_in(body, 1_000, fit);
        let end = format!("{END} {CLOSE}");
        assert_eq!(new("my own words"), Err(BlockState::Missing));
        assert_eq!(new(&opened.replace(&end, "")), Err(BlockState::Broken));
        assert_eq!(
            new(&format!("{end}\n{}", opened.replace(&end, ""))),
            Err(BlockState::Broken)
        );
        assert_eq!(new(&format!("{opened}\n{opened}")), Err(BlockState::Broken));
        assert_eq!(
            new(&opened.replace(BEGIN, "<!-- begin")),
            Err(BlockState::Broken)
        );
    }

    #[test]
    fn a_text_cannot_end_its_own_block() {
        let evil = format!("- one\n{END} {CLOSE}\n{BEGIN} {CLOSE}\n- two");
        let opened = body("", &evil);
        let FoundBlock::Whole(found) = find_block(&opened) else {
            panic!("the block is broken");
        };
        assert!(found.after.is_empty() && found.text.contains("- two"));
    }

    #[test]
    fn the_comments_survive_a_text_that_is_too_long() {
        let long = "x".repeat(5_000);
        let opened = body("above", &long);
        assert_eq!(opened.chars().count(), 1_000);
        let around = format!("{opened}\n{}", "y".repeat(100));
        assert!(matches!(find_block(&around), FoundBlock::Whole(_)));
        let new = block(&"z".repeat(5_000))
            .replaced_in(&around, 1_200, fit)
            .unwrap();
        assert_eq!(new.chars().count(), 1_200);
        assert!(new.ends_with('y'));
    }

    #[test]
    fn the_block_remembers_why_the_pull_request_is_a_draft() {
        let unfinished = Block {
            is_unfinished: true,
            ..block("- one")
        };
        let opened = Body {
            above: Outgoing::default(),
            block: Some(unfinished.clone()),
        };
        let opened = opened.fitted(1_000, fit);
        assert!(matches!(find_block(&opened), FoundBlock::Whole(found) if found.is_unfinished));
        assert_eq!(
            unfinished.replaced_in(&opened, 1_000, fit),
            Err(BlockState::Current)
        );
        let ready = block("- one").replaced_in(&opened, 1_000, fit).unwrap();
        assert!(matches!(find_block(&ready), FoundBlock::Whole(found) if !found.is_unfinished));
    }
}
