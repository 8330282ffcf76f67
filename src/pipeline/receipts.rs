//! `Receipts`: actions that run once a run's data is printed.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::threads::lock;

type Receipt = Box<dyn FnOnce() + Send>;

/// Actions that run once a run's data is printed, such as marking results as delivered. Without
/// [`settle`](Self::settle) the next run delivers them again. Clones share them.
#[derive(Clone, Default)]
pub struct Receipts(Arc<Mutex<Vec<Receipt>>>);

impl Receipts {
    /// Adds an action.
    pub fn add(&self, receipt: impl FnOnce() + Send + 'static) {
        self.lock().push(Box::new(receipt));
    }

    /// Runs the actions. To be called when the data is printed.
    pub fn settle(&self) {
        let receipts = std::mem::take(&mut *self.lock());
        for receipt in receipts {
            receipt();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Receipt>> {
        lock(&self.0)
    }
}

impl fmt::Debug for Receipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipts({})", self.lock().len())
    }
}
