//! Finds mistakes in the server's address and in the rules' conditions, which parsing the policy does not find.

use crate::policy::{Policy, PolicyError};
use crate::template::{Condition, Part, unknown_names};

/// The advice for a condition that cannot be used.
const ADVICE: &str = "it is an expression over `payload`, the JSON of the delivery, such as `payload.issue.assignee is none`";

/// The most mistakes that are reported.
const MAX_MISTAKES: usize = 50;

/// Returns the mistakes in the server and the rules of a policy, with their places.
pub fn mistakes(policy: &Policy) -> Vec<PolicyError> {
    let mut found = Vec::from_iter(exposed(policy));
    for (at, rule) in policy.events().rule.iter().enumerate() {
        let Some(when) = &rule.when else { continue };
        if let Err(error) = Condition::new(when) {
            found.push(mistake(policy, at, &error.to_string()));
            continue;
        }
        let unknown = unknown_names(when, Part::Condition, &|path: &str| {
            let is_known = path == "payload" || path.starts_with("payload.");
            (!is_known).then(|| format!("there is no `{path}`"))
        });
        found.extend(unknown.iter().map(|what| mistake(policy, at, what)));
    }
    found.truncate(MAX_MISTAKES);
    found
}

/// Returns the mistake of a server that others can reach without TLS.
fn exposed(policy: &Policy) -> Option<PolicyError> {
    let serve = policy.serve();
    if serve.listen.is_loopback() || serve.behind_proxy {
        return None;
    }
    let message = format!(
        "`serve.listen` is {}, which others can reach, and `sendoff serve` speaks no TLS",
        serve.listen
    );
    Some(policy.error_at(
        "serve.listen",
        message,
        "listen on 127.0.0.1, or set `serve.behind-proxy = true` where a proxy with TLS is in front of it",
    ))
}

/// Makes the error about the condition of a rule. `at` counts from 0.
pub(super) fn mistake(policy: &Policy, at: usize, what: &str) -> PolicyError {
    let message = format!("`when` of rule {}: {what}", at + 1);
    policy.error_at(&format!("events.rule.{at}.when"), message, ADVICE)
}
