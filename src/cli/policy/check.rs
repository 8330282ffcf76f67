//! `sendoff policy check`: says what a run would say.

use std::path::Path;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::session::{PolicyCheck, PolicyReview, Request, review};

use super::super::output::{eprint, print};
use super::super::render;

/// Prints what a check found.
pub(super) fn tell_check(review: &PolicyReview, file: Option<&Path>, json: bool) -> Exit {
    let exit = if review.problems.is_empty() {
        Exit::Done
    } else {
        Exit::Policy
    };
    if json {
        let check = PolicyCheck::of(review);
        // It is made of text and numbers, which always serialise.
        let text = serde_json::to_string_pretty(&check).unwrap_or_default();
        return print(&text).exit().worst(exit);
    }
    for problem in &review.problems {
        eprint(&render::policy_error_text(problem));
    }
    match (exit, file) {
        (Exit::Done, Some(file)) => print(&format!("{}: policy OK", file.display())).exit(),
        (Exit::Done, None) => print(&format!("policy OK: {}", review.layers.join(", "))).exit(),
        _ => {
            let (count, plural) = match review.problems.len() {
                1 => (1, ""),
                count => (count, "s"),
            };
            eprint(&format!("{count} mistake{plural}"));
            exit
        }
    }
}

/// Checks every layer that applies.
pub(super) fn check(request: &Request, environment: &Environment, json: bool) -> Exit {
    match review(request, environment) {
        Ok(review) => tell_check(&review, None, json),
        Err(error) => render::policy_error(&error),
    }
}
