//! Schedules: what runs when its time comes, or when an event asks for it.
//!
//! The store keeps what there is (`store::ScheduleStore`). The ticker claims what is due and carries it out; commands
//! change what there is, and lists show it. What a policy says is taken into the store first.

mod carry;
mod definition;
mod edit;
mod facts;
mod import;
mod now;
mod outcome;
mod place;
mod program;
mod prompt;
mod sync;
mod tick;
mod ticker;
mod view;
mod wait;

pub use definition::DefinitionError;
pub use edit::{EditError, add, remove, switch};
pub use import::{ImportError, Imported, import};
pub use now::{Fired, fire_now};
pub use place::{waiting, waiting_now};
pub use sync::{Conflict, sync};
pub use tick::{Taker, Ticked, tick};
pub use ticker::{TICK_INTERVAL, Ticker, Waker};
pub use view::{FiringLine, ScheduleView, firings, of_platform, one, schedules};
