//! The store, with the caps of the policy.

use std::time::Duration;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::policy::Policy;
use crate::store::{Caps, LazyStore};

use super::{Request, load};

const DAY: Duration = Duration::from_hours(24);

/// Returns the store of a state directory, with the caps of a policy. Opens nothing.
pub(super) fn kept_by(policy: &Policy, environment: &Environment) -> LazyStore {
    let settings = policy.store();
    let days = |days: usize| DAY * u32::try_from(days).unwrap_or(u32::MAX);
    LazyStore::below(environment.state_directory(), Clock::System).with_caps(Caps {
        runs: u32::try_from(settings.runs.get()).unwrap_or(u32::MAX),
        run_age: days(settings.run_days.get()),
        rows: settings.messages.get() as u64,
        bytes: settings.size.bytes(),
        age: days(settings.days.get()),
    })
}

/// Returns the store with the caps of the user's and the system's policy, or with the default ones where that cannot
/// be read.
pub fn store_of(environment: &Environment) -> LazyStore {
    match load::outside(&Request::default(), environment.clone()) {
        Ok((loaded, environment)) => kept_by(&loaded.policy, &environment),
        Err(_) => kept_by(&Policy::default(), environment),
    }
}
