//! Where the schedules are that rules fire.

use std::sync::Arc;

use crate::clock::Clock;
use crate::session::Service;
use crate::store::{BUSY_TIMEOUT, SetsDue, Store, StoreError};

/// Opens what has the schedules by the policy: the store of the state directory.
pub(super) fn schedules(service: &Service) -> Result<Arc<dyn SetsDue>, StoreError> {
    let directory = service.environment().state_directory();
    let directory = directory.ok_or(StoreError::NoDirectory)?;
    Ok(Arc::new(Store::open(
        &directory,
        &Clock::System,
        BUSY_TIMEOUT,
    )?))
}
