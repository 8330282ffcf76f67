//! Runs in the background: a hook hands the work over, and a worker in a session of its own does it.
//!
//! `hand_over` is the hook's side: it inspects, keeps the intent, starts the worker and returns. `work` is the
//! worker's: one at a time for a repository and a branch (`store::Turn`), which carries out what waits (`carry`)
//! until nothing is left that it can do before its deadline.

mod away;
mod branch_at_hand;
mod carry;
mod claim;
mod due;
mod hand_over;
mod history;
mod job;
mod log;
mod message;
mod notice;
mod outbox_view;
mod retry;
mod serve;
mod status;
mod wait;
mod work;

pub use branch_at_hand::BranchAtHand;
pub use claim::{Claim, Inspect};
pub use hand_over::{Asked, End, HandedOver, hand_over};
pub use history::{Found, run, runs};
pub use job::Ending;
pub use log::LogFile;
pub use outbox_view::{OutboxView, flush_messages};
pub use status::{HandedOver as WaitingRun, PendingBranch, Status};
pub use wait::{AtWork, Until, wait_for_report, why_it_waits};
pub use work::{flush, not_given_up, work};
