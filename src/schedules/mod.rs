//! Schedules: work that runs at a time, or when an event sets it due.
//!
//! Schedules are in the store (`store::ScheduleStore`). The ticker claims the firings that are due and executes them.
//! Commands change and list schedules. Those of a policy are copied into the store first.

mod definition;
mod edit;
mod execute;
mod facts;
mod import;
mod now;
mod open;
mod program;
mod prompt;
mod sync;
mod tick;
mod ticker;
mod view;
mod wait;
mod work_outcome;

pub use definition::DefinitionError;
pub use edit::{EditError, add, remove, switch};
pub use import::{ImportError, Imported, import};
pub use now::{Fired, fire_now};
pub use open::{open_schedules, open_synced_schedules};
pub use sync::{Conflict, sync};
pub use tick::{Claimant, Ticked, tick};
pub use ticker::{TICK_INTERVAL, Ticker, Waker};
pub use view::{FiringLine, ScheduleView, firings, of_platform, one, schedules};
