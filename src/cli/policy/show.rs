//! `sendoff policy show` and `sendoff policy path`: which value counts, and where it comes from.

use std::fmt::Write as _;
use std::path::Path;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::policy::{Places, Until};
use crate::session::{PolicyReview, Request, review};
use crate::steps::STEPS;

use super::super::output::{eprint, print};
use super::super::render;

/// Which keys are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// Those that a layer sets.
    Set,
    /// The others too, with their defaults.
    All,
}

/// Prints every value with its layer.
pub(super) fn show(request: &Request, keys: Keys, environment: &Environment) -> Exit {
    let review = match review(request, environment) {
        Ok(review) => review,
        Err(error) => return render::policy_error(&error),
    };
    // A step's body or URL may hold a token, and what is shown here is pasted into reports of bugs.
    let shown = |value: &str| request.known.hide(value).into_owned();
    let text = counting(&review, keys, &shown) + &not_counting(&review, &shown);
    let printed = print(&text).exit();
    for problem in &review.problems {
        eprint(&render::policy_error_text(problem));
    }
    if review.problems.is_empty() {
        printed
    } else {
        Exit::Policy
    }
}

/// Lists the values that count, with their layers.
fn counting(review: &PolicyReview, keys: Keys, shown: &dyn Fn(&str) -> String) -> String {
    let values = review.values.iter();
    let mut values: Vec<(String, String, String)> = values
        .map(|value| {
            (
                value.key.clone(),
                shown(&value.value),
                value.origin.to_string(),
            )
        })
        .collect();
    if keys == Keys::All {
        let mut defaults = crate::manual::schema::defaults(STEPS);
        defaults.retain(|(key, _)| values.iter().all(|(known, ..)| known != key));
        let defaults = defaults.into_iter();
        values.extend(defaults.map(|(key, value)| (key, value, "default".to_owned())));
    }
    let width = values
        .iter()
        .map(|(key, value, _)| key.len() + value.len() + 3)
        .max()
        .unwrap_or(0)
        .min(80);
    let mut text = String::new();
    for (key, value, origin) in &values {
        let setting = format!("{key} = {value}");
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{setting:width$}  # {origin}");
    }
    text
}

/// Lists, as comments, what layers set and what does not count.
fn not_counting(review: &PolicyReview, shown: &dyn Fn(&str) -> String) -> String {
    let mut text = String::new();
    for key in &review.left_out {
        let setting = format!("{} = {}", key.key, shown(&key.value));
        let until = match key.until {
            Until::Merged => "counts from the policy base on the remote only",
            Until::Trusted => "not trusted",
        };
        let _infallible = writeln!(text, "# {setting}  # {}: {until}", key.layer);
    }
    let unused = [
        (&review.locked, "locked by the system policy"),
        (&review.outdone, "a lower layer is stricter"),
    ];
    for (keys, why) in unused {
        for key in keys {
            let setting = format!("{} = {}", key.key, shown(&key.value));
            let _infallible = writeln!(text, "# {setting}  # {}: {why}", key.layer);
        }
    }
    text
}

/// Prints where the policy files are.
pub(super) fn paths(directory: Option<&Path>, environment: &Environment) -> Exit {
    let places = Places::usual(environment.config_directory().as_deref());
    let repository = crate::session::repository_policy(directory, environment).ok();
    let files = [
        ("system", places.system),
        ("user", places.user),
        ("repository", repository),
    ];
    let mut text = String::new();
    for (layer, path) in files {
        let Some(path) = path else { continue };
        let absent = if path.exists() { "" } else { "  (not there)" };
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{layer:<10}  {}{absent}", path.display());
    }
    print(&text).exit()
}
