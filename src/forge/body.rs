//! The body of a new pull request: what is written once, and the block.

use crate::secrets::Outgoing;

use super::block::Block;

/// The body of a new pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// What stands above the block; empty for nothing.
    pub above: Outgoing,
    /// The block.
    pub block: Option<Block>,
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

#[cfg(test)]
mod tests {
    use super::super::block::{BEGIN, BlockState, CLOSE, END, FoundBlock, find_block};
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
