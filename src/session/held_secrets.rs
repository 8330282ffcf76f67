//! The secrets in the environment, which a process knows from its start.

use crate::environment::Environment;
use crate::secrets::KnownSecrets;

/// Makes the tokens of the environment known, and the logins of its proxies, whichever of them are used.
pub fn tell_secrets(environment: &Environment, known: &KnownSecrets) {
    environment.tokens().for_each(|token| known.add(&token));
    environment.proxies().for_each(|proxy| known.add_url(proxy));
}
