//! Keeps an open pull request current: the block of its body, and that it is ready when its commits are.

use crate::forge::{Block, BlockState, Forge, FoundBlock, PullRequest, Readiness, find_block};
use crate::pipeline::{Context, Shipment, recounted};

use super::draft::Stage;
use super::{BlockUse, PrCreate};

/// The changes to an open pull request.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The result for its block; `None` where no block is kept.
    pub(super) block: Option<BlockState>,
    /// Whether it was a draft and is ready now.
    pub(super) is_ready_now: bool,
}

impl PrCreate {
    /// Brings an open pull request up to date. A refusal of the forge becomes a warning: the branch is pushed, and
    /// the next run tries again.
    pub(super) async fn keep_current(
        &self,
        cx: &Context<'_>,
        forge: &dyn Forge,
        shipment: &Shipment,
        pull: &mut PullRequest,
    ) -> Kept {
        let mut kept = Kept::default();
        let FoundBlock::Whole(found) = find_block(&pull.body) else {
            if self.block == BlockUse::Current {
                kept.block = Some(state_of(&find_block(&pull.body)));
            }
            return kept;
        };
        let mut is_unfinished = found.is_unfinished;
        let recounted = recounted(cx, shipment, &pull.base);
        let cx = &Context {
            facts: recounted.as_ref().unwrap_or(cx.facts),
            ..*cx
        };
        let stage = Stage::of(&cx.view(), shipment, self.draft);
        if is_unfinished && stage == Stage::Finished && pull.readiness == Readiness::Draft {
            match forge.mark_ready(pull).await {
                Ok(()) => (kept.is_ready_now, is_unfinished) = (true, false),
                Err(error) => pull.warnings.push(format!(
                    "it stays a draft although no commit says that it is unfinished: {}",
                    error.reason.message
                )),
            }
        }
        if self.block == BlockUse::None && !kept.is_ready_now {
            return kept;
        }
        let failed = match self.text(cx, "body", &self.body).await {
            Ok(text) => {
                let block = Block {
                    text,
                    is_unfinished,
                };
                match forge.keep_block(pull, &block).await {
                    Ok(state) => {
                        kept.block = Some(state);
                        return kept;
                    }
                    Err(error) => error.reason.message,
                }
            }
            Err(error) => error.reason.message,
        };
        let warning = format!("its body could not be brought up to date: {failed}");
        pull.warnings.push(warning);
        kept
    }
}

/// Returns the state of a block that is left alone.
const fn state_of(found: &FoundBlock<'_>) -> BlockState {
    match found {
        FoundBlock::Missing => BlockState::Missing,
        FoundBlock::Broken => BlockState::Broken,
        FoundBlock::Whole(_) => BlockState::Current,
    }
}
