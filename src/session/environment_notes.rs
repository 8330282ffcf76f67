//! The notes of a report on variables: those that do not count, and tokens that cannot be any.

use crate::environment::Environment;
use crate::reason::{Code, Reason};

/// Returns the notes on the variables of an environment.
pub(super) fn notes(environment: &Environment) -> impl Iterator<Item = Reason> {
    let all = [
        unheard(environment),
        unreadable(environment),
        doubtful_tokens(environment),
    ];
    all.into_iter().flatten()
}

/// Notes which variables are set and do not count.
fn unheard(environment: &Environment) -> Option<Reason> {
    let names = environment.unheard();
    let sentence = format!(
        "{} in the environment does not count, by `environment.trust` of the system's policy",
        names.join(", ")
    );
    let reason = Reason::new(Code::EnvironmentIgnored, sentence)
        .advise("say it in the user's or the system's policy or git configuration");
    (!names.is_empty()).then_some(reason)
}

/// Notes which variables have a value that is not UTF-8.
fn unreadable(environment: &Environment) -> Option<Reason> {
    let names: Vec<&str> = environment.unreadable().collect();
    let sentence = format!(
        "{} in the environment is not UTF-8 text, and does not count",
        names.join(", ")
    );
    let reason =
        Reason::new(Code::EnvironmentIgnored, sentence).advise("set it to text, or unset it");
    (!names.is_empty()).then_some(reason)
}

/// Notes which variables for tokens hold what no token has.
fn doubtful_tokens(environment: &Environment) -> Option<Reason> {
    let names: Vec<&str> = environment.doubtful_tokens().collect();
    let sentence = format!(
        "{} in the environment holds a blank, a quotation mark or a character beyond ASCII, which no token has",
        names.join(", ")
    );
    let reason = Reason::new(Code::DoubtfulToken, sentence)
        .advise("set it to the token alone, without what stands before or behind it");
    (!names.is_empty()).then_some(reason)
}
