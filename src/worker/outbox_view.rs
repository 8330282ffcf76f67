//! `OutboxView`: the messages that wait or were given up, for the commands.

use std::sync::Arc;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::secrets::KnownSecrets;
use crate::session::{deliver_waiting, store_of};
use crate::store::{Delivery, DeliveryState, Store, StoreError};

use super::status::open;

/// The messages of a state directory.
#[derive(Debug)]
pub struct OutboxView {
    store: Option<Store>,
}

impl OutboxView {
    /// Opens the store, where there is one.
    pub fn open(environment: &Environment) -> Result<Self, StoreError> {
        Ok(Self {
            store: open(environment)?,
        })
    }

    /// Returns the messages that wait and those that were given up, in their order.
    pub fn list(&self) -> Result<Vec<Delivery>, StoreError> {
        self.store
            .as_ref()
            .map_or(Ok(Vec::new()), Store::deliveries)
    }

    /// Returns one of them.
    pub fn one(&self, id: i64) -> Result<Option<Delivery>, StoreError> {
        let found = self.store.as_ref().map(|store| store.delivery(id));
        let found = found.transpose()?.flatten();
        Ok(found.filter(|delivery| delivery.state != DeliveryState::Delivered))
    }

    /// Returns the first of these ids that no message has.
    pub fn missing(&self, ids: &[i64]) -> Result<Option<i64>, StoreError> {
        for id in ids {
            if self.one(*id)?.is_none() {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    }

    /// Forgets messages; all of them when none is named. Returns how many.
    pub fn drop(&self, ids: &[i64]) -> Result<usize, StoreError> {
        self.store
            .as_ref()
            .map_or(Ok(0), |store| store.drop_deliveries(ids))
    }
}

/// Sends now what waits, or the messages that are named. Returns 0 when nothing waits any more, 75 when
/// something does, 1 when something was given up.
pub fn flush_messages(
    environment: &Environment,
    known: &KnownSecrets,
    ids: &[i64],
) -> Result<Exit, Arc<StoreError>> {
    let lazy = store_of(environment);
    let Some(store) = lazy.try_existing()? else {
        return Ok(Exit::Done);
    };
    store.revive_deliveries(ids)?;
    deliver_waiting(&lazy, environment, known);
    let counts = store.counts()?;
    Ok(if counts.dead > 0 {
        Exit::Failed
    } else if counts.waiting > 0 {
        Exit::Queued
    } else {
        Exit::Done
    })
}
