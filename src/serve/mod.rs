//! `sendoff serve`: accepts webhooks and runs schedules. One process, with one thread for all connections.
//!
//! `life` starts and ends it. `listener` takes connections, `hooks` a delivery, whose body `body` reads within bounds; what
//! matches is written by the ledger of `events`, and `dispatcher` sets the schedules due. `settings` is what the policy says,
//! read again at SIGHUP. `offline` compares a recorded delivery without a server.

mod body;
mod dispatcher;
mod health;
mod hook_response;
mod hooks;
mod listener;
mod metrics;
mod notify;
mod offline;
mod router;
mod server;
mod settings;
mod shared;
mod tick_monitor;

pub use offline::{FireMode, OfflineError, OfflineResult, OfflineRule};
pub use server::{ServeError, serve};
pub use settings::{Settings, SettingsError};
