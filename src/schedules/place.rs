//! Where schedules are: in the own store, or in the platform's table.

use std::sync::Arc;

use crate::clock::Clock;
use crate::session::Service;
use crate::store::{BUSY_TIMEOUT, PlatformTable, SetsDue, Store, StoreError};

use super::sync::sync;

/// Returns where events find the schedules that wait for them. Opens the own store; the platform's table is asked later.
pub fn waiting(service: &Service) -> Result<Arc<dyn SetsDue>, StoreError> {
    if let Some(table) = platform_table(service)? {
        return Ok(Arc::new(table));
    }
    let directory = service.environment().state_directory();
    let directory = directory.ok_or(StoreError::NoDirectory)?;
    let store = Store::open(&directory, &Clock::System, BUSY_TIMEOUT)?;
    Ok(Arc::new(store))
}

/// Does the same for a command that runs alone: what the policy says is taken in first. Nothing where there is no schedule
/// yet, so that nothing is made.
pub fn waiting_now(service: &Service) -> Result<Option<Arc<dyn SetsDue>>, StoreError> {
    if service.fires_elsewhere() {
        return waiting(service).map(Some);
    }
    let store = service.store();
    if service.policy().schedules().is_empty() && store.existing().is_none() {
        return Ok(None);
    }
    let directory = service.environment().state_directory();
    let directory = directory.ok_or(StoreError::NoDirectory)?;
    let store = Store::open(&directory, &Clock::System, BUSY_TIMEOUT)?;
    for conflict in sync(service, &store)? {
        tracing::warn!(advice = conflict.advice(), "{conflict}");
    }
    Ok(Some(Arc::new(store)))
}

/// Returns the platform's table, where the policy names it.
pub(super) fn platform_table(service: &Service) -> Result<Option<PlatformTable>, StoreError> {
    let policy = service.policy();
    let Some(url) = &policy.store().platform_schedules else {
        return Ok(None);
    };
    let place = url.to_string();
    let roots = service.roots(url.host().unwrap_or("localhost"));
    let roots = roots.map_err(|error| StoreError::DatabaseTls {
        place: place.clone(),
        said: error.to_string(),
        advice: error.advice(),
    })?;
    let may_be_plain = &policy.network().allow_http;
    PlatformTable::new(url.expose(), &place, may_be_plain, roots).map(Some)
}
