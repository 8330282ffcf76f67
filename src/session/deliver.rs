//! Delivers the messages in the outbox, without a run.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::git::credentials::Answers;
use crate::git::program_inheritance;
use crate::pipeline::Outbox;
use crate::secrets::KnownSecrets;
use crate::store::LazyStore;

use super::held_secrets::tell_secrets;
use super::runtime::runtime;
use super::{Request, connect, load, platform_client};

/// How long to wait for threads that are still running after the last delivery.
const LAST_CALL: Duration = Duration::from_millis(15);

/// Delivers the messages that are due for the platform that environment and policy name. A message that does not
/// arrive stays in the outbox. With a policy that cannot be used nothing is sent.
pub fn deliver_waiting(store: &LazyStore, environment: &Environment, known: &KnownSecrets) {
    tell_secrets(environment, known);
    if store.existing().is_none() {
        return;
    }
    let Ok((loaded, environment)) = load::outside(&Request::default(), environment.clone()) else {
        return;
    };
    let network = connect::network(
        &environment,
        &program_inheritance(&environment),
        &loaded.policy,
        known,
        None,
        &Answers::default(),
        None,
    );
    let network = Arc::new(network);
    let Ok(platform) = platform_client::platform(&environment, &loaded.policy, known, network)
    else {
        return;
    };
    let delivered = runtime().map(|runtime| {
        let clock = Clock::System;
        let outbox = Outbox::new(store, &clock, known)
            .each_within(loaded.policy.limits().deadline.duration());
        let delivered = runtime.block_on(outbox.flush(&platform));
        // A resolver that hangs must not hold the process.
        runtime.shutdown_timeout(LAST_CALL);
        delivered
    });
    match delivered {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the outbox cannot be delivered"),
        Err(error) => tracing::debug!(%error, "nothing can be sent"),
    }
}
