//! What a connection over HTTP leaves for the next request to the same remote: its connections that are still open.

use std::sync::{Arc, Mutex};

use tokio::runtime::Runtime;
use url::Url;

use crate::net::{Client, ConnectorSettings};
use crate::threads::lock;

/// A place for the client of one connection, with its runtime, which the connections need. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct KeptClient(Arc<Mutex<Option<Kept>>>);

/// A client that a push no longer uses.
#[derive(Debug)]
pub(super) struct Kept {
    /// The repository's URL that it was made for.
    pub(super) base: Url,
    pub(super) client: Client,
    pub(super) settings: ConnectorSettings,
    /// Taken when it is used or dropped.
    pub(super) runtime: Option<Runtime>,
}

impl KeptClient {
    /// Keeps a client, in the place of the one before.
    pub(super) fn put(&self, kept: Kept) {
        let before = lock(&self.0).replace(kept);
        drop(before);
    }

    /// Takes the client, where one was made for this URL.
    pub(super) fn take(&self, base: &Url) -> Option<Kept> {
        let mut place = lock(&self.0);
        place.take_if(|kept| kept.base == *base)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // It may be dropped where nothing may wait.
            runtime.shutdown_background();
        }
    }
}
