//! Opens the place where schedules are: the own store, or the platform's table.

use std::sync::Arc;

use crate::clock::Clock;
use crate::session::Service;
use crate::store::{BUSY_TIMEOUT, PlatformTable, SetsDue, Store, StoreError};

use super::sync::sync;

/// Opens the schedules that events can set due. The own store is opened at once, the platform's table at the first request.
pub fn open_schedules(service: &Service) -> Result<Arc<dyn SetsDue>, StoreError> {
    if let Some(table) = platform_table(service)? {
        return Ok(Arc::new(table));
    }
    Ok(Arc::new(own_store(service)?))
}

/// Opens the schedules for a single command, with the policy's schedules copied into the store first. Returns `None` where
/// there is no schedule, so that no store is created.
pub fn open_synced_schedules(service: &Service) -> Result<Option<Arc<dyn SetsDue>>, StoreError> {
    if service.fires_elsewhere() {
        return open_schedules(service).map(Some);
    }
    let store = service.store();
    if service.policy().schedules().is_empty() && store.existing().is_none() {
        return Ok(None);
    }
    let store = own_store(service)?;
    for conflict in sync(service, &store)? {
        tracing::warn!(advice = conflict.advice(), "{conflict}");
    }
    Ok(Some(Arc::new(store)))
}

/// Opens the own store, and creates it where there is none.
fn own_store(service: &Service) -> Result<Store, StoreError> {
    let directory = service.environment().state_directory();
    let directory = directory.ok_or(StoreError::NoDirectory)?;
    Store::open(&directory, &Clock::System, BUSY_TIMEOUT)
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
