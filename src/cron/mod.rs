//! Times that repeat: cron expressions in a time zone.

mod expression;
mod zone;

pub use expression::{CronError, CronExpression};
pub use zone::{Zone, ZoneError};
