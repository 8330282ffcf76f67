//! `Receipts`: what is to be done when a run's data has reached its reader.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

type Receipt = Box<dyn FnOnce() + Send>;

/// What is to be done when a run's data has reached its reader, such as to let go of a file whose
/// content was handed on. What is not settled is dropped, and the next run hands it on again.
///
/// Clones share it.
#[derive(Clone, Default)]
pub struct Receipts(Arc<Mutex<Vec<Receipt>>>);

impl Receipts {
    /// Adds something to do.
    pub fn add(&self, receipt: impl FnOnce() + Send + 'static) {
        self.lock().push(Box::new(receipt));
    }

    /// Does it all: the data is with its reader.
    pub fn settle(&self) {
        let receipts = std::mem::take(&mut *self.lock());
        for receipt in receipts {
            receipt();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Receipt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Receipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipts({})", self.lock().len())
    }
}
