//! `sendoff serve`: webhooks in, schedules, work out. One process, one thread for all connections.
//!
//! `life` starts and ends it. `listener` takes connections, `hooks` a delivery, whose body `body` reads within bounds; what
//! matches is written by the ledger of `events`, and `carrier` sets the schedules due. `settings` is what the policy says,
//! read again at SIGHUP. `offline` compares a recorded delivery without a server.

mod answer;
mod body;
mod carrier;
mod health;
mod hooks;
mod life;
mod listener;
mod metrics;
mod notify;
mod offline;
mod pulse;
mod router;
mod settings;
mod shared;

pub use life::{ServeError, serve};
pub use offline::{Firing, Offline, OfflineError, OfflineRule};
pub use settings::{Settings, SettingsError};
