//! Schedules: what runs when its time comes, or when an event asks for it.

mod ticker;

pub use ticker::{TICK_INTERVAL, Ticker, Waker};
