//! `Receipts`: what to do once a run's data is printed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

type Receipt = Box<dyn FnOnce() + Send>;

/// What to do once a run's data is printed, such as confirming that results were delivered. Without
/// [`settle`](Self::settle) the next run delivers them again. Clones share it.
#[derive(Clone, Default)]
pub struct Receipts(Arc<Mutex<Vec<Receipt>>>);

impl Receipts {
    /// Adds an action.
    pub fn add(&self, receipt: impl FnOnce() + Send + 'static) {
        self.lock().push(Box::new(receipt));
    }

    /// Runs the actions: the data is printed.
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
