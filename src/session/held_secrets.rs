//! The secrets in the environment, which a process knows from its start.

use crate::environment::Environment;
use crate::secrets::KnownSecrets;

/// Makes the tokens of the environment known, what other programs have there as secrets, and the logins of its URLs and
/// proxies, whichever of them are used.
pub fn tell_secrets(environment: &Environment, known: &KnownSecrets) {
    environment.tokens().for_each(|token| known.add(&token));
    environment
        .secrets_by_name()
        .for_each(|secret| known.add(&secret));
    environment.proxies().for_each(|proxy| known.add_url(proxy));
    environment
        .urls_with_login()
        .for_each(|url| known.add_url(url));
}
