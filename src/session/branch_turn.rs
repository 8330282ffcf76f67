//! The lock of a branch: one process at a time ships it.

use std::time::{Duration, Instant};

use crate::pipeline::{Hold, Pipeline};
use crate::reason::Code;
use crate::store::{Slot, Turn, TurnAt};

use super::guards::Inspection;
use super::{BranchTurn, Session};

/// The interval at which a lock that another process holds is tried.
const TURN_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Whether a run waited for the lock, so that its earlier inspection can be stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    Yes,
    No,
}

impl Session {
    /// Takes the turn at the branch when there is something to ship. Where another process had it first, the branch
    /// is inspected again; where that process does not end in time, the branch is left for a later run.
    pub(super) async fn take_turn(
        &self,
        pipeline: &Pipeline,
        inspection: Inspection,
        turn: &mut Option<Turn>,
    ) -> (Inspection, Waited) {
        let (Ok(shipment), Some(repo)) = (&inspection.shipment, self.repo()) else {
            return (inspection, Waited::No);
        };
        if self.branch_turn == BranchTurn::Held || !pipeline.ships() {
            return (inspection, Waited::No);
        }
        let slot = Slot {
            repository: repo.common_dir().to_owned(),
            branch: shipment.branch.to_string(),
        };
        let until = Instant::now() + self.watch.deadline.remaining() / 2;
        let mut waited = Waited::No;
        loop {
            match Turn::take(self.store.directory(), TurnAt::Slot(&slot)) {
                Ok(taken @ Some(_)) => {
                    *turn = taken;
                    let inspection = match waited {
                        Waited::No => inspection,
                        Waited::Yes => self.inspect(),
                    };
                    return (inspection, waited);
                }
                Ok(None) if Instant::now() < until => {
                    if waited == Waited::No {
                        tracing::debug!("another process ships this branch");
                    }
                    waited = Waited::Yes;
                    tokio::time::sleep(TURN_CHECK_INTERVAL).await;
                }
                Ok(None) => {
                    let hold = Hold::new(Code::Busy, "another sendoff is shipping this branch");
                    let held = Inspection {
                        shipment: Err(hold),
                        ..inspection
                    };
                    return (held, Waited::Yes);
                }
                Err(error) => {
                    // The remote's own lock keeps two pushes apart.
                    tracing::debug!(%error, "the lock of the branch cannot be taken");
                    return (inspection, Waited::No);
                }
            }
        }
    }
}
